"""The nouns of the report, as frozen dataclasses; field names as in the JSON contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol

Level = Literal["must", "should"]
Outcome = Literal["pass", "fail", "not-applicable", "blocked", "not-verified", "error"]
Status = Literal["met", "not-met", "attested", "waived", "not-verified", "not-applicable"]
Decision = Literal["not-compliant", "cannot-be-decided", "compliant-with-accepted-risks", "compliant"]
#: How a requirement is looked at; the catalogue's letters R, T, G, C and A stand for them.
Method = Literal["render", "tree", "git", "cluster", "attestation"]
LETTERS: Mapping[str, Method] = {"R": "render", "T": "tree", "G": "git", "C": "cluster", "A": "attestation"}

#: Keys and indexes from the root of an object to a field, for example ``("spec", "containers", 0, "image")``.
Path = tuple[str | int, ...]


class Source:
    """A place in a file; ``file`` is relative to the repository (or to what was given), with forward slashes.

    It may be given as a function that finds it: that means reading files, and most evidence is never looked at.
    """

    __slots__ = ("_file", "_find", "_line")

    def __init__(self, file: str, line: int | None = None, *, find: Callable[[], Source] | None = None) -> None:
        self._file, self._line, self._find = file, line, find

    def _found(self) -> None:
        if self._find is not None:
            found, self._find = self._find(), None
            self._file, self._line = found.file, found.line

    @property
    def file(self) -> str:
        """The file's path."""
        self._found()
        return self._file

    @property
    def line(self) -> int | None:
        """The 1-based line, or None where it is not known."""
        self._found()
        return self._line

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and (self.file, self.line) == (other.file, other.line)

    def __hash__(self) -> int:
        return hash((self.file, self.line))

    def __repr__(self) -> str:
        return f"Source({self.file!r}, {self.line})"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line is not None else self.file


class ObjectKey(NamedTuple):
    """What a piece of evidence is about. A file is ``ObjectKey("", "File", "", "patches/api.yaml")``."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self.api_version.rpartition("/")[0]

    def __str__(self) -> str:
        return "/".join(part for part in (self.namespace, self.kind, self.name) if part)


class Sources(Protocol):
    """Finds the places of an object's fields."""

    def source(self, path: Path) -> Source:
        """The place of a field, or of its nearest parent."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an object came from: ``file`` and ``line`` of the object itself; ``fields`` finds those of its fields.

    ``fields`` is a mapping of paths to lines of the same file, or something that also looks into patches.
    """

    file: str = ""
    line: int | None = None
    fields: Sources | Mapping[Path, int] | None = None
    #: The path, from the repository's root, of the render that made it: the overlay, or a source that it follows.
    render: str = ""
    #: Fields that hold a variable which the reconciler fills in when it applies, with what nobody knows here.
    variables: tuple[Path, ...] = ()

    def source(self, path: Path = ()) -> Source:
        """The nearest known place of a field: its own line, else that of the nearest parent."""
        # No lambda: evidence may go from one process to another.
        return Source(self.file, find=partial(self._find, path))

    def _find(self, path: Path) -> Source:
        if self.fields is not None and not isinstance(self.fields, Mapping):
            return self.fields.source(path)
        lines = self.fields or {}
        ends = range(len(path), -1, -1)
        return Source(self.file, next((lines[path[:end]] for end in ends if path[:end] in lines), self.line))


