"""How many pods a workload has at the least: its replicas, or the floor of what scales it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kfm_checks.facts.objects import Inventory, annotations_of, dig
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

#: Kinds whose pods are one for each node, whatever a number says.
PER_NODE = frozenset({"DaemonSet"})
#: KEDA documentation, *Pause autoscaling*: the number of pods, whatever the triggers say.
_PAUSED = "autoscaling.keda.sh/paused-replicas"


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
        yield _target(obj, "Deployment"), min(_floors(obj), key=lambda floor: floor.minimum)


def _floors(obj: Manifest) -> Iterator[Scale]:
    """What a ScaledObject may go down to: its minimum, the number where nothing triggers, the one it is paused at."""
    paused = str(annotations_of(obj).get(_PAUSED, ""))
    if paused.isdecimal():
        yield Scale(int(paused), obj, ("metadata", "annotations", _PAUSED))
        return
    for field, default in (("minReplicaCount", 0), ("idleReplicaCount", None)):
        number = dig(obj, "spec", field, default=default)
        if number is not None:
            yield Scale(_count(number, 0), obj, ("spec", field))


def _target(obj: Manifest, default: str) -> str:
    kind = dig(obj, "spec", "scaleTargetRef", "kind", default=default)
    return f"{obj.key.namespace}/{kind}/{dig(obj, 'spec', 'scaleTargetRef', 'name', default='')}"


def _count(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default
