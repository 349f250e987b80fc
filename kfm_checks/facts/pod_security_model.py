"""What the controls of the Pod Security Standards share: a view of a pod, a violation, a control with its versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kfm_checks.facts.objects import annotations_of, dig
from kfm_checks.model import Path
from kfm_checks.values import Value

#: Fields that hold containers, in the order in which Kubernetes looks at them.
CONTAINER_FIELDS = ("initContainers", "containers", "ephemeralContainers")


class Violation(Value, frozen=True):
    """One place in a pod that a control forbids. ``path`` starts at the pod: ("spec", "containers", 0, …)."""

    check: str
    #: The control's name, as the page of the Pod Security Standards heads it.
    control: str
    message: str
    path: Path
    observed: Any
    expected: str

    @property
    def container(self) -> tuple[str, int] | None:
        """The field and the index of the container that it is about; None where it is about the pod."""
        if len(self.path) > 2 and self.path[1] in CONTAINER_FIELDS and isinstance(self.path[2], int):
            return str(self.path[1]), self.path[2]
        return None


class Part(Value, frozen=True):
    """The pod itself or one container: whatever has a security context. ``path`` starts at the pod."""

    name: str
    spec: Mapping[str, Any]
    path: Path

    def context(self, *steps: str) -> Any:
        """A value of the security context; None where it is absent."""
        return dig(self.spec, "securityContext", *steps)

    def at(self, *steps: str) -> Path:
        """The path of a field of the security context."""
        return (*self.path, "securityContext", *steps)


class PodView(Value, frozen=True):
    """A pod as the controls look at it."""

    spec: Mapping[str, Any]
    annotations: Mapping[str, str]
    pod: Part
    containers: tuple[Part, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The pod and its containers."""
        return (self.pod, *self.containers)

    @property
    def windows(self) -> bool:
        """Whether the pod says that it runs on Windows."""
        return bool(dig(self.spec, "os", "name") == "windows")

    @property
    def user_namespace(self) -> bool:
        """Whether the pod has a user namespace of its own (``hostUsers: false``)."""
        return self.spec.get("hostUsers") is False


Run = Callable[[PodView], Iterator[Violation]]
#: What a control's function yields: path, observed value, message.
Finding = tuple[Path, Any, str]


class Control(Value, frozen=True):
    """A control and how each policy version evaluates it; ``versions`` is sorted by the first minor version of 1."""

    id: str
    name: str
    expected: str
    versions: tuple[tuple[int, Callable[[PodView], Iterator[Finding]]], ...]
    #: Baseline controls that this one, being stricter, stands for.
    overrides: tuple[str, ...] = ()

    def at(self, version: tuple[int, int]) -> Run | None:
        """The evaluation in force at a policy version; None where the control did not exist yet."""
        found = [run for minor, run in self.versions if (1, minor) <= version]
        if not found:
            return None
        return lambda pod: (
            Violation(self.id, self.name, text, path, value, self.expected) for path, value, text in found[-1](pod)
        )


def view(pod: Mapping[str, Any]) -> PodView:
    """Read a pod or a pod template; what has another type than Kubernetes gives it counts as absent."""
    spec = dig(pod, "spec")
    spec = spec if isinstance(spec, dict) else {}
    containers = []
    for field in CONTAINER_FIELDS:
        listed = spec.get(field)
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(item, dict):
                containers.append(Part(f"container {item.get('name') or index!s}", item, ("spec", field, index)))
    return PodView(spec, annotations_of(pod), Part("the pod", spec, ("spec",)), tuple(containers))


def listed(value: Any) -> list[Any]:
    """A list as it is; anything else counts as empty."""
    return value if isinstance(value, list) else []
