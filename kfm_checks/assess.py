"""From inputs to a report: select the checks, run them on the facts, fold, decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from kfm_checks.checks import CHECKS, Check
from kfm_checks.config import Config, Settings
from kfm_checks.engine import Facts, run
from kfm_checks.errors import UsageError
from kfm_checks.evidence import file_key, unknown
from kfm_checks.fold import Judgement, decide, fold
from kfm_checks.judged import Judged, Options
from kfm_checks.model import Evidence, Level, Manifest, Overlay, Report, Requirement, RequirementResult
from kfm_checks.records import Record
from kfm_checks.records_state import states
from kfm_checks.requirements import CATALOGUE
from kfm_checks.target import Target

#: Inputs that come from the renderer: everything else can be looked at while it works.
AWAITED = ("objects", "delivery", "followed", "gitops_objects", "second_render", "overlay", "cluster")
#: Those of them that come last, when the renderer has said its version too and a cluster has been looked at.
LAST = ("overlay", "cluster", "seen")


def facts_of(
    inputs: Mapping[str, Any],
    absent: Mapping[str, str],
    settings: Settings,
    records: tuple[Record, ...],
    target: Target,
    options: Options,
) -> Facts:
    """The facts, as far as their inputs are there. ``absent`` says of a missing input why it is missing."""
    given = {
        "config": settings.config,
        "records": records,
        "target": target,
        "as_of": options.as_of,
        "kubernetes_versions": options.kubernetes_versions,
        "extra_schemas": _schemas_of(options.schemas),
        "extra_policies": _manifests_of(options.policies),
        **inputs,
        **options.inputs,
    }
    return Facts(given, {**ABSENT, **absent})


#: What checks import when they run: imported while the renderer works.
LAZY: Mapping[str, tuple[str, ...]] = {
    "admission-policies-are-enforced": (
        "kfm_checks.admission.engine",
        "kfm_checks.admission.attempts",
        "kfm_checks.admission.kyverno",
        "kfm_checks.admission.signatures",
        "kfm_checks.admission.standing",
    ),
    "objects-match-schema": ("kfm_checks.facts.schemas_validator",),
    "no-plaintext-credentials": ("kfm_checks.credential_shapes",),
}


def warm_up(checks: Iterable[Check], also: Iterable[str] = ()) -> None:
    """Import and make, while there is time, what will be needed anyway. Changes when it is done, never the result."""
    names = [check.name for check in checks]
    for module in (*also, *(module for name in names for module in LAZY.get(name, ()))):
        import_module(module)
    if "admission-policies-are-enforced" in names:
        from kfm_checks.admission.cel import compile_cel
        from kfm_checks.admission.cel_policy import BASE

        # The first expression of each sort makes its environment.
        compile_cel("object.kind != ''", BASE)
        compile_cel("isQuantity(object.kind)", BASE)
    if "objects-match-schema" in names:
        from kfm_checks.facts.schemas_store import bundled_versions, kinds

        kinds(bundled_versions()[-1])


def assess(
    overlay: Overlay,
    facts: Facts,
    settings: Settings,
    records: tuple[Record, ...],
    target: Target,
    options: Options,
) -> Judged:
    """Judge what was read."""
    config = settings.config
    facts.add({"overlay": overlay, "as_of": overlay.as_of})
    given = facts.inputs
    live = options.live or "cluster" in given
    rows = catalogue(config, live=live)
    checks = selected(options.only, config, live=live)
    results = run(checks, facts, _rows_of(rows), _levels_of(rows), _gaps(given))
    judgement = Judgement(
        {r.check: r for r in results},
        config,
        records,
        overlay.as_of,
        frozenset(check.name for check in CHECKS),
        cluster_given=live,
    )
    folded = fold(rows, judgement)
    shown = _shown(folded, rows, options.only, checks)
    kept = states(judgement, rows, folded, facts.get("record_commits"), in_git="repository" in given)
    report = Report(overlay, decide(shown), shown, results, kept)
    return Judged(report, facts, settings, records, target, rows)


#: Why an input that this run does not have is missing.
ABSENT: Mapping[str, str] = {
    "base": "no pull request was given (--change)",
    "change": "no pull request was given (--change)",
    "cluster": "cluster not looked at: no context or snapshot was given",
    "repository": "no git repository was looked at",
    "second_render": "no second renderer of another make was given (--kustomize)",
    "tree": "no overlay folder was looked at",
}


def catalogue(config: Config, *, live: bool = False) -> tuple[Requirement, ...]:
    """The rows in force: the catalogue with raised levels, then the team's own.

    Where a cluster is looked at (``live``), a row's live checks are among its checks.
    """
    raised = tuple(
        replace(row, level=config.levels.get(row.id, row.level), checks=row.checks + (row.live if live else ()))
        for row in CATALOGUE
    )
    own = tuple(
        Requirement(t.id, t.level, t.statement, t.statement, "", "", (), t.checks, origin="team")
        for t in config.requirements
    )
    return raised + own


def selected(only: Sequence[str], config: Config, *, live: bool = False) -> tuple[Check, ...]:
    """The checks to run: all, or those named by check name or requirement id. Raises UsageError on an unknown name."""
    rows = catalogue(config, live=live)
    idle = set() if live else {name for row in CATALOGUE for name in row.live}
    possible = tuple(check for check in CHECKS if check.name not in idle)
    if not only:
        return possible
    by_id = {row.id: row for row in rows}
    known = {check.name for check in CHECKS} | {name for row in rows for name in row.checks}
    wanted: set[str] = set()
    for name in only:
        if name in by_id:
            wanted |= _checks_of(by_id[name], by_id)
        elif name in known:
            wanted.add(name)
        else:
            raise UsageError(f"no requirement or check is called {name!r}", remedy="see `kfm-checks requirements`")
    return tuple(check for check in CHECKS if check.name in wanted)


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


def _gaps(given: Mapping[str, Any]) -> list[Evidence]:
    """One piece of evidence for each source that could not be rendered: workload rows are not whole without it.

    One more where nobody can tell into which namespace the overlay's objects go.
    """
    delivery = given.get("delivery")
    doubts = [unknown(file_key(given["overlay"].path), message=delivery.note)] if delivery and delivery.doubtful else []
    return doubts + [
        unknown(
            source.subject,
            ("spec",),
            message=f"the source of {source.subject} was not rendered: {source.reason}",
            about=source.id,
        )
        for source in given.get("followed", ())
        if source.state == "unavailable"
    ]


def _schemas_of(path: Path | None) -> tuple[Mapping[str, Any], ...]:
    if path is None:
        return ()
    from kfm_checks.schema_files import load_schemas

    return tuple(load_schemas(path))


def _manifests_of(path: Path | None) -> tuple[Manifest, ...]:
    if path is None:
        return ()
    from kfm_checks.manifests import load_manifests

    return tuple(load_manifests(path))
