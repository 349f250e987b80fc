"""One run: from what was given to a report. The command line, the notebooks and the site all come through here.

The renderer is started before anything is imported that it does without: hence the imports within functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfm_checks.errors import UsageError
from kfm_checks.judged import Judged, Options, today
from kfm_checks.target import Target, locate

if TYPE_CHECKING:
    from kfm_checks.checks import Check
    from kfm_checks.config import Config
    from kfm_checks.engine import Facts
    from kfm_checks.load import Loading
    from kfm_checks.model import Report


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
    from kfm_checks.assess import assess, facts_of
    from kfm_checks.config import Config, Settings
    from kfm_checks.model import Manifest, Overlay

    manifests = tuple(obj if isinstance(obj, Manifest) else Manifest(obj) for obj in objects)
    settings = Settings(config or Config())
    options = Options(only=tuple(only or ()), as_of=as_of or today())
    if isinstance(inputs.get("cluster"), Mapping):
        from kfm_checks.facts.cluster import from_plain

        inputs["cluster"] = from_plain(inputs["cluster"])
    given = {**inputs, "objects": manifests, "gitops_objects": (), "followed": ()}
    overlay = Overlay("", _digest(manifests), "none", len(manifests), options.as_of)
    absent = {"tree": "plain objects were given, so no overlay folder was looked at"}
    target = Target(Path(), Path(), "", False, False)
    facts = facts_of(given, absent, settings, (), target, options)
    return assess(overlay, facts, settings, (), target, options).report


def judge(path: str | Path, options: Options) -> Judged:
    """Judge an overlay folder, or a file or folder of plain manifests. Raises KfmChecksError."""
    target = locate(path)
    options = replace(options, as_of=options.as_of or today())
    if not target.is_overlay:
        if options.rendered is not None:
            remedy = "give the overlay's folder, or the render itself as PATH"
            raise UsageError("--rendered is an overlay's render, and here is none", file=target.path, remedy=remedy)
        return _judge_manifests(path, target, options)
    from kfm_checks.load import start

    loading = start(target, options)
    try:
        # While the renderer works: everything that needs no objects, heavy imports among it.
        from kfm_checks.assess import AWAITED, assess, facts_of, selected, warm_up
        from kfm_checks.config import load_settings
        from kfm_checks.model import Overlay
        from kfm_checks.precheck import precheck
        from kfm_checks.provenance import Provenance
        from kfm_checks.records import FOLDER, load_records

        settings = load_settings(target.folder, target.root)
        checks = selected(options.only, settings.config, live=options.live)
        records = load_records(target.folder / FOLDER, shown=_join(target.path, FOLDER))
        absent = {} if target.in_git else {"repository": "the overlay is not in a git repository"}
        rules = settings
        inputs, notes = _tree_inputs(target), list[str]()
        if options.change is not None:
            # A change is judged by the configuration and records of its base.
            from kfm_checks.change.inputs import governed

            change = governed(target, options, settings, records)
            rules, records, notes = change.settings, change.records, list(change.notes)
            inputs, absent = {**inputs, **change.inputs}, {**absent, **change.absent}
        facts = facts_of(inputs, absent, rules, records, target, options)
        tree, reached = facts.get("tree"), facts.get("references")
        precheck(tree, reached)
        loading.look_ahead(settings.config, target, tree, reached)
        facts.prepare(checks, AWAITED)
        facts.get("record_commits")  # wanted at the end of every run
        warm_up(checks, options.writers)
        facts.add(loading.inputs(settings, target, Provenance(tree, reached, target.path)))
        renderer = _look_early(facts, checks, loading, apart=options.apart)
    finally:
        loading.stop()
    _look(options, facts)
    objects = facts.get("objects")
    shown = (*notes, *_notes(rules.config, options), *_as_applied(facts))
    overlay = Overlay(target.path, _digest(objects), renderer, len(objects), options.as_of, shown)
    return assess(overlay, facts, rules, records, target, options)


def _judge_manifests(path: str | Path, target: Target, options: Options) -> Judged:
    from kfm_checks.assess import assess, facts_of
    from kfm_checks.config import load_settings
    from kfm_checks.model import Overlay
    from kfm_checks.target import manifests_of

    objects = tuple(manifests_of(path, target.root))
    if not objects:
        remedy = "give an overlay folder"
        raise UsageError("there is no manifest and no kustomization file", file=target.path, remedy=remedy)
    settings = load_settings(target.folder if target.folder.is_dir() else target.folder.parent, target.root)
    inputs: dict[str, Any] = {"objects": objects, "gitops_objects": (), "followed": ()}
    overlay = Overlay(target.path, _digest(objects), "none", len(objects), options.as_of)
    absent = {"tree": "plain manifests were given, so no overlay folder was looked at"}
    if options.change is not None:
        from kfm_checks.change.inputs import governed

        change = governed(target, options, settings, ())
        inputs, absent, settings = {**inputs, **change.inputs}, {**absent, **change.absent}, change.settings
    facts = facts_of(inputs, absent, settings, (), target, options)
    _look(options, facts)
    return assess(overlay, facts, settings, (), target, options)


def _look_early(facts: Facts, checks: Sequence[Check], loading: Loading, *, apart: bool) -> str:
    """Run what needs only the render, half of it beside this process; then hear who rendered."""
    from kfm_checks.apart import begin
    from kfm_checks.assess import LAST

    beside = begin(facts, checks, LAST) if apart else None
    try:
        facts.prepare([check for check in checks if beside is None or check not in beside.checks], LAST)
        renderer = loading.renderer()
        if beside is not None:
            facts.take(beside.looked())
        return renderer
    finally:
        if beside is not None:
            beside.stop()


def _look(options: Options, facts: Facts) -> None:
    """Look at the cluster, or at a snapshot of one, where the caller named it; nothing is contacted otherwise."""
    if options.live:
        from kfm_checks.facts.live_age import unusable
        from kfm_checks.live import see

        seen = see(options, facts, _digest(facts.get("objects")))
        facts.add({"seen": seen})
        reason = unusable(seen, facts.get("config"), options.as_of)
        if reason:
            facts.absent = {**facts.absent, "cluster": reason}
        else:
            facts.add({"cluster": seen})


def _tree_inputs(target: Target) -> dict[str, Any]:
    from kfm_checks.facts.tree import Tree

    inputs: dict[str, Any] = {"tree": Tree(target.folder, target.root)}
    if target.in_git:
        from kfm_checks.facts.repository import Repository

        inputs["repository"] = Repository(target.root, target.path)
    return inputs


def _digest(objects: Sequence[Mapping[str, Any]]) -> str:
    import hashlib

    import msgspec

    encoded = sorted(msgspec.json.encode(dict(obj), order="sorted") for obj in objects)
    return "sha256:" + hashlib.sha256(b"\n".join(encoded)).hexdigest()


def _as_applied(facts: Facts) -> Iterator[str]:
    """What the reconciler does to the objects on their way into the cluster."""
    delivery, variables = facts.get("delivery"), facts.get("variables")
    if delivery:
        yield delivery.note
    if variables:
        names = sorted({name for found in variables.values() for each in found for name in each.names})
        text = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        yield f"variables that Flux fills in with what is not known here: {text} (objects: {len(variables)})"


#: Variables named in a note.
_SHOWN = 8


def _notes(config: Config, options: Options) -> tuple[str, ...]:
    from kfm_checks.config_rules import declaration_holds

    notes = []
    if config.thresholds.cpu_limits == "memory-only":
        notes.append("CPU limits are not required here: a governed exception (thresholds.cpu-limits)")
    if config.not_applicable:
        void = sum(not declaration_holds(declared, options.as_of) for declared in config.not_applicable)
        notes.append(f"rows declared not applicable: {len(config.not_applicable) - void}")
        if void:
            notes.append(f"declarations that don't count: {void} (no reason, no signer, or the dates)")
    if options.rendered is not None:
        notes.append(f"the objects are from {options.rendered.name}, a render made elsewhere")
    return tuple(notes)


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
    """Refuse a ``--require`` that names no row, or one that ``--only`` leaves out. Raises UsageError."""
    from kfm_checks.requirements import CATALOGUE

    known = {row.id for row in report.requirements}
    for id in require:
        if id not in known and any(row.id == id for row in CATALOGUE):
            raise UsageError(f"--require {id}: --only leaves that row out", remedy=f"give --only {id}, too")
        if id not in known:
            raise UsageError(f"no requirement is called {id!r}", remedy="see `kfm-checks requirements`")


def _join(folder: str, name: str) -> str:
    return name if folder in {"", "."} else f"{folder}/{name}"


__all__ = ["Judged", "Options", "check_objects", "check_overlay", "exit_status", "judge", "today"]
