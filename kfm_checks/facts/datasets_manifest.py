"""The data manifest as people write it: its structure, its published JSON Schema, and how one is read.

``data/manifest.yaml`` under the overlay names each dataset at one version. It is edited by hand and reviewed in a diff,
so a mistake is said with its line. Beyond the size of a ConfigMap its datasets may stand in further files (``shards``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

SCHEMA = "kfm-checks/data-manifest/v1"
#: Where the manifest lies, relative to the overlay.
PATH = "data/manifest.yaml"

Sensitivity = Literal["public", "restricted", "sensitive-location"]
SENSITIVITIES: tuple[str, ...] = ("public", "restricted", "sensitive-location")
#: Why a dataset is not public; ``note`` says it in words.
Harm = Literal["cultural", "ecological", "private-person", "security", "contract", "legal"]

Id = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$", max_length=128)]
Text = Annotated[str, Meta(min_length=1)]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Uri = Annotated[str, Meta(min_length=1, max_length=2048)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Multihash = Annotated[str, Meta(pattern=r"^([0-9a-f]{2})+$")]


class _Part(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", omit_defaults=True):
    """Keys are written with hyphens; an unknown one is an error."""


class Approval(_Part, frozen=True):
    """Who let this release go to users. ``release`` repeats the tag, so that an old approval can't slip along."""

    by: Text
    role: Text
    date: Day
    release: str = ""


class Generalisation(_Part, frozen=True):
    """What published places are snapped to.

    ``geohash``: centres or corners of the cells of a geohash with ``length`` characters. ``grid``: the same of a grid
    of ``degrees``, counted from 0/0. ``bbox``: each feature is its own bounding box, no side shorter than
    ``degrees``. ``area``: no coordinates at all, only the name of an ``area`` (county, township).
    """

    method: Literal["geohash", "grid", "bbox", "area"]
    length: Annotated[int, Meta(ge=1, le=12)] | None = None
    degrees: Annotated[float, Meta(gt=0, le=180)] | None = None
    area: str = ""


class Review(_Part, frozen=True):
    """The governance review that lets exact places be published."""

    by: Text
    role: Text
    date: Day
    record: Text


class Provenance(_Part, frozen=True):
    """Where the data came from, in the words of W3C PROV."""

    was_derived_from: tuple[str, ...] = ()
    was_generated_by: str = ""
    was_attributed_to: tuple[str, ...] = ()
    note: str = ""


class Load(_Part, frozen=True):
    """A load that the reconciler carries out: which loader, into which table, label or catalogue."""

    loader: Id
    into: str = ""
    options: Mapping[str, str] = {}


class Entry(_Part, frozen=True):
    """One dataset at one version."""

    id: Id
    version: Text
    release: Text
    uris: Annotated[tuple[Uri, ...], Meta(min_length=1)]
    sha256: Sha256
    media_type: Annotated[str, Meta(pattern=r"^[a-z]+/[A-Za-z0-9.+_-]+(;.*)?$")]
    licence: Text
    provenance: Text | Provenance
    sensitivity: Sensitivity
    steward: Text
    title: str = ""
    multihash: Multihash = ""
    bytes: Annotated[int, Meta(ge=0)] | None = None
    stac: str = ""
    #: Where it may be seen: by everybody, through the API's policy check alone, or nowhere outside.
    access: Literal["public", "api", "internal"] | None = None
    reason: Harm | None = None
    note: str = ""
    generalisation: Generalisation | None = None
    review: Review | None = None
    approval: Approval | None = None
    load: tuple[Load, ...] = ()


class Retention(_Part, frozen=True):
    """How far back earlier revisions have to resolve; without it, all of them."""

    revisions: Annotated[int, Meta(ge=1)] | None = None
    days: Annotated[int, Meta(ge=1)] | None = None


class Withdrawal(_Part, frozen=True):
    """A release that was taken back on purpose: its bytes need not resolve any more, and it is never loaded again."""

    dataset: Id
    release: Text
    reason: Text
    by: Text
    role: Text
    date: Day


class ManifestFile(_Part, frozen=True):
    """``data/manifest.yaml``."""

    schema: Literal["kfm-checks/data-manifest/v1"]
    datasets: tuple[Entry, ...] = ()
    #: Further files of datasets, relative to the manifest's folder.
    shards: tuple[str, ...] = ()
    retention: Retention | None = None
    withdrawals: tuple[Withdrawal, ...] = ()


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the data manifest."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(ManifestFile)}
