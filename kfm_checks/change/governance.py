"""What a change does to the rules that it is judged by: configuration and records, base against head.

The base's hold while the change is judged; a reader sees first what the change would make of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from kfm_checks.config import Settings
from kfm_checks.records import Record

#: Settings that name who or what is held to less: more of it loosens.
_EXEMPTIONS = (
    "not-applicable", "workloads.singletons", "workloads.platform-namespaces", "images.placeholders",
    "images.immutable-tags", "personas.allowed-overlap", "entry.gateways", "entry.operator-hosts", "attesters",
)  # fmt: skip
#: Settings that name what is looked at: less of it loosens.
_SUBJECTS = ("workloads.critical", "datastores", "requirements", "levels", "personas")


@dataclass(frozen=True)
class GovernanceChange:
    """One setting or record that a change adds, removes or alters. ``loosens`` None: a person has to say."""

    what: Literal["setting", "attestation", "waiver", "incident"]
    name: str
    change: Literal["added", "removed", "changed"]
    base: str
    head: str
    source: str
    loosens: bool | None
    #: Of a long list or mapping only what differs, in words.
    differs: str = ""


def governance_changes(
    base: Settings, base_records: Sequence[Record], head: Settings, head_records: Sequence[Record]
) -> tuple[GovernanceChange, ...]:
    """What the head does to configuration and records of the base; () where it leaves them alone.

    Sorted: what loosens first, then what nobody can tell, then the rest.
    """
    found = [*_settings(base, head), *_records(base_records, head_records)]
    rank = {True: 0, None: 1, False: 2}
    return tuple(sorted(found, key=lambda item: (rank[item.loosens], item.what, item.name, item.head)))


def sentence(item: GovernanceChange) -> str:
    """One change in words."""
    weight = {True: "loosens", None: "changes", False: "tightens or records"}[item.loosens]
    was = f"{item.base or 'absent'} becomes {item.head or 'absent'}" if item.change == "changed" else ""
    return f"{weight}: {item.what} {item.name} is {item.change}: {item.differs or was or item.head or item.base}"


def _settings(base: Settings, head: Settings) -> Iterator[GovernanceChange]:
    old, new = _rows(base), _rows(head)
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before is not None and after is not None and before[0] == after[0]:
            continue
        change: Literal["added", "removed", "changed"] = (
            "added" if before is None else "removed" if after is None else "changed"
        )
        left, right = before[0] if before else None, after[0] if after else None
        where = (after if after and after[1] != "default" else before) or ("", "")
        yield GovernanceChange(
            "setting", name, change, _text(left), _text(right), where[1], _loosens(name, left, right),
            _differs(left, right),
        )  # fmt: skip


def _rows(settings: Settings) -> Mapping[str, tuple[Any, str]]:
    return {key: (value, origin) for key, value, origin in settings.rows()}


def _text(value: Any) -> str:
    from kfm_checks.redaction import redact

    return "" if value is None else redact(msgspec.json.encode(value, order="sorted").decode())


def _differs(before: Any, after: Any) -> str:
    """What is new, and what is gone, between two lists or two mappings; "" for anything else, and another order."""
    old, new = _entries(before), _entries(after)
    if old is None or new is None:
        return ""
    gone, come = [each for each in old if each not in new], [each for each in new if each not in old]
    told = (("adds", come), ("takes away", gone))
    return "; ".join(f"{word} {', '.join(map(_text, found))}" for word, found in told if found)


def _items(value: Any) -> list[Any]:
    found = _entries(value)
    return found if found is not None else [] if value is None else [value]


def _entries(value: Any) -> list[Any] | None:
    if isinstance(value, dict):
        return [{key: item} for key, item in sorted(value.items())]
    return value if isinstance(value, list) else None


def _loosens(name: str, before: Any, after: Any) -> bool | None:
    """Whether less is held to the rules; None where only a person can say."""
    old, new = _items(before), _items(after)
    gone, come = [each for each in old if each not in new], [each for each in new if each not in old]
    if name.startswith(_EXEMPTIONS):
        return bool(come)  # as many as before, but others: those are let off now
    if name.startswith(_SUBJECTS):
        return None if gone and come else bool(gone)
    if name == "thresholds.change-objects" and isinstance(before, int) and isinstance(after, int):
        return after > before
    if name == "thresholds.cpu-limits":
        return bool(after == "memory-only")
    return None


def _records(base: Sequence[Record], head: Sequence[Record]) -> Iterator[GovernanceChange]:
    old, new = _by_identity(base), _by_identity(head)
    for identity in sorted({*old, *new}):
        before, after = old.get(identity), new.get(identity)
        if before is not None and after is not None and _content(before) == _content(after):
            continue
        record = after or before
        assert record is not None
        change: Literal["added", "removed", "changed"] = (
            "added" if before is None else "removed" if after is None else "changed"
        )
        # An acceptance that appears or lasts longer loosens; one that goes tightens; an incident only tells.
        loosens = change != "removed" if record.kind != "incident" else change == "removed"
        name = " ".join(part for part in (record.requirement, record.subject or record.what) if part)
        yield GovernanceChange(
            record.kind, name or record.by, change, _told(before), _told(after), f"{record.file}:{record.line}", loosens
        )


def _by_identity(records: Sequence[Record]) -> dict[tuple[str, ...], Record]:
    return {
        (r.kind, r.requirement, r.check, r.subject, r.when, r.what if r.kind == "incident" else ""): r for r in records
    }


def _content(record: Record) -> Any:
    return msgspec.structs.replace(record, file="", line=None)


def _told(record: Record | None) -> str:
    from kfm_checks.redaction import redact

    if record is None:
        return ""
    until = f" until {record.expires}" if record.expires else ""
    return redact(f"{record.reason or record.statement or record.what} ({record.by}{until})")
