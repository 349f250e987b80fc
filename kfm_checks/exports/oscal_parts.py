"""Small parts of an OSCAL document: tokens, dates, properties, parties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kfm_checks.exports.shared import INFORMATION, derived_uuid
from kfm_checks.records import Record


def text(value: str) -> str:
    """One line, never empty at its ends: OSCAL's strings start and end with something that shows."""
    return " ".join(value.encode("utf-8", "replace").decode("utf-8").split()) or "-"


def token(value: str) -> str:
    """A token: a letter or underscore, then letters, digits, dots, hyphens, underscores."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", value)
    return plain if re.match(r"[A-Za-z_]", plain) else f"_{plain}"


def instant(day: str) -> str:
    """The start of a day in UTC."""
    return f"{day}T00:00:00Z"


def last_instant(day: str) -> str:
    """The end of a day in UTC: a record holds on its last day."""
    return f"{day}T23:59:59Z"


def props(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Properties in a namespace of our own; those without a value are left out."""
    return [{"name": name, "ns": INFORMATION, "value": text(value)} for name, value in values.items() if value]


def link(address: str) -> dict[str, str]:
    """A link to what a record names as evidence."""
    return {"href": re.sub(r"\s", "%20", text(address)), "rel": "reference"}


def party(name: str) -> dict[str, str]:
    """Somebody who signs."""
    return {"uuid": derived_uuid("party", name), "type": "person", "name": text(name)}


def responsible(record: Record) -> dict[str, Any]:
    """Who vouches, in which role."""
    return {"role-id": token(record.role), "party-uuids": [party(record.by)["uuid"]]}
