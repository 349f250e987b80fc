"""Attestations, waivers, incidents and reviews: one Record, and one function that judges expiry."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from kfm_checks.config import UNWAIVABLE
from kfm_checks.errors import ConfigError
from kfm_checks.model import ObjectKey
from kfm_checks.model import Path as Place
from kfm_checks.yamlfile import YamlFile, read_yaml

SCHEMA = "kfm-checks/records/v1"
FILES = ("attestations.yaml", "waivers.yaml", "incidents.yaml")
FOLDER = "governance"
#: A folder beside the files, for attestations in files of their own: what the site's form makes.
ATTESTATIONS = "attestations"

Kind = Literal["attestation", "waiver", "incident"]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")


class Record(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", omit_defaults=True):
    """One signed-off statement. ``file`` and ``line`` say where it stands and are not part of the file."""

    kind: Kind
    by: str
    requirement: str = ""
    statement: str = ""
    reason: str = ""
    role: str = ""
    date: str = ""
    expires: str = ""
    evidence: str | tuple[str, ...] = ""
    # a waiver's scope
    check: str = ""
    subject: str = ""
    # an incident
    what: str = ""
    when: str = ""
    closed_by: str = ""
    health_confirmed: str | bool = ""
    follow_ups: str | tuple[str, ...] = ""
    # a rollback, told by an incident
    reverted: str = ""
    file: str = ""
    line: int | None = None

    def expired(self, as_of: str) -> bool:
        """Whether the record no longer counts: past its last day, or not yet begun."""
        return bool(self.expires and self.expires < as_of) or bool(self.date and self.date > as_of)

    def covers(self, key: ObjectKey) -> bool:
        """Whether a waiver's subject, exact or one glob that names the kind, is this object."""
        return self.subject == str(key) or ("*" in self.subject and fnmatchcase(str(key), self.subject))


def load_records(folder: Path, *, shown: str) -> tuple[Record, ...]:
    """The records of an overlay's ``governance/`` folder, in file order; () where there is none.

    Beside the files there may be a folder ``attestations/`` with files of the same form.

    Raises ConfigError for a malformed record: an unknown field, a missing date, a waiver of what can't be waived.
    """
    found: list[Record] = []
    single = sorted(path.name for path in (folder / ATTESTATIONS).glob("*.yaml"))
    for name in (*FILES, *(f"{ATTESTATIONS}/{each}" for each in single)):
        path = folder / name
        if os.path.lexists(path):
            found.extend(parse_records(read_yaml(path, shown=f"{shown}/{name}")))
    return tuple(found)


def parse_records(document: YamlFile) -> list[Record]:
    """The records of one file: a list under ``records:``, or the bare list.

    Raises ConfigError with the line of the record that is wrong.
    """
    value = document.value
    if value is None:
        return []
    if isinstance(value, list):
        return [_record(item, document, index, (index,)) for index, item in enumerate(value)]
    if not isinstance(value, dict) or value.get("schema") != SCHEMA or not isinstance(value.get("records") or [], list):
        remedy = f"write `schema: {SCHEMA}` and a list under `records:`"
        raise ConfigError("not a file of records", file=document.file, line=1, remedy=remedy)
    items = value.get("records") or []
    return [_record(item, document, index, ("records", index)) for index, item in enumerate(items)]


def _record(item: Any, document: YamlFile, index: int, place: Place) -> Record:
    line = document.line(place)
    try:
        record = msgspec.convert(item, Record)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"record {index + 1}: {error}", file=document.file, line=line, remedy="see the how-to of records"
        ) from error
    wrong = problem(record)
    if wrong:
        raise ConfigError(f"record {index + 1}: {wrong}", file=document.file, line=line, remedy="mend the record")
    return msgspec.structs.replace(record, file=document.file, line=line)


def problem(record: Record) -> str:
    """What is wrong with a record, or ""."""
    for name in _required(record.kind):
        if not getattr(record, name.replace("-", "_")):
            return f"{record.kind} without {name!r}"
    for name in ("date", "expires", "when"):
        if not _is_day(getattr(record, name), allow_time=name == "when"):
            return f"{name} is no date (YYYY-MM-DD)"
    if record.expires and record.date and record.expires < record.date:
        return "it expires before its date"
    if record.kind != "waiver":
        return ""
    if record.requirement in UNWAIVABLE:
        return f"{record.requirement} can't be waived"
    kind = record.subject.split("/")[-2] if "/" in record.subject else ""
    if any(c in record.subject for c in "*?[") and (not kind or any(c in kind for c in "*?[")):
        return "a subject with a glob has to name the kind, as in kfm-data/StatefulSet/*"
    return ""


def _required(kind: Kind) -> Sequence[str]:
    if kind == "incident":
        return ("what", "when", "by")
    if kind == "waiver":
        return ("requirement", "check", "subject", "reason", "by", "role", "date", "expires")
    return ("requirement", "statement", "by", "role", "date", "expires")


def _is_day(text: str, *, allow_time: bool) -> bool:
    if not text:
        return True
    if not _DAY.match(text[:10]) or (len(text) > 10 and not allow_time):
        return False
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def in_force(records: Iterable[Record], kind: Kind, as_of: str) -> list[Record]:
    """The records of a kind that count on a day."""
    return [record for record in records if record.kind == kind and not record.expired(as_of)]


def record_from(shown: Mapping[str, Any]) -> Record:
    """The record of a report's entry, without what the report adds to it."""
    names = set(Record.__struct_encode_fields__)
    return msgspec.convert({name: value for name, value in shown.items() if name in names}, Record)
