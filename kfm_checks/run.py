"""One run: from what was given to a report. The command line, the notebooks and the site all come through here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from kfm_checks.checks import CHECKS, Check
from kfm_checks.config import Config, Settings, load_settings
from kfm_checks.engine import Facts, run
from kfm_checks.errors import UsageError
from kfm_checks.evidence import unknown
from kfm_checks.fold import Judgement, decide, fold
from kfm_checks.model import CheckResult, Evidence, Level, Manifest, Overlay, Report, Requirement, RequirementResult
from kfm_checks.records import FOLDER, Record, load_records
from kfm_checks.render import Loosened, Renderer
from kfm_checks.requirements import CATALOGUE
from kfm_checks.target import Target, locate


@dataclass(frozen=True)
class Options:
    """What a caller may choose beside the path; every field is optional."""

    only: tuple[str, ...] = ()
    strict: bool = False
    as_of: str = ""
    kustomize: str | None = None
    loosened: Loosened = field(default_factory=Loosened)
    rendered: Path | None = None
    schemas: Path | None = None
    policies: Path | None = None
    kubernetes_versions: tuple[str, ...] = ()
    change: Path | None = None
    #: Further inputs by fact name (a change, a cluster), given by the layers that read them.
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """A report with what it was made from: the site, the notebooks and the exports show both."""

    report: Report
    facts: Facts
    settings: Settings
    records: tuple[Record, ...]
    target: Target
    rows: tuple[Requirement, ...]

    @property
    def objects(self) -> tuple[Manifest, ...]:
        """The rendered objects."""
        return tuple(self.facts.inputs["objects"])


def today() -> str:
    """The day in UTC; the only place that looks at a clock."""
    return datetime.now(UTC).date().isoformat()


def check_overlay(path: str | Path, *, only: Sequence[str] | None = None, **options: Any) -> Report:
    """Render an overlay, read its tree and README, and judge it.

    ``options`` are the fields of :class:`Options`. Raises KfmChecksError where the overlay can't be read or rendered.
    """
    return judge(path, Options(only=tuple(only or ()), **options)).report


def check_objects(
    objects: Iterable[Mapping[str, Any]],
    *,
    only: Sequence[str] | None = None,
    config: Config | None = None,
    as_of: str = "",
    **inputs: Any,
) -> Report:
    """Judge plain objects: no tree, no git, no cluster; an absent namespace counts as ``default``.

    With ``only`` (check names or requirement ids) ``results`` holds those checks alone, and a row whose other checks
    did not run is never met.
    """
    manifests = tuple(obj if isinstance(obj, Manifest) else Manifest(obj) for obj in objects)
    settings = Settings(config or Config())
    given = {**inputs, "objects": manifests, "gitops_objects": (), "followed": ()}
    options = Options(only=tuple(only or ()), as_of=as_of, inputs=given)
    overlay = Overlay("", _digest(manifests), "none", len(manifests), as_of or today())
    absent = {"tree": "plain objects were given, so no overlay folder was looked at"}
    target = Target(Path(), Path(), "", False, False)
    return _judge(overlay, given, absent, settings, (), target, options).report


def judge(path: str | Path, options: Options) -> Judged:
    """Judge an overlay folder, or a file or folder of plain manifests. Raises KfmChecksError."""
    target = locate(path)
    _selected(options.only, CHECKS, _catalogue(Config()), strict=False)
    if not target.is_overlay:
        return _judge_manifests(target, options)
    from kfm_checks.load import load_overlay

    with ThreadPoolExecutor(2) as pool:
        loading = pool.submit(load_overlay, target, options)
        settings = load_settings(target.folder, target.root)
        records = load_records(target.folder / FOLDER, shown=_join(target.path, FOLDER))
        inputs: dict[str, Any] = _tree_inputs(target, settings.config)
        loaded = loading.result()
    inputs |= loaded.inputs(settings.config, target)
    objects = tuple(inputs["objects"])
    as_of = options.as_of or today()
    notes = _notes(settings.config, options)
    overlay = Overlay(target.path, _digest(objects), loaded.renderer, len(objects), as_of, notes)
    absent = {} if target.in_git else {"repository": "the overlay is not in a git repository"}
    return _judge(overlay, inputs, absent, settings, records, target, options)


def _judge_manifests(target: Target, options: Options) -> Judged:
    from kfm_checks.manifests import load_manifests

    objects = tuple(load_manifests(target.folder))
    if not objects:
        raise UsageError(
            "there is no manifest and no kustomization file", file=target.path, remedy="give an overlay folder"
        )
    settings = load_settings(target.folder if target.folder.is_dir() else target.folder.parent, target.root)
    inputs = {"objects": objects, "gitops_objects": (), "followed": ()}
    overlay = Overlay(target.path, _digest(objects), "none", len(objects), options.as_of or today())
    absent = {"tree": "plain manifests were given, so no overlay folder was looked at"}
    return _judge(overlay, inputs, absent, settings, (), target, options)


def _judge(
    overlay: Overlay,
    inputs: Mapping[str, Any],
    absent: Mapping[str, str],
    settings: Settings,
    records: tuple[Record, ...],
    target: Target,
    options: Options,
) -> Judged:
    config = settings.config
    rows = _catalogue(config)
    given = {
        "config": config,
        "records": records,
        "target": target,
        "overlay": overlay,
        "as_of": overlay.as_of,
        "kubernetes_versions": options.kubernetes_versions,
        "extra_schemas": _manifests_of(options.schemas),
        "extra_policies": _manifests_of(options.policies),
        **inputs,
        **options.inputs,
    }
    facts = Facts(given, {**ABSENT, **absent})
    checks = _selected(options.only, CHECKS, rows, strict=True)
    results = run(checks, facts, _rows_of(rows), _levels_of(rows), _gaps(given.get("followed", ())))
    judgement = Judgement(
        {r.check: r for r in results},
        config,
        records,
        overlay.as_of,
        frozenset(check.name for check in CHECKS),
        cluster_given="cluster" in given,
    )
    folded = fold(rows, judgement)
    shown = _shown(folded, rows, options.only, checks)
    report = Report(overlay, decide(shown), shown, results, _record_states(records, judgement, overlay.as_of))
    return Judged(report, facts, settings, records, target, rows)


#: Why an input that this run does not have is missing.
ABSENT: Mapping[str, str] = {
    "change": "no pull request was given (--change)",
    "cluster": "cluster not looked at: no context or snapshot was given",
    "repository": "no git repository was looked at",
    "second_render": "no second renderer of another make was given (--kustomize)",
    "tree": "no overlay folder was looked at",
}


def _catalogue(config: Config) -> tuple[Requirement, ...]:
    """The rows in force: the catalogue with raised levels, then the team's own."""
    raised = tuple(replace(row, level=config.levels.get(row.id, row.level)) for row in CATALOGUE)
    own = tuple(
        Requirement(t.id, t.level, t.statement, t.statement, "", "", (), t.checks, origin="team")
        for t in config.requirements
    )
    return raised + own


