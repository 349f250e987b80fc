"""Find credentials in objects and in files: where, and of what kind. Values never leave here."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from kfm_checks.credential_keys import is_literal, strength
from kfm_checks.credential_shapes import command_spans, spans
from kfm_checks.credentials import find, quiet
from kfm_checks.facts.secrets_values import secret_entries
from kfm_checks.facts.tree import TreeFile
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

#: Groups whose fields name entries of secrets (``secretKey: password``), and what to leave out of them.
_REFERRING = ("external-secrets.io", "generators.external-secrets.io", "secrets-store.csi.x-k8s.io")
_REFERRING_KEYS = frozenset({"secretKey", "remoteKey", "property", "key"})
#: Below these, everything is ciphertext or the form's own.
_CIPHER_KEYS = frozenset({"encryptedData", "sops"})
#: Shorter text has no credential by its form; without a sign of an assignment, shorter text than the second has none.
_SHORTEST, _SHORTEST_TOKEN = 6, 20
_PROSE_SUFFIXES = frozenset({".md", ".rst", ".txt", ".adoc", ".html", ".svg", ".ipynb"})
_ARCHIVES = (b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf")
_KEYSTORE = re.compile(r"\.(?:p12|pfx|jks|keystore|ppk|kdbx)$", re.IGNORECASE)
_FLAG = re.compile(r"--?[\w.-]+")
_SECRET_KIND = re.compile(r"[\"']?kind[\"']?\s*:\s*[\"']?(?:Secret|SecretList|List)\b")


class Exposure(Value, frozen=True):
    """A credential in an object (``path``) or in a file (``line``); ``certain`` is False where nobody could tell."""

    kind: str
    path: Path = ()
    line: int | None = None
    certain: bool = True


def exposures_of(objects: Sequence[Manifest]) -> list[tuple[Exposure, ...]]:
    """The credentials of each object, in sorted order of their place. Most objects need no more than one quick look."""
    dumps = [json.dumps(obj, ensure_ascii=False, default=str) for obj in objects]
    return [
        () if calm and not _is_secret(obj) else _exposures(obj) for obj, calm in zip(objects, quiet(dumps), strict=True)
    ]


def _is_secret(obj: Manifest) -> bool:
    return (obj.key.group, obj.key.kind) == ("", "Secret")


def _exposures(obj: Manifest) -> tuple[Exposure, ...]:
    key, secret = obj.key, _is_secret(obj)
    found = list(_secret(obj)) if secret else []
    content = {k: v for k, v in obj.items() if not (secret and k in ("data", "stringData"))}
    walk = _Walk(key.group in _REFERRING, key.kind == "CustomResourceDefinition", key.kind == "ConfigMap")
    found += walk.run(content)
    return tuple(sorted(dict.fromkeys(found), key=lambda exposure: [str(step) for step in exposure.path]))


def _secret(obj: Manifest) -> Iterator[Exposure]:
    for entry in secret_entries(obj):
        if entry.grade in ("credential", "unclear"):
            yield Exposure(entry.kind, entry.path, certain=entry.grade == "credential")


class _Walk:
    """One pass over an object. Paths are built only for what is found: most fields hold nothing."""

    def __init__(self, referring: bool, schema: bool, settings: bool) -> None:
        self.referring, self.schema, self.settings = referring, schema, settings
        self.found: list[Exposure] = []

    def run(self, content: Any) -> list[Exposure]:
        self._visit(content, "", ())
        return self.found

    def _visit(self, value: Any, key: str, path: Path) -> None:
        if isinstance(value, str):
            self._text(value, key, path)
        elif isinstance(value, dict):
            self._mapping(value, path)
        elif isinstance(value, list):
            self._list(value, key, path)
        elif isinstance(value, int) and not isinstance(value, bool) and strength(key) == "strong" and not self.schema:
            self._text(str(value), key, path)

    def _mapping(self, value: dict[Any, Any], path: Path) -> None:
        self._command(value, path)
        name = value.get("name", value.get("key"))
        named = name if isinstance(name, str) and isinstance(value.get("value"), str | int) else ""
        for key, child in value.items():
            if key in _CIPHER_KEYS and isinstance(child, dict):
                continue
            if isinstance(child, str) and len(child) < _SHORTEST and not named and not strength(str(key)):
                continue
            if key == "value" and named and not isinstance(child, dict | list):
                self._text(str(child), named, (*path, key), entry=True)
            else:
                self._visit(child, str(key), (*path, key))

    def _list(self, value: list[Any], key: str, path: Path) -> None:
        for index, child in enumerate(value):
            if isinstance(child, str) and index and self._flag(value[index - 1], child):
                self.found.append(Exposure("password of a command", (*path, index)))
            else:
                self._visit(child, "" if isinstance(child, str) else key, (*path, index))

    def _command(self, value: dict[Any, Any], path: Path) -> None:
        """A program and its arguments are one line, wherever the lists cut it."""
        lists = [(field, value[field]) for field in ("command", "args") if isinstance(value.get(field), list)]
        words = [(field, index, word) for field, listed in lists for index, word in enumerate(listed)]
        if len(words) < 2 or not all(isinstance(word, str) for _, _, word in words):
            return
        line, starts = "", []
        for _, _, word in words:
            starts.append(len(line))
            line += f"{word} "
        for kind, start, _ in command_spans(line):
            field, index, _ = words[bisect_right(starts, start) - 1]
            self.found.append(Exposure(kind, (*path, field, index)))

    def _flag(self, before: Any, value: str) -> bool:
        """``["--password", "…"]``: a flag and its value as two arguments."""
        return (
            isinstance(before, str)
            and _FLAG.fullmatch(before) is not None
            and not value.startswith("-")
            and is_literal(before.lstrip("-"), value)
        )

    def _text(self, text: str, key: str, path: Path, *, entry: bool = False) -> None:
        if self.schema:
            found: tuple[str, ...] = tuple(kind for kind, _, _ in spans(text))
        else:
            if self.referring and key in _REFERRING_KEYS and not entry:
                return
            settings = entry or (self.settings and len(path) == 2 and path[0] in ("data", "binaryData"))
            name = "" if settings and _is_file_name(key) else key
            found = _kinds(text, name if strength(name) else "", not settings)
        self.found += [Exposure(kind, path) for kind in sorted(set(found))]


@lru_cache(maxsize=65_536)
def _kinds(text: str, key: str, names_objects: bool) -> tuple[str, ...]:
    """The kinds found in a text; most text is met many times in a render."""
    if not key and "=" not in text and ":" not in text and len(text) < _SHORTEST_TOKEN:
        return ()
    return tuple(finding.kind for finding in find(text, key=key, names_objects=names_objects))


@lru_cache(maxsize=4_096)
def _is_file_name(key: str) -> bool:
    return bool(
        re.search(r"\.(?:ya?ml|json|conf|cfg|ini|toml|properties|xml|sh|py|sql|lua|txt|md|html|js|css|rego|cue)$", key)
    )


def exposures_in(files: Sequence[TreeFile]) -> list[tuple[Exposure, ...]]:
    """The credentials of each file of the tree, by line."""
    calm = quiet([file.text for file in files])
    return [_file_exposures(file, still) for file, still in zip(files, calm, strict=True)]


def _file_exposures(file: TreeFile, calm: bool) -> tuple[Exposure, ...]:
    if file.unread:
        return (Exposure(file.unread, certain=False),)
    if _KEYSTORE.search(file.name):
        return (Exposure("a key store"),)
    if file.is_binary:
        return tuple(_binary(file))
    found = {exposure.line: exposure for exposure in _text_file(file, calm)}
    return tuple(sorted(found.values(), key=lambda exposure: exposure.line or 0))


def _binary(file: TreeFile) -> Iterator[Exposure]:
    if file.content.startswith(_ARCHIVES):
        yield Exposure("it is an archive, and archives are not opened", certain=False)
    for kind, _, _ in spans(file.content.decode("latin-1")):
        if kind == "private key":
            yield Exposure(kind)


def _text_file(file: TreeFile, calm: bool) -> Iterator[Exposure]:
    text = file.text
    if _SECRET_KIND.search(text) and file.is_manifest_file:
        yield from _secret_documents(file)
    single = text.strip()
    if single and file.suffix in ("", ".txt", ".token", ".pass", ".key", ".secret"):
        stem = file.name.removesuffix(file.suffix) if file.suffix != ".key" else file.name
        if is_literal(stem, single) and single.split() == [single]:
            yield Exposure("a secret in a file of its own", line=1)
    for finding in () if calm else find(text, prose=file.suffix in _PROSE_SUFFIXES):
        yield Exposure(finding.kind, line=finding.line)


def _secret_documents(file: TreeFile) -> Iterator[Exposure]:
    for document in file.documents:
        for prefix, member in _members(document.value):
            if not isinstance(member, dict) or member.get("kind") != "Secret" or member.get("apiVersion") != "v1":
                continue
            for entry in secret_entries(member):
                if entry.grade in ("credential", "unclear"):
                    line = document.line_of(*prefix, *entry.path)
                    yield Exposure(entry.kind, line=line, certain=entry.grade == "credential")


def _members(value: Any) -> list[tuple[Path, Any]]:
    """The objects of a document: itself, or the items of a List."""
    found = value.get("items") if isinstance(value, dict) else None
    return [(("items", index), item) for index, item in enumerate(found)] if isinstance(found, list) else [((), value)]