class Manifest(dict[str, Any]):
    """A Kubernetes object: a plain dict that remembers where it came from."""

    __slots__ = ("_key", "origin")

    def __init__(self, content: Mapping[str, Any], origin: Origin | None = None) -> None:
        super().__init__(content)
        self.origin = origin or Origin()
        self._key: ObjectKey | None = None

    @property
    def key(self) -> ObjectKey:
        """Identity; the namespace is as written (the fact ``inventory`` has already filled in ``default``).

        It is read once: an object is not changed after it was loaded.
        """
        if self._key is None:
            self._key = self._identity()
        return self._key

    def _identity(self) -> ObjectKey:
        metadata = self.get("metadata")
        if not isinstance(metadata, dict):
            metadata = {}
        name = metadata.get("name") or metadata.get("generateName") or ""
        return ObjectKey(
            str(self.get("apiVersion") or ""),
            str(self.get("kind") or ""),
            str(metadata.get("namespace") or ""),
            str(name),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was looked at, whether it holds or not.

    ``holds`` is None where nobody could tell: such evidence makes the check not verified, never passed.
    """

    subject: ObjectKey
    holds: bool | None
    message: str
    pointer: str = ""
    expected: str = ""
    observed: str = ""
    source: Source | None = None
    #: The pointer with list items named by their key, and what else tells two findings at one place apart.
    keyed: str = ""
    #: Given by the engine, which knows the check.
    fingerprint: str = ""
    #: A failure that binds as a must even in a check that is a should (contract: ``pods-meet-restricted``).
    must: bool = False
    #: A remedy that can be pasted, where one is possible.
    patch: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found."""

    check: str
    requirements: tuple[str, ...]
    level: Level
    outcome: Outcome
    examined: int
    evidence: tuple[Evidence, ...] = ()
    reason: str | None = None
    #: Each input looked at (or absent), by method.
    methods: Mapping[Method, Outcome] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A row of the catalogue."""

    id: str
    level: Level
    title: str
    statement: str
    rationale: str
    remedy: str
    by: tuple[Method, ...]
    checks: tuple[str, ...]
    #: Checks of a must row that are only a should: shown, and outside the row's fold.
    advisory: tuple[str, ...] = ()
    #: Rows that a roll-up folds, instead of checks of its own or beside them.
    rolls_up: tuple[str, ...] = ()
    origin: Literal["document", "house", "team"] = "document"
    #: Checks on what a cluster shows: the row's own only where a cluster was looked at.
    live: tuple[str, ...] = ()

    @property
    def section(self) -> str:
        """The letters of the id: ``RAIL`` of ``RAIL-06``."""
        return self.id.partition("-")[0]


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """The status of a row and why."""

    id: str
    level: Level
    title: str
    status: Status
    reason: str | None
    methods: Mapping[Method, Outcome]
    checks: tuple[str, ...]
    #: Who must act on it: a role.
    role: str = ""
    #: Dates until which the records hold that decided the status (``waived``, ``attested``).
    until: str = ""


@dataclass(frozen=True, slots=True)
class Overlay:
    """What was judged."""

    path: str
    digest: str
    renderer: str
    objects: int
    as_of: str
    #: What the reader must know of the judgement: an exception in force, a render made elsewhere.
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run found; the same input gives an equal report."""

    overlay: Overlay
    decision: Decision
    requirements: tuple[RequirementResult, ...]
    results: tuple[CheckResult, ...]
    #: Records that were looked at, as plain mappings: their state is ``in-force``, ``expired``, ``unused``…
    records: tuple[Mapping[str, Any], ...] = ()

    def requirements_frame(self) -> Any:
        """The rows as a pandas DataFrame (see ``kfm_checks.tables``)."""
        from kfm_checks.tables import requirements_frame

        return requirements_frame(self)

    def evidence_frame(self) -> Any:
        """The evidence as a pandas DataFrame (see ``kfm_checks.tables``)."""
        from kfm_checks.tables import evidence_frame

        return evidence_frame(self)

    def requirement(self, id: str) -> RequirementResult:
        """The row with this id; KeyError where there is none."""
        return {row.id: row for row in self.requirements}[id]

    def result(self, check: str) -> CheckResult:
        """The result of this check; KeyError where it did not run."""
        return {result.check: result for result in self.results}[check]


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Fold outcomes, worst first: one failure is a failure; all not applicable is not applicable."""
    order: tuple[Outcome, ...] = ("fail", "error", "blocked", "not-verified", "pass", "not-applicable")
    return min(outcomes, key=order.index, default="not-verified")
