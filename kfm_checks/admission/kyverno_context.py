"""What Kyverno's variables stand for: the request, context entries, the element of a loop; substituted as Kyverno does.

https://kyverno.io/docs/policy-types/cluster-policy/variables/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from kfm_checks.admission import lib_image
from kfm_checks.admission.cel_scope import request
from kfm_checks.admission.kyverno_api import from_url
from kfm_checks.admission.kyverno_jmespath import search
from kfm_checks.admission.kyverno_pattern import Check
from kfm_checks.admission.model import Candidate, NotEvaluated, PolicyError
from kfm_checks.facts.objects import Inventory, dig, items

_VARIABLE = re.compile(r"(?<!\\)\{\{(?:\{[^{}]*\}|[^{}])*\}\}")
_WHO = re.compile(r"\b(?:request\.(?:userInfo|roles|clusterRoles)|serviceAccountName|serviceAccountNamespace)\b")
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_MOST_PASSES = 50
_LONGEST = 1_000_000


class Unresolved(PolicyError):  # noqa: N818 - a finding, which preconditions take as ""
    """A variable that stands for nothing."""


class Context:
    """The data that expressions query. Entries of ``context`` are loaded when an expression first names them."""

    def __init__(
        self,
        candidate: Candidate,
        inventory: Inventory,
        entries: Iterable[Mapping[str, Any]] = (),
        parent: Any = None,
        patterns: Mapping[int, Check] | None = None,
    ) -> None:
        self.candidate = candidate
        self.inventory = inventory
        #: Patterns of the rule that hold no variable, made ready, by their identity.
        self.patterns: Mapping[int, Check] = patterns if patterns is not None else {}
        self._entries = {str(entry.get("name")): entry for entry in entries}
        self._loading: set[str] = set()
        self._parent: Context | None = parent
        self._own: dict[str, Any] = {}
        if parent is not None:
            self._entries = {**parent._entries, **self._entries}

    @cached_property
    def data(self) -> dict[str, Any]:
        """What expressions see; made when one is first asked for."""
        return {**(self._parent.data if self._parent is not None else {"request": self._request}), **self._own}

    @cached_property
    def _request(self) -> dict[str, Any]:
        return self._parent._request if self._parent is not None else _request(self.candidate)

    def inner(self, entries: Iterable[Mapping[str, Any]], **values: Any) -> Context:
        """A context for one element of a loop."""
        made = Context(self.candidate, self.inventory, entries, self, self.patterns)
        made._own = values
        return made

    def query(self, expression: str) -> Any:
        """The value of an expression. Raises Unresolved where there is none, NotEvaluated, or PolicyError."""
        seen = _read(expression)
        if seen.who:
            raise NotEvaluated("it reads who asks (userInfo, roles or service account), which no render tells")
        for name in list(self._entries):
            if re.search(rf"(?<![\w.]){re.escape(name)}\b|\"{re.escape(name)}\"", expression):
                self._load(name)
        if seen.images and "images" not in self.data:
            self.data["images"] = _images(self.candidate)
        found = self._found(expression, seen)
        if found is None:
            raise Unresolved(f"failed to resolve {expression}")
        return found

    def _found(self, expression: str, seen: _Read) -> Any:
        if seen.steps:
            found: Any = self.data
            for step in seen.steps:
                found = found.get(step) if isinstance(found, dict) else None
            return found
        if not seen.request or self.data.get("request") is not self._request:
            return search(expression, self.data)
        # What is read of the request alone is the same for every policy.
        known: dict[str, Any] = self.candidate.__dict__.setdefault("_queries", {})
        if expression not in known:
            known[expression] = search(expression, self.data)
        return known[expression]

    def _load(self, name: str) -> None:
        entry = self._entries[name]
        if name in self._loading:
            raise PolicyError(f"the context entry {name} needs itself")
        self._loading.add(name)
        try:
            self.data[name] = self._entry(name, entry)
        finally:
            self._loading.discard(name)
        del self._entries[name]

    def _entry(self, name: str, entry: Mapping[str, Any]) -> Any:
        if isinstance(entry.get("variable"), dict):
            return self._variable(name, entry["variable"])
        if isinstance(entry.get("apiCall"), dict):
            return self._called(name, entry["apiCall"])
        reference = entry.get("configMap")
        if not isinstance(reference, dict):
            kind = next((k for k in ("apiCall", "imageRegistry", "globalReference") if k in entry), "context entry")
            raise NotEvaluated(f"the context entry {name} needs a {kind}, which only a cluster or the network answers")
        wanted = (
            str(substitute(self, reference.get("name"))),
            str(substitute(self, reference.get("namespace") or "default")),
        )
        found = self.inventory.get("ConfigMap", *wanted)
        if found is None:
            raise NotEvaluated(f"the ConfigMap {wanted[1]}/{wanted[0]} that the policy reads is not in the render")
        return found

    def _called(self, name: str, call: Mapping[str, Any]) -> Any:
        """A GET of one object by its name, which the render answers where it holds the object."""
        try:
            url = str(substitute(self, call.get("urlPath") or ""))
            found: Any = from_url(url, call, self.inventory)
        except LookupError as error:
            raise NotEvaluated(f"the context entry {name} needs an apiCall: {error.args[0]}") from error
        path = call.get("jmesPath")
        if path:
            found = search(str(substitute(self, path)), found)
        if found is None and "default" in call:
            return substitute(self, call["default"])
        return found

    def _variable(self, name: str, variable: Mapping[str, Any]) -> Any:
        try:
            value = substitute(self, variable["value"]) if "value" in variable else None
            path = variable.get("jmesPath")
            if not path:
                return value
            text = str(substitute(self, path))
            found = search(text, value) if "value" in variable else self.query(text)
            if found is not None:
                return found
        except Unresolved:
            if "default" not in variable:
                raise
        if "default" in variable:
            return substitute(self, variable["default"])
        raise Unresolved(f"failed to resolve the context entry {name}")


class _Read(NamedTuple):
    """What an expression reads, seen once. ``steps``: names of a plain path, which needs no JMESPath."""

    who: bool
    images: bool
    steps: tuple[str, ...]
    #: Whether it reads nothing but the request.
    request: bool


@lru_cache(maxsize=4096)
def _read(expression: str) -> _Read:
    plain = tuple(expression.split(".")) if _PATH.fullmatch(expression) else ()
    images = re.search(r"(?<![\w.])images\b", expression) is not None
    return _Read(_WHO.search(expression) is not None, images, plain, _of_request(expression))


def _of_request(expression: str) -> bool:
    from kfm_checks.admission.jmespath_reads import Unclear, read

    try:
        return not any(name.startswith("element") for name in read(expression, whole=False))
    except Unclear:
        return False


def _request(candidate: Candidate) -> dict[str, Any]:
    made = request(candidate)
    return {
        "object": candidate.obj, "operation": candidate.operation, "name": candidate.name, "kind": made["kind"],
        "namespace": made.get("namespace", ""), "resource": made["resource"], "dryRun": False,
    }  # fmt: skip


def _images(candidate: Candidate) -> dict[str, Any]:
    from kfm_checks.admission.locate import pod_path

    path = pod_path(candidate)
    spec = dig(candidate.obj, *path, default={}) if path is not None else {}
    found: dict[str, Any] = {}
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for container in items(spec, field):
            try:
                image = lib_image.image(str(container.get("image") or ""))
            except ValueError as error:
                raise PolicyError(str(error)) from error
            tag = image["tag"] or ("" if image["digest"] else "latest")
            name = str(image["repository"]).removeprefix("library/")
            info = {"registry": image["registry"], "path": name, "name": name.rpartition("/")[2]}
            end = f"@{image['digest']}" if image["digest"] else f":{tag}"
            info |= {"reference": f"{image['registry']}/{name}{end}"}
            info |= {key: value for key, value in (("tag", tag), ("digest", image["digest"])) if value}
            found.setdefault(field, {})[str(container.get("name"))] = info
    return found


def substitute(context: Context, document: Any, *, empty: bool = False) -> Any:
    """The document with its variables replaced; ``empty``: what stands for nothing is "", as in preconditions."""
    if isinstance(document, dict):
        return {
            (str(_string(context, k, empty)) if isinstance(k, str) and "{{" in k else k): substitute(
                context, v, empty=empty
            )
            for k, v in document.items()
        }
    if isinstance(document, list):
        return [substitute(context, item, empty=empty) for item in document]
    return _string(context, document, empty) if isinstance(document, str) else document


def _string(context: Context, text: str, empty: bool) -> Any:
    if "{" not in text and "$" not in text:
        return text
    if "$(" in text:
        raise NotEvaluated("references of the form $(…) are not evaluated")
    for _ in range(_MOST_PASSES):
        found = _VARIABLE.search(text)
        if found is None:
            return text.replace("\\{{", "{{")
        try:
            value = context.query(found[0][2:-2].strip())
        except Unresolved:
            if not empty:
                raise
            value = ""
        if found[0] == text and (not isinstance(value, str) or _VARIABLE.search(value) is None):
            return value
        shown = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        text = text[: found.start()] + shown + text[found.end() :]
        if len(text) > _LONGEST:
            break
    raise NotEvaluated("the variables don't end: a value brings in another variable again and again")
