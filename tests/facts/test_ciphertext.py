"""What claims to be ciphertext: the form of SOPS files and of SealedSecrets, and what is missing of it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.facts.ciphertext import sealed_faults, sops_claim, sops_claims, unsealed
from kfm_checks.facts.tree import TreeFile
from kfm_checks.model import Manifest
from tests.facts.test_tree import overlay

ENC = "ENC[AES256_GCM,data:dGVzdA==,iv:MTIzNDU2Nzg5MDEy,tag:MTIzNDU2Nzg5MDEy,type:str]"
META = f"sops: {{mac: '{ENC}', lastmodified: '2026-01-01T00:00:00Z', age: [{{recipient: age1}}]}}"
NO_MAC, NO_TIME = "its SOPS metadata has no encrypted mac", "its SOPS metadata has no lastmodified"
NO_KEY, NOTHING = "its SOPS metadata names no key that could decrypt it", "not one of its values is encrypted"
BY_NAME = "it has no SOPS metadata, though its name says that it is encrypted"


def claim(tmp_path: Path, name: str, text: str) -> Any:
    """What a file claims."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return sops_claim(TreeFile(name, name, len(text), path))


def meta(more: str) -> str:
    """Metadata with a further field."""
    return META.replace("sops: {", f"sops: {{{more}, ")


#: A rule that says nothing.
EMPTY = 'unencrypted_regex: ""'
#: Text of a YAML file, values that are encrypted, and the faults with their lines.
STRUCTURED: list[tuple[str, int, list[tuple[str, int | None]]]] = [
    (f"a: {ENC}\nb:\n- {ENC}\n- c: {ENC}\n{META}\n", 3, []),
    (f"a: {ENC}\nb:\n- x\n- c: y\n{META}\n", 1, [("b.0 is not encrypted", 3), ("b.1.c is not encrypted", 4)]),
    (f"a: plain\n{META}\n", 0, [("a is not encrypted", 1), (NOTHING, 1)]),
    (f"a: {ENC}\nsops: {{a: b}}\n", 1, [(NO_MAC, 2), (NO_TIME, 2), (NO_KEY, 2)]),
    (f"a: {ENC}\n{META.replace(ENC, 'plain')}\n", 1, [(NO_MAC, 2)]),
    (f"a: {ENC}\nb_unencrypted: x\nc: null\nd: ''\ne: []\nf: {{}}\n{META}\n", 1, []),
    (f"a: {ENC}\nb: true\n{META}\n", 1, [("b is not encrypted", 2)]),
    (f"a: {ENC}\nb: true\n{meta('mac_only_encrypted: true')}\n", 1, []),
    (f"a: {ENC}\nb: x\n{meta('mac_only_encrypted: true')}\n", 1, [("b is not encrypted", 2)]),
    (f"data:\n  a: {ENC}\nkind: x\n{meta('encrypted_regex: ^data$')}\n", 1, []),
    (f"data:\n  a: {ENC}\n  b: x\nkind: x\n{meta('encrypted_regex: ^data$')}\n", 1, [("data.b is not encrypted", 3)]),
    (f"data:\n  a: {ENC}\nkind: x\n{meta('unencrypted_regex: ^kind$')}\n", 1, []),
    (f"data:\n  a: x\n  b: {ENC}\nkind: x\n{meta('unencrypted_regex: ^kind$')}\n", 1, [("data.a is not encrypted", 2)]),
    (f"a: {ENC}\nb: x\n{meta('encrypted_regex: (')}\n", 1, [("b is not encrypted", 2)]),
    (f"a_secret: {ENC}\nb: x\nc_secret: y\n{meta('encrypted_suffix: _secret')}\n", 1, [("c_secret is not encrypted", 3)]),
    (f"a: {ENC}\nb_open: x\nc_unencrypted: y\n{meta('unencrypted_suffix: _open')}\n", 1, [("c_unencrypted is not encrypted", 3)]),
    (f"a: {ENC}\nb: x\n{meta('encrypted_suffix: 1, unencrypted_suffix: 2')}\n", 1, [("b is not encrypted", 2)]),
    (f"a: {ENC}\nb: x\n{meta('encrypted_regex: 1, unencrypted_regex: ')}\n", 1, [("b is not encrypted", 2)]),
    (f"a: {ENC}\nb: x\n{meta(EMPTY)}\n", 1, [("b is not encrypted", 2)]),
    (f"a:\n- {ENC}\n- x\n{meta('encrypted_regex: ^1$')}\n", 1, []),
    (f"plain: 1\n---\na: {ENC}\n{META}\n---\nb: x\n{META}\n", 1, [("b is not encrypted", 6)]),
    (f"- sops: 1\n---\nsops: text\n---\na: {ENC}\n{META}\n", 1, []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "encrypted", "faults"), STRUCTURED)