def _selected(
    only: Sequence[str], checks: Sequence[Check], rows: Sequence[Requirement], *, strict: bool
) -> tuple[Check, ...]:
    """The checks to run: all, or those named by check name or requirement id. Raises UsageError on an unknown name."""
    if not only:
        return tuple(checks)
    by_id = {row.id: row for row in rows}
    known = {check.name for check in checks} | {name for row in rows for name in row.checks}
    wanted: set[str] = set()
    for name in only:
        if name in by_id:
            wanted |= _checks_of(by_id[name], by_id)
        elif name in known:
            wanted.add(name)
        elif strict:
            raise UsageError(f"no requirement or check is called {name!r}", remedy="see `kfm-checks requirements`")
    return tuple(check for check in checks if check.name in wanted)


def _checks_of(row: Requirement, by_id: Mapping[str, Requirement]) -> set[str]:
    return set(row.checks).union(*(_checks_of(by_id[part], by_id) for part in row.rolls_up if part in by_id))


def _shown(
    folded: tuple[RequirementResult, ...], rows: Sequence[Requirement], only: Sequence[str], checks: Sequence[Check]
) -> tuple[RequirementResult, ...]:
    """With ``only``, the rows asked for, or those that the checks asked for serve."""
    if not only:
        return folded
    ran = {check.name for check in checks}
    served = {row.id for row in rows if row.id in only or (set(only) & set(row.checks) and ran & set(row.checks))}
    return tuple(row for row in folded if row.id in served)


