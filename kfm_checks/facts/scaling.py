"""How many pods a workload has at the least: its replicas, or the floor of what scales it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

#: Kinds whose pods are one for each node, whatever a number says.
PER_NODE = frozenset({"DaemonSet"})


class Scale(Value, frozen=True):
    """The least number of pods wanted, and the field that says so."""

    minimum: int
    obj: Manifest
    path: Path

    @property
    def words(self) -> str:
        """Where the number comes from."""
        if self.obj.key.kind in {"HorizontalPodAutoscaler", "ScaledObject"}:
            return f"{self.obj.key.kind} {self.obj.key.name} keeps at least {self.minimum}"
        return f"{self.minimum} wanted"


def scales(inventory: Inventory, workloads: tuple[Workload, ...]) -> Mapping[str, Scale]:
    """The scale of each workload by its id; an autoscaler's minimum decides over ``spec.replicas``."""
    found = {workload.id: Scale(workload.replicas, workload.obj, ("spec", "replicas")) for workload in workloads}
    floors: dict[str, Scale] = {}
    for target, scale in (*_autoscalers(inventory), *_scaled_objects(inventory)):
        known = floors.get(target)
        if target in found and (known is None or scale.minimum < known.minimum):
            floors[target] = scale
    return {**found, **floors}


def _autoscalers(inventory: Inventory) -> Iterator[tuple[str, Scale]]:
    for obj in inventory.of("HorizontalPodAutoscaler", "autoscaling"):
        path = ("spec", "minReplicas")
        yield _target(obj, "Deployment"), Scale(_count(dig(obj, *path), 1), obj, path)


def _scaled_objects(inventory: Inventory) -> Iterator[tuple[str, Scale]]:
    for obj in inventory.of("ScaledObject", "keda.sh"):
        path = ("spec", "minReplicaCount")
        yield _target(obj, "Deployment"), Scale(_count(dig(obj, *path), 0), obj, path)


def _target(obj: Manifest, default: str) -> str:
    kind = dig(obj, "spec", "scaleTargetRef", "kind", default=default)
    return f"{obj.key.namespace}/{kind}/{dig(obj, 'spec', 'scaleTargetRef', 'name', default='')}"


def _count(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default
