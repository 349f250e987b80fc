"""What kustomize writes when it refuses quotes the overlay: nothing that may be a secret comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.helper import run, write

SECRET = "hunter2Sup3rSecretX9"
HEAD = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
GENERATOR = "secretGenerator:\n- name: s\n"
PATCHED = "resources: [s.yaml]\npatches:\n- target: {kind: Secret}\n  patch: |\n    "

#: What is wrong -> the files of the overlay, and words of the line.
REFUSED: Mapping[str, tuple[Mapping[str, str | bytes], str]] = {
    "a literal that is no pair": ({"kustomization.yaml": f"{GENERATOR}  literals: [{SECRET}]\n"}, "key=value"),
    "a source of two pairs": ({"kustomization.yaml": f"{GENERATOR}  files: ['a=b={SECRET}']\n"}, "refuses"),
    "a line that is no text": (
        {"kustomization.yaml": f"{GENERATOR}  envs: [e.env]\n", "e.env": b"A=\xff" + SECRET.encode()},
        "not text",
    ),
    "a patch that is no YAML": (
        {"kustomization.yaml": f"{PATCHED}{{a: [ password: {SECRET}\n", "s.yaml": HEAD},
        "neither a strategic merge patch nor a JSON patch",
    ),
    "a patch that finds no place": (
        {
            "kustomization.yaml": f"{PATCHED}[{{op: add, path: /data/a/b, value: {SECRET}}}]\n",
            "s.yaml": f"{HEAD}data: {{a: {SECRET}}}\n",
        },
        "",
    ),
    "labels that are a text": (
        {
            "kustomization.yaml": "resources: [s.yaml]\nlabels: [{pairs: {a: b}}]\n",
            "s.yaml": HEAD.replace("{name: s}", f"{{name: s, labels: {SECRET}}}"),
        },
        "expected MappingNode but got ScalarNode",
    ),
    "a password that begins with a star": (
        {"kustomization.yaml": "resources: [s.yaml]\n", "s.yaml": f"{HEAD}stringData: {{a: *{SECRET}}}\n"},
        "",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_quotes_no_secret(case: str, tmp_path: Path) -> None:
    """Exit status 2 with a line that helps, and the value nowhere."""
    files, words = REFUSED[case]
    write(tmp_path, files)
    ran = run("check", str(tmp_path))
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err
    assert SECRET not in ran.err


def test_a_manifest_with_a_password_that_begins_with_a_star(tmp_path: Path) -> None:
    """It is read as an alias; the line says what to do, not what stood there."""
    write(tmp_path, {"s.yaml": f"{HEAD}stringData: {{a: *{SECRET}}}\n"})
    ran = run("check", str(tmp_path / "s.yaml"))
    assert (ran.status, ran.out) == (2, "")
    assert "s.yaml:4: unknown anchor after a *; quote the text" in ran.err
    assert SECRET not in ran.err
