"""Manifests are read as the API server reads them, and whatever can't be read is one clear line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.errors import ManifestError
from kfm_checks.manifest_fast import _Unsure, exact_documents, fast_document
from kfm_checks.manifest_scalars import ScalarError
from kfm_checks.manifests import load_manifests, parse_manifests, parse_rendered
from kfm_checks.model import Source

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

#: What sigs.k8s.io/yaml 1.6.0 (go.yaml.in/yaml/v2 2.4.2) gave for ``a: …``, recorded by running it, then read as JSON
#: is by Kubernetes: 64-bit integers, else floats.
RESOLVED: dict[str, Any] = {
    **dict.fromkeys(["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE", "!!bool yes"], True),
    **dict.fromkeys(["n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"], False),
    **dict.fromkeys(["~", "null", "Null", "NULL", "", "!!null ''"], None),
    **{text: text for text in ("tRue", "nULL", "=", "1.2.3", "12:30:45", "1:2", "2024-01-01", "2024-01-01T00:00:00Z")},
    **{text: text for text in ("100m", "1Gi", "1e", "e3", "0x", "0o8", "0xg", "_1", "._5", ".", "..", "+", "inf")},
    **{text: text for text in ("1e400", "0x1p4", "0d10", "NaN", "0x1ffffffffffffffffff")},
    "0644": 420, "0o644": 420, "0O644": 420, "-0644": -420, "+0644": 420, "0_7": 7, "007": 7,
    "0900": 900, "08": 8, "09.5": 9.5, "0x1F": 31, "0X1f": 31, "-0x1F": -31, "0b11": 3, "-0b11": -3, "0b-11": -3,
    "1_000": 1000, "1_": 1, "1_0.5": 10.5, ".71_3": 0.713, "+12": 12, "-0": 0,
    "1.0": 1, "1.": 1, "-1.0": -1, "1e3": 1000, "1E+3": 1000, "1e-3": 0.001, ".5": 0.5, "+.5": 0.5, "1e20": 1e20,
    "9223372036854775807": 2**63 - 1, "-9223372036854775808": -(2**63),
    "9223372036854775808": 2.0**63, "-9223372036854775809": -(2.0**63), "18446744073709551616": 2.0**64,
    "'yes'": "yes", '"0644"': "0644", "!!str 1": "1", "!!int '12'": 12, "!!float 1": 1, "!!binary aGVsbG8=": "hello",
    "!vault x": "x", "! 1": "1",
}  # fmt: skip
#: The same for keys.
KEYS = {
    "1": "1", "0644": "420", "yes": "true", "1.5": "1.5", "1e3": "1000", "1e-3": "0.001", "1e20": "1e+20",
    "123456789.5": "1.2345679e+08", "3e46": ".inf", "6e-88": "0", "2001-01-01": "2001-01-01", ".inf": ".inf",
}  # fmt: skip


def only(text: str) -> dict[str, Any]:
    """The one object of a text."""
    (found,) = parse_manifests(text)
    return dict(found)


@pytest.mark.parametrize("text", RESOLVED)
def test_scalars_are_read_as_kubernetes_reads_them(text: str) -> None:
    """Booleans of YAML 1.1, octals, underscores, ranges: the value and its type."""
    found = only(f"{OBJECT}a: {text}\n")["a"]
    assert (found, type(found)) == (RESOLVED[text], type(RESOLVED[text]))


@pytest.mark.parametrize("text", KEYS)
def test_keys_become_text_as_in_sigs_yaml(text: str) -> None:
    """A key that is no text is written as sigs.k8s.io/yaml writes it."""
    assert list(only(f"{OBJECT}? {text}\n: x\n")) == ["apiVersion", "kind", "metadata", KEYS[text]]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (f"{OBJECT}a: 1\na: 2\n", 5, "duplicate key 'a', first on line 4"),
        (f"{OBJECT}1: a\n'1': b\n", 5, "duplicate key"),
        (f"{OBJECT}a: .inf\n", 4, "infinite"),
        (f"{OBJECT}? [a]\n: b\n", 4, "key is no scalar"),
        (f"{OBJECT}~: b\n", 4, "key is null"),
        (f"{OBJECT}a: !!int x\n", 4, "no int"),
        (f"{OBJECT}a: !!binary '*'\n", 4, "base64"),
        (f"{OBJECT}a: *b\n", 4, "unknown anchor"),
        (f"{OBJECT}a: &b [*b]\n", 4, "contains itself"),
        (f"{OBJECT}a: [\n", 5, "not valid YAML"),
        (f"{OBJECT}\ta: b\n", 4, "not valid YAML"),
        (f"{OBJECT}x: 1\n<<: {{x: 2}}\n", 5, "<< below"),
        (f"{OBJECT}<<: 1\n", 4, "merges what is no mapping"),
        ("- a\n", 1, "is a list"),
        ("hello\n", 1, "single value"),
        ("a: b\n", 1, "no apiVersion"),
        ("apiVersion: v1\n", 1, "no kind"),
        ("apiVersion: v1\nkind:\n", 1, "no kind"),
        ("apiVersion: 1\nkind: A\n", 1, "apiVersion is no text"),
        ("%YAML 1.2\n---\n" + OBJECT, 1, "%YAML"),
        ("a\0b", 1, "binary"),
        ("\x01", None, "not YAML"),
        ('{"apiVersion": "v1", "kind": "A", "kind": "B"}', 1, "duplicate key 'kind'"),
        ("apiVersion: v1\nkind: List\nitems: [1]\n", 3, "single value"),
    ],
)
def test_bad_text_is_one_line_with_its_place(text: str, line: int | None, words: str) -> None:
    """The error names file, line and cause, ends in a remedy, and is one line."""
    with pytest.raises(ManifestError) as caught:
        parse_manifests(text, file="x.yaml")
    error = caught.value
    assert words in error.message
    assert error.line == line
    assert error.file == "x.yaml"
    assert error.remedy
    assert "\n" not in str(error)


def test_documents_lists_and_lines() -> None:
    """Empty documents are skipped, Lists flattened, and each field knows its line."""
    listed = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n  b:\n    c: 1\n"
    text = f"# nothing\n---\n---\n{OBJECT}---\n{listed}"
    first, second = parse_manifests(text, file="x.yaml")
    assert first.origin.line == 4
    assert second.origin.source(("b", "c")) == Source("x.yaml", 14)
    assert second.origin.source(("b", "unknown")) == Source("x.yaml", 13)


def test_items_of_typed_lists_take_the_type_of_the_list() -> None:
    """A ConfigMapList need not repeat what its items are."""
    found = only("apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: a}}]\n")
    assert found == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert parse_manifests("apiVersion: v1\nkind: List\nitems:\n") == []


def test_merge_keys_anchors_and_order() -> None:
    """Written keys win over merged ones, the first merged mapping over the later."""
    found = only(f"{OBJECT}x: &x {{a: 1, b: 1}}\nz: &z {{a: 2, c: 2}}\nw: {{<<: [*x, *z], b: 3}}\n")
    assert found["w"] == {"a": 1, "b": 3, "c": 2}


def test_json_keeps_its_numbers_and_lines() -> None:
    """JSON is read as JSON: 1.0 is no integer, several objects may follow each other."""
    first, second = parse_manifests(
        '{"apiVersion": "v1", "kind": "A", "a": 1.0}\n{"apiVersion": "v1", "kind": "B", "a": 2}'
    )
    assert (first["a"], type(first["a"])) == (1.0, float)
    assert second["a"] == 2
    assert second.origin.line == 2
    assert parse_manifests('{"apiVersion": "v1",\n"kind": "A"}')[0].origin.source(("kind",)).line == 2


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a: " + "{a: " * 100_000,
        '{"a":' * 100_000,
        "a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n"
        + "".join(f"{chr(c)}: &{chr(c)} [{', '.join(f'*{chr(c - 1)}' for _ in range(8))}]\n" for c in range(99, 110)),
        f"a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 10_000)}]\n",
        "a: &a [" * 200 + "]" * 200,
    ],
)
def test_bombs_are_refused(text: str) -> None:
    """Deep nesting and alias bombs end in an error, quickly, and not in a crash."""
    with pytest.raises(ManifestError):
        parse_manifests(text)


def test_folders_are_read_in_order(tmp_path: Path) -> None:
    """Files in sorted order, hidden ones and kustomizations apart, named relative to the folder."""
    for name in ("b/c.yml", "a.yaml", "b/a.json", ".hidden/x.yaml", "b/kustomization.yaml", "z.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{"apiVersion": "v1", "kind": "A"}', encoding="utf-8")
    assert [found.origin.file for found in load_manifests(tmp_path)] == ["a.yaml", "b/a.json", "b/c.yml"]
    json.dumps(load_manifests(tmp_path))


def write(path: Path, content: bytes) -> Path:
    """A file with these bytes."""
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: \xff\n", "not UTF-8"),
        (b"\x7fELF\0\0", "binary"),
        ("a: b".encode("utf-16"), "UTF-16"),
        (b"#" * (33 * 2**20), "larger than 32 MiB"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, words: str) -> None:
    """Binary, foreign encodings and huge files are refused by name."""
    path = write(tmp_path / "a.yaml", content)
    for given_path in (path, tmp_path):
        with pytest.raises(ManifestError, match=words) as caught:
            load_manifests(given_path)
        assert str(path) in str(caught.value)


def test_a_byte_order_mark_of_utf_8_is_left_out(tmp_path: Path) -> None:
    """Windows editors write one; Kubernetes ignores it."""
    assert load_manifests(write(tmp_path / "a.yaml", b"\xef\xbb\xbf" + OBJECT.encode()))[0]["kind"] == "ConfigMap"


def test_bad_places(tmp_path: Path) -> None:
    """Absent paths, empty folders, pipes, and links out of the folder are refused."""
    outside = write(tmp_path / "outside.yaml", OBJECT.encode())
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(ManifestError, match="no such file"):
        load_manifests(tmp_path / "absent")
    with pytest.raises(ManifestError, match="holds no manifest"):
        load_manifests(folder)
    os.mkfifo(folder / "a.yaml")
    with pytest.raises(ManifestError, match="regular file"):
        load_manifests(folder)
    (folder / "a.yaml").unlink()
    (folder / "link.yaml").symlink_to(outside)
    with pytest.raises(ManifestError, match="out of the folder"):
        load_manifests(folder)
    (folder / "link.yaml").unlink()
    (folder / "link.yaml").symlink_to(folder / "nowhere")
    with pytest.raises(ManifestError, match="leads nowhere"):
        load_manifests(folder)
    with pytest.raises(ManifestError):
        load_manifests("a\0b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_no_permission(tmp_path: Path) -> None:
    """A file that may not be read is named."""
    write(tmp_path / "a.yaml", OBJECT.encode()).chmod(0)
    with pytest.raises(ManifestError, match="no permission"):
        load_manifests(tmp_path)


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=12), st.sampled_from(list(RESOLVED)),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=6), below, max_size=3),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_json_in_json_out(value: Any) -> None:
    """What was written as JSON is read unchanged."""
    assert only(json.dumps({"apiVersion": "v1", "kind": "A", "a": value}))["a"] == value


_MARKS = [
    "- ",
    "? ",
    ": ",
    ":",
    "\n",
    "\n  ",
    "\n    ",
    "  ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    " #c",
    "&a ",
    "*a",
    "|\n",
    "|-\n",
    ">\n",
]
_MORE = [
    "a",
    "b c",
    "'",
    '"',
    "\\n",
    "<<: ",
    "key: ",
    "- k: ",
    "\n- ",
    "é",
    "\u2028",
    "\t",
    "...",
    "---",
    "%",
    "{}",
    "\\/",
]
PIECES = st.sampled_from([*RESOLVED, *_MARKS, *_MORE])
LINES = st.builds(
    lambda depth, dash, key, value: "  " * depth + dash + key + value,
    st.integers(0, 2), st.sampled_from(["", "- "]), st.sampled_from(["a: ", "b:", "c: ", "'e': ", ""]), PIECES,
)  # fmt: skip


@settings(max_examples=3000, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=10).map("".join), st.lists(LINES, max_size=5).map("\n".join)))
def test_the_fast_reader_agrees_with_the_exact_one(text: str) -> None:
    """Wherever the fast reader gives an answer, it is the exact reader's; elsewhere the exact one is asked."""
    try:
        value = fast_document(text + "\n")
    except (_Unsure, ScalarError):
        return
    assert repr([value]) == repr([exact for exact, _ in exact_documents(text + "\n", 1)])


@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, max_size=3))
def test_renders_are_read_alike_at_both_speeds(values: list[Any]) -> None:
    """Objects written as YAML, as a renderer does, come back the same from both readers."""
    import yaml

    objects = [{"apiVersion": "v1", "kind": "A", "a": value} for value in values]
    text = "---\n".join(yaml.safe_dump(obj, allow_unicode=True) for obj in objects)
    try:
        exact = [dict(found) for found in parse_manifests(text)]
    except ManifestError:
        with pytest.raises(ManifestError):
            parse_rendered(text)
        return
    assert repr(parse_rendered(text)) == repr(exact)


def test_errors_in_renders_name_the_line_of_the_whole_text() -> None:
    """A broken document in the middle is found by its line."""
    with pytest.raises(ManifestError) as caught:
        parse_rendered(f"{OBJECT}---\n{OBJECT}a: 1\na: 2\n")
    assert caught.value.line == 9