def test_a_structured_file(tmp_path: Path, text: str, encrypted: int, faults: list[tuple[str, int | None]]) -> None:
    """Every leaf is ciphertext unless the metadata leaves it out (SOPS, "Encrypting only parts of a file")."""
    found = claim(tmp_path, "a.yaml", text)
    assert (found.form, found.encrypted, list(found.faults)) == ("yaml or json", encrypted, faults)


@pytest.mark.parametrize("group", ["kms", "gcp_kms", "azure_kv", "hc_vault", "age", "pgp", "key_groups", "hckms"])
def test_a_key_that_could_decrypt_it(tmp_path: Path, group: str) -> None:
    """Each kind of master key counts; an empty list of them doesn't."""
    text = f"a: {ENC}\nsops: {{mac: '{ENC}', lastmodified: x, {group}: %s}}\n"
    assert claim(tmp_path, "a.yaml", text % "[{a: b}]").faults == ()
    assert [fault for fault, _ in claim(tmp_path, "a.yaml", text % "[]").faults] == [NO_KEY]


DOTENV = f"A={ENC}\nsops_mac={ENC}\nsops_lastmodified=2026\nsops_version=3\nsops_age__list_0__map_recipient=age1\n"
INI = f"[a]\nb = {ENC}\n[sops]\nmac = {ENC}\nlastmodified = 2026\npgp__list_0__map_fp = x\n"
FLAT: list[tuple[str, str, str, int, list[tuple[str, int | None]]]] = [
    ("a.env", DOTENV, "dotenv", 1, []),
    ("a.env", f"B=x\nC_unencrypted=y\n#D=z\nE=\n{DOTENV}", "dotenv", 1, [("B is not encrypted", 1)]),
    ("a.env", f"\nB=x\n{DOTENV}", "dotenv", 1, [("B is not encrypted", 2)]),
    ("a.env", "sops_version=3\nB=x\n", "dotenv", 0, [(NO_MAC, None), (NO_TIME, None), (NO_KEY, None), ("B is not encrypted", 2)]),
    ("a.env", f"sops_mac={ENC}\nA={ENC}\n", "dotenv", 1, [(NO_TIME, None), (NO_KEY, None)]),
    ("a.env", f"sops_lastmodified=x\nA={ENC}\n", "dotenv", 1, [(NO_MAC, None), (NO_KEY, None)]),
    ("a.ini", INI, "ini", 1, []),
    ("a.ini", f"[z]\nsops_x = y\n{INI}", "ini", 1, [("sops_x is not encrypted", 2)]),
    ("a.ini", f"[a]\nb = {ENC}\n\n[sops]\n", "ini", 1, [(NO_MAC, None), (NO_TIME, None), (NO_KEY, None)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "form", "encrypted", "faults"), FLAT)
def test_a_file_of_lines(tmp_path: Path, name: str, text: str, form: str, encrypted: int, faults: list[tuple[str, int | None]]) -> None:  # fmt: skip
    """dotenv with names that begin with ``sops_``, ini with a section of that name; comments and empty values are nothing."""
    found = claim(tmp_path, name, text)
    assert (found.form, found.encrypted, list(found.faults)) == (form, encrypted, faults)


@pytest.mark.parametrize(
    "name", ["a.enc.yaml", "a.sops.json", "a-encrypted.env", "sops.ini", "a_ENC.TXT", "a.enc.yml", "a.enc.toml"]
)
def test_a_claim_by_name(tmp_path: Path, name: str) -> None:
    """The name says that it is encrypted, and nothing in it does."""
    found = claim(tmp_path, name, "a: 1\n")
    assert (found.form, found.encrypted, found.faults) == ("by its name", 0, ((BY_NAME, None),))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".sops.yaml", f"creation_rules: []\n{META}"), (".sops.yml", f"a: {ENC}\n{META}"), ("a.yaml", "a: sops\n"), ("a.yaml", "sops: text\n"),
        ("fence.yaml", "a: 1\n"), ("a.txt", f"a: {ENC}\n{META}\n"), ("a.enc.sh", "a"), ("a.md", "text\n sops_version=3\nx[sops]\n"), ("encoder.yaml", "a: 1"),
    ],
)  # fmt: skip
def test_what_claims_nothing(tmp_path: Path, name: str, text: str) -> None:
    """SOPS's own configuration, words about SOPS, and names that only look alike."""
    assert claim(tmp_path, name, text) is None


