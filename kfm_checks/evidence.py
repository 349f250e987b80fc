"""The one way to make evidence: subject, pointer, source, fingerprint and redaction are done here, once."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

from kfm_checks.model import Evidence, Manifest, ObjectKey, Path, Source
from kfm_checks.redaction import redact, withheld

#: Keys that name an item of a list, tried in order, for pointers that survive reordering.
LIST_KEYS = ("name", "key", "mountPath", "containerPort", "port", "host", "topologyKey", "ip", "type")


def holds(subject: Manifest | ObjectKey, path: Path = (), **details: Any) -> Evidence:
    """Evidence that something is as it should be."""
    return _evidence(subject, path, True, **details)


def fails(subject: Manifest | ObjectKey, path: Path = (), **details: Any) -> Evidence:
    """Evidence that something is not as it should be."""
    return _evidence(subject, path, False, **details)


def unknown(subject: Manifest | ObjectKey, path: Path = (), **details: Any) -> Evidence:
    """Evidence that something is there which nobody could judge; the message says why."""
    return _evidence(subject, path, None, **details)


def judged(ok: bool | None, subject: Manifest | ObjectKey, path: Path = (), **details: Any) -> Evidence:
    """Evidence whose verdict is a value."""
    return _evidence(subject, path, ok, **details)


def reopened(item: Evidence, why: str) -> Evidence:
    """Evidence that nobody can judge after all; what was found is said behind the reason."""
    return replace(item, holds=None, message=redact(f"{why}: {item.message}"))


def file_key(path: str) -> ObjectKey:
    """The subject for evidence about a file of the tree."""
    return ObjectKey("", "File", "", path)


def _evidence(
    subject: Manifest | ObjectKey,
    path: Path,
    ok: bool | None,
    *,
    message: str,
    expected: Any = "",
    observed: Any = "",
    source: Source | None = None,
    about: str = "",
    must: bool = False,
    patch: str = "",
) -> Evidence:
    """``about`` tells findings at the same place apart (the other end of a connection, a rule's name)."""
    secret = False
    if isinstance(subject, Manifest):
        key, origin = subject.key, subject.origin
        secret = withheld(key, path)
        if source is None and origin.file:
            source = origin.source(path)
    else:
        key = subject
    return Evidence(
        subject=key,
        holds=ok,
        message=redact(message),
        pointer=json_pointer(path),
        expected=redact(_text(expected)),
        observed="(withheld)" if secret and observed != "" else redact(_text(observed)),
        source=source,
        keyed=keyed_pointer(subject, path) + (f"#{about}" if about else ""),
        must=must,
        patch=redact(patch),
    )


#: Every field of evidence, and where its fingerprint stands among them.
_FIELDS = tuple(field.name for field in fields(Evidence))
_FINGERPRINT = _FIELDS.index("fingerprint")
_values = attrgetter(*_FIELDS)


def identified(check: str, evidence: Evidence) -> Evidence:
    """The evidence with its fingerprint. There are thousands: ``dataclasses.replace`` takes four times as long."""
    values = list(_values(evidence))
    values[_FINGERPRINT] = fingerprint(check, evidence)
    return Evidence(*values)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_text(v)}" for k, v in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        items = [_text(v) for v in value]
        return ", ".join(sorted(items) if isinstance(value, set | frozenset) else items)
    return str(value)


def json_pointer(path: Path) -> str:
    """RFC 6901 pointer of a path."""
    plain = "/".join(map(str, ("", *path)))
    if "~" not in plain and plain.count("/") == len(path):
        return plain
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


_NUMBERS = frozenset({int, bool})


def keyed_pointer(subject: Any, path: Path) -> str:
    """The path with list items named by their key, ``containers[name=api]/image``: it survives reordering."""
    if _NUMBERS.isdisjoint(map(type, path)):
        return "/".join(map(str, path))  # no list on the way: nothing has to be looked up
    steps: list[str] = []
    at: Any = subject
    for step in path:
        item = _step(at, step)
        if isinstance(step, int):
            name = next((k for k in LIST_KEYS if isinstance(item, dict) and isinstance(item.get(k), str | int)), None)
            label = f"[{name}={item[name]}]" if name else f"[{step}]"
            steps[-1:] = [(steps[-1] if steps else "") + label]
        else:
            steps.append(step)
        at = item
    return "/".join(steps)


def _step(at: Any, step: str | int) -> Any:
    try:
        return at[step]
    except (KeyError, IndexError, TypeError):
        return None


def fingerprint(check: str, evidence: Evidence) -> str:
    """One stable identity of a finding: check, object (without its API version), keyed pointer; no line, no value."""
    key = evidence.subject
    text = "\n".join((check, key.group, key.kind, key.namespace, key.name, evidence.keyed))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