def _rows_of(rows: Iterable[Requirement]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        for name in row.checks:
            found.setdefault(name, []).append(row.id)
    return found


def _levels_of(rows: Iterable[Requirement]) -> dict[str, Level]:
    """A check is a must where a must row counts it."""
    found: dict[str, Level] = {}
    for row in rows:
        for name in row.checks:
            binding: Level = "must" if row.level == "must" and name not in row.advisory else "should"
            found[name] = "must" if "must" in (binding, found.get(name)) else "should"
    return found


def _gaps(followed: Iterable[Any]) -> list[Evidence]:
    """One piece of evidence for each source that could not be rendered: workload rows are not whole without it."""
    return [
        unknown(source.subject, ("spec",), message=f"its source was not rendered: {source.reason}", about=source.id)
        for source in followed
        if source.state == "unavailable"
    ]


def _tree_inputs(target: Target, config: Config) -> dict[str, Any]:
    from kfm_checks.facts.tree import Tree

    inputs: dict[str, Any] = {"tree": Tree(target.folder, target.root)}
    if target.in_git:
        from kfm_checks.facts.repository import Repository

        inputs["repository"] = Repository(target.root, target.path)
    return inputs


def _manifests_of(path: Path | None) -> tuple[Manifest, ...]:
    if path is None:
        return ()
    from kfm_checks.manifests import load_manifests

    return tuple(load_manifests(path))


def _digest(objects: Sequence[Mapping[str, Any]]) -> str:
    encoded = sorted(msgspec.json.encode(dict(obj), order="sorted") for obj in objects)
    return "sha256:" + hashlib.sha256(b"\n".join(encoded)).hexdigest()


def _notes(config: Config, options: Options) -> tuple[str, ...]:
    notes = []
    if config.thresholds.cpu_limits == "memory-only":
        notes.append("CPU limits are not required here: a governed exception (thresholds.cpu-limits)")
    if config.not_applicable:
        notes.append(f"{len(config.not_applicable)} rows are declared not applicable")
    if options.rendered is not None:
        notes.append(f"the objects are from {options.rendered.name}, a render made elsewhere")
    return tuple(notes)


def _record_states(records: Sequence[Record], judgement: Judgement, as_of: str) -> tuple[Mapping[str, Any], ...]:
    """Each record with its state: in force, expired, or unused."""
    shown = []
    for index, record in enumerate(records):
        state = "expired" if record.expired(as_of) else "in-force"
        if state == "in-force" and record.kind != "incident" and index not in judgement.used:
            state = "unused"
        shown.append({**msgspec.to_builtins(record), "state": state})
    return tuple(shown)


def exit_status(report: Report, *, strict: bool = False, require: Iterable[str] = ()) -> int:
    """0 or 1, as the contract says: see its section on exit statuses."""
    broken = any(result.level == "must" and result.outcome == "error" for result in report.results)
    failing = {("must", "not-met")}
    if strict:
        failing |= {("should", "not-met"), ("must", "not-verified")}
    wanted = set(require)
    for row in report.requirements:
        if (row.level, row.status) in failing:
            return 1
        if row.id in wanted and row.status not in {"met", "attested", "not-applicable"}:
            return 1
    return int(broken)


def required_unknown(require: Iterable[str], report: Report) -> None:
    """Refuse a ``--require`` that names no row. Raises UsageError."""
    known = {row.id for row in report.requirements}
    for id in require:
        if id not in known:
            raise UsageError(f"no requirement is called {id!r}", remedy="see `kfm-checks requirements`")


def _join(folder: str, name: str) -> str:
    return name if folder in {"", "."} else f"{folder}/{name}"


def results_by_check(results: Iterable[CheckResult]) -> dict[str, CheckResult]:
    """Results by the name of their check."""
    return {result.check: result for result in results}


__all__ = ["Judged", "Options", "Renderer", "check_objects", "check_overlay", "exit_status", "judge", "today"]