def test_claims_of_a_tree(tmp_path: Path) -> None:
    """In the order of the files."""
    tree = overlay(
        tmp_path,
        {"infra/prod/b.yaml": f"a: {ENC}\n{META}", "infra/prod/a.enc.yaml": "a: 1", "infra/prod/c.yaml": "a: 1"},
    )
    assert [one.file.path for one in sops_claims(tree)] == ["a.enc.yaml", "b.yaml"]


def sealed(length: int, more: int) -> str:
    """A value in the form of a sealed one: the length of the session key, the key, the ciphertext."""
    return base64.b64encode(length.to_bytes(2, "big") + b"k" * length + b"c" * more).decode()


GOOD = sealed(512, 32)


@pytest.mark.parametrize(
    ("value", "good"),
    [
        (GOOD, True), (sealed(128, 1), True), (f"{GOOD[:40]}\n  {GOOD[40:]}\n", True), (sealed(127, 32), False), (sealed(512, 0), False),
        ("hush", False), (GOOD[:-4] + "%%%%", False), ("", False), (None, False), (1, False), (["a"], False), ("ü" * 400, False),
    ],
)  # fmt: skip
def test_the_form_of_a_sealed_value(value: Any, good: bool) -> None:
    """Sealed Secrets, "Details": two bytes of length, the session key sealed by RSA, the payload behind it."""
    obj = Manifest(
        {
            "apiVersion": "bitnami.com/v1alpha1",
            "kind": "SealedSecret",
            "spec": {"encryptedData": {"b": GOOD, "a": value}},
        }
    )
    assert sealed_faults(obj) == (
        [] if good else [(("spec", "encryptedData", "a"), "it is not in the form of a sealed value")]
    )
    assert unsealed(obj) == (() if good else (("spec", "encryptedData", "a"),))
    assert (
        unsealed(Manifest({**obj, "apiVersion": "example.org/v1"}))
        == unsealed(Manifest({**obj, "kind": "Other"}))
        == ()
    )


def test_faults_are_in_the_order_of_the_entries() -> None:
    """By name, whatever their values."""
    faults = sealed_faults({"spec": {"encryptedData": {"b": "1!", "a": "2!"}}})
    assert [path[-1] for path, _ in faults] == ["a", "b"]


@pytest.mark.parametrize("data", [{}, None, [], "text"])
def test_a_sealed_secret_without_entries(data: Any) -> None:
    """It holds nothing that is encrypted; there is no value that could be shown."""
    obj = Manifest({"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "spec": {"encryptedData": data}})
    assert sealed_faults(obj) == [(("spec", "encryptedData"), "it has no encrypted entry")] and unsealed(obj) == ()
