"""What carries out the controlled load: workloads, Argo Workflows and GitHub workflows that see the manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from kfm_checks.config import Config
from kfm_checks.errors import ConfigError
from kfm_checks.evidence import file_key
from kfm_checks.facts.datasets import DataManifest
from kfm_checks.facts.datasets_manifest import PATH, SCHEMA
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest, ObjectKey, Path, Source
from kfm_checks.values import Value
from kfm_checks.yamlfile import parse_yaml

WORKFLOWS = ".github/workflows"
_RECONCILE = re.compile(r"\bdata[\s,\"']+reconcile\b")
_APPLY = re.compile(r"--apply\b")
_ARGO = ("CronWorkflow", "Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "Sensor")


class Loader(Value, frozen=True):
    """Something that may carry out the load. ``observes`` None: nobody can tell whether it sees the manifest."""

    subject: Manifest | ObjectKey
    id: str
    path: Path
    #: How it learns of the manifest, or why it doesn't.
    how: str
    observes: bool | None
    #: Whether its command is seen to load, and not only to try.
    loads: bool
    stopped: str = ""
    source: Source | None = None


def loaders(
    inventory: Inventory, workloads: tuple[Workload, ...], tree: Tree, data_manifest: DataManifest, config: Config
) -> tuple[Loader, ...]:
    """Every loader that is declared, or that reads the manifest or runs the reconcile command."""
    maps = _maps(inventory, data_manifest)
    found = [*_workloads(workloads, maps, config), *_argo(inventory, maps, config), *_github(tree)]
    return tuple(sorted(found, key=lambda one: one.id))


def _maps(inventory: Inventory, manifest: DataManifest) -> dict[tuple[str, str], bool]:
    """ConfigMaps that carry a data manifest: whether it is this very one."""
    found: dict[tuple[str, str], bool] = {}
    for obj in inventory.of("ConfigMap"):
        data = obj.get("data")
        texts = [text for text in data.values() if isinstance(text, str)] if isinstance(data, dict) else []
        carried = [text for text in texts if SCHEMA in text]
        if carried:
            found[obj.key.namespace, obj.key.name] = manifest.file.text.strip() in {text.strip() for text in carried}
    return found


def _workloads(workloads: tuple[Workload, ...], maps: dict[tuple[str, str], bool], config: Config) -> Iterator[Loader]:
    for workload in workloads:
        text = "\n".join(" ".join(_words(container.spec)) for container in workload.containers)
        mounted = [maps[key] for name in config_maps(workload.spec) if (key := (workload.namespace, name)) in maps]
        declared = workload.id == config.data.reconciler
        loads = bool(_RECONCILE.search(text))
        if declared or loads or mounted:
            how, observes = _observes(mounted, text)
            stopped = "it is suspended" if dig(workload.obj, "spec", "suspend") is True else ""
            tries = loads and not _APPLY.search(text)
            stopped = stopped or ("its command only tries the load: --apply is missing" if tries else "")
            yield Loader(workload.obj, workload.id, workload.path, how, observes, declared or loads, stopped)


def _observes(mounted: list[bool], text: str) -> tuple[str, bool | None]:
    if True in mounted:
        return "it mounts the manifest, delivered by the overlay", True
    if mounted:
        return "the manifest that it mounts is not the one of the overlay", False
    if re.search(r"\bgit(-sync)?\b", text):
        return "it reads the manifest from git", True
    return "how it learns of the manifest can't be seen", None


def config_maps(spec: dict[str, Any]) -> list[str]:
    """Names of the ConfigMaps that a pod spec mounts, projected ones among them."""
    found = []
    for volume in items(spec, "volumes"):
        sources = [volume, *items(volume, "projected", "sources")]
        found += [str(name) for source in sources if (name := dig(source, "configMap", "name"))]
    return found


def _words(value: Any) -> Iterator[str]:
    """Image, command, arguments and environment of a container, as one text."""
    for name in ("image", "command", "args", "env"):
        yield from _flat(value.get(name))


def _flat(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _flat(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _flat(item)


def _argo(inventory: Inventory, maps: dict[tuple[str, str], bool], config: Config) -> Iterator[Loader]:
    """Argo Workflows: a template alone starts nothing; what starts it is a CronWorkflow, a Sensor or a Workflow."""
    objects = [obj for kind in _ARGO for obj in inventory.of(kind, "argoproj.io")]
    templates = {obj.key.name: obj for obj in objects if obj.key.kind.endswith("WorkflowTemplate")}
    for obj in objects:
        text = " ".join(_flat(dict(obj)))
        text += "".join(" ".join(_flat(dict(template))) for name, template in sorted(templates.items()) if name in text)
        names = {key[1]: same for key, same in maps.items() if key[1] in text}
        declared = str(obj.key) == config.data.reconciler
        loads = bool(_RECONCILE.search(text))
        if obj.key.kind.endswith("WorkflowTemplate") or not (declared or loads or names):
            continue
        how, observes = _observes(list(names.values()), text)
        stopped = "it is suspended" if dig(obj, "spec", "suspend") is True else ""
        if loads and not _APPLY.search(text):
            stopped = stopped or "its command only tries the load: --apply is missing"
        yield Loader(obj, str(obj.key), ("spec",), how, observes, declared or loads, stopped)


def _github(tree: Tree) -> Iterator[Loader]:
    """GitHub workflows that run the load; one that only verifies or plans is none."""
    manifest = f"{tree.source_path}/{PATH}".lstrip("/")
    for file in tree.listed(WORKFLOWS):
        if file.suffix not in (".yml", ".yaml") or not _RECONCILE.search(file.text):
            continue
        value = _parsed(file)
        runs = [str(step.get("run")) for job in _jobs(value) for step in items(job, "steps") if step.get("run")]
        loading = [run for run in runs if _RECONCILE.search(run)]
        if not loading:
            continue
        how, observes = _triggered(value, manifest)
        stopped = "" if any(_APPLY.search(run) for run in loading) else "it only tries the load: --apply is missing"
        yield Loader(file_key(file.source_path), file.source_path, (), how, observes, not stopped, stopped, file.at())


def _parsed(file: TreeFile) -> dict[Any, Any]:
    try:
        value = parse_yaml(file.text, shown=file.path).value
    except ConfigError:
        return {}
    return value if isinstance(value, dict) else {}


def _jobs(value: dict[Any, Any]) -> list[dict[str, Any]]:
    jobs = value.get("jobs")
    return [job for job in jobs.values() if isinstance(job, dict)] if isinstance(jobs, dict) else []


def _triggered(value: dict[Any, Any], manifest: str) -> tuple[str, bool]:
    """Whether a push that changes the manifest starts the workflow; YAML 1.1 reads the key ``on`` as true."""
    on = value.get("on", value.get(True))
    push = on.get("push") if isinstance(on, dict) else None
    names = on if isinstance(on, list) else [on]
    if push is None and "push" in names:
        return "every push starts it", True
    if isinstance(on, dict) and "push" in on:
        paths = push.get("paths") if isinstance(push, dict) else None
        if not isinstance(paths, list) or any(fnmatchcase(manifest, str(path).replace("**", "*")) for path in paths):
            return "a push that changes the manifest starts it", True
        return "a push that changes the manifest doesn't start it", False
    if isinstance(on, dict) and "schedule" in on:
        return "a schedule starts it", True
    return "a change of the manifest doesn't start it", False


def text_of(obj: Manifest) -> str:
    """An object as one line of JSON, for a search."""
    return msgspec.json.encode(dict(obj)).decode()
