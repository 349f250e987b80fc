"""Write a well-formed record: refuse what does not count, and append without touching what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml

from kfm_checks.config import UNWAIVABLE, Config
from kfm_checks.errors import ConfigError, UsageError
from kfm_checks.model import Requirement
from kfm_checks.records import SCHEMA, Record, parse_records, problem
from kfm_checks.requirements import roles_for
from kfm_checks.yamlfile import parse_yaml

#: A record holds for a year at most, unless somebody says otherwise.
LONGEST = 366
FILE_OF = {"attestation": "attestations.yaml", "waiver": "waivers.yaml"}


@dataclass(frozen=True)
class Rules:
    """What a record is held against."""

    rows: Mapping[str, Requirement]
    config: Config
    as_of: str
    longest: int = LONGEST


def proposed(record: Record, rules: Rules) -> Record:
    """The record, filled in: its date is ``as_of``, its role the only one allowed, its check the row's only one.

    Raises UsageError: an unknown row or check, a row that nobody may vouch for or waive, a role that is not allowed, a
    date that is none, has passed or lies too far ahead.
    """
    row = rules.rows.get(record.requirement)
    if row is None:
        raise UsageError(f"no requirement is called {record.requirement!r}", remedy="see `kfm-checks requirements`")
    roles = roles_for(row.id, rules.config.attesters)
    filled = msgspec.structs.replace(
        record,
        date=record.date or rules.as_of,
        role=record.role or (roles[0] if len(roles) == 1 else ""),
        check=record.check or (row.checks[0] if record.kind == "waiver" and len(row.checks) == 1 else ""),
    )
    refused = _refusal(filled, row, roles) or problem(filled) or _dates(filled, rules)
    if refused:
        raise UsageError(refused, remedy="see the how-to of records")
    return filled


def _refusal(record: Record, row: Requirement, roles: Sequence[str]) -> str:
    if record.role and record.role not in roles:
        return f"the role {record.role!r} may not sign for {row.id}: {' or '.join(roles) or 'nobody'} may"
    if record.kind == "attestation":
        return "" if "attestation" in row.by else f"{row.id} is not a row that somebody may vouch for (no letter A)"
    if row.id in UNWAIVABLE:
        return f"{row.id} can't be waived"
    if row.rolls_up and not row.checks:
        return f"{row.id} folds {', '.join(row.rolls_up)}: waive the row that fails"
    if not record.check:
        return f"{row.id} has several checks: name one of {', '.join(row.checks)} with --check"
    if record.check not in row.checks:
        return f"{row.id} has no check called {record.check!r}: it has {', '.join(row.checks) or 'none'}"
    return ""


def _dates(record: Record, rules: Rules) -> str:
    if record.expires < rules.as_of:
        return f"its last day, {record.expires}, has passed"
    last = date.fromisoformat(record.date) + timedelta(days=rules.longest)
    if date.fromisoformat(record.expires) > last:
        return f"it would hold for more than {rules.longest} days: end it by {last.isoformat()}, or give --max-days"
    return ""


def as_yaml(record: Record, indent: int = 2) -> str:
    """The record as an item of a block list; dates are quoted, so that no reader takes them for something else."""
    plain = {key: value for key, value in msgspec.to_builtins(record).items() if key not in {"file", "line"}}
    text = yaml.safe_dump([plain], sort_keys=False, allow_unicode=True, width=110)
    return "".join(" " * indent + line for line in text.splitlines(keepends=True))


def appended(text: str, record: Record, *, shown: str) -> str:
    """The file with the record as its last item; comments, order and every line that was there stay.

    Raises ConfigError where the file is malformed, or its list is written in a form that nothing can be appended to.
    """
    if not text.strip():
        return f"schema: {SCHEMA}\nrecords:\n{as_yaml(record)}"
    before = parse_records(parse_yaml(text, shown=shown))
    after = _inserted(text, record, shown)
    again = parse_records(parse_yaml(after, shown=shown))
    if [_content(each) for each in again] != [*(_content(each) for each in before), _content(record)]:
        raise ConfigError("nothing can be appended to its list", file=shown, remedy="paste the record by hand")
    return after


def _content(record: Record) -> Any:
    return msgspec.to_builtins(msgspec.structs.replace(record, file="", line=None))


def _inserted(text: str, record: Record, shown: str) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    bare = root if isinstance(root, yaml.SequenceNode) else None
    node = bare or next((value for key, value in pairs if key.value == "records"), None)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if node is None:
        head = "records:\n" if pairs else f"schema: {SCHEMA}\nrecords:\n"  # comments alone have no schema yet
        return "".join([*lines, head, as_yaml(record)])
    if not isinstance(node, yaml.SequenceNode) or not (bare or node.value):
        at = node.start_mark.line
        lines[at] = lines[at][: lines[at].index("records:")] + "records:\n" + as_yaml(record)
        return "".join(lines)
    if node.flow_style:
        raise ConfigError("its list is written in brackets", file=shown, remedy="write one item a line, with a hyphen")
    last = node.value[-1].end_mark.line
    while last > 0 and (not lines[last - 1].strip() or lines[last - 1].lstrip().startswith("#")):
        last -= 1
    return "".join([*lines[:last], as_yaml(record, node.start_mark.column), *lines[last:]])


def file_for(overlay: Path, record: Record) -> Path:
    """Where a record of this kind stands."""
    return overlay / "governance" / FILE_OF[record.kind]
