"""Environments of the CEL runtime: one that checks types as the API server does, one that runs what was checked.

Two, because the runtime can declare an opaque type such as Quantity but not hold a value of one: an expression is
checked against the opaque types, and then runs with mappings in their stead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

from kfm_checks.admission.cel_functions import KUBERNETES, KYVERNO, OPAQUE, Function
from kfm_checks.values import Value


class Profile(Value, frozen=True):
    """What an engine's CEL has: standard extensions with their version, functions beyond them."""

    name: str
    extensions: tuple[tuple[str, int | None], ...]
    functions: tuple[Function, ...] = KUBERNETES
    #: Names of libraries, or of their functions, that only a cluster or the network answers.
    outside: frozenset[str] = frozenset()
    #: Whether a name that isn't known here may be one of the engine's own libraries.
    open_ended: bool = False


#: Kubernetes: ``k8s.io/apiserver/pkg/cel/environment/base.go``.
KUBERNETES_PROFILE = Profile(
    "kubernetes", (("optional", None), ("sets", None), ("strings", 2), ("two-var-comprehensions", None))
)
#: Kyverno's policies.kyverno.io: Kubernetes' functions and its own (https://kyverno.io/docs/policy-types/cel-libraries/).
KYVERNO_PROFILE = Profile(
    "kyverno",
    (("bindings", None), ("encoders", None), ("math", None), *KUBERNETES_PROFILE.extensions),
    functions=KYVERNO,
    outside=frozenset(
        {
            "resource.List",
            "resource.list",
            "resource.Post",
            "resource.post",
            "http",
            "globalContext",
            "imageData",
            "images",
            "attestors",
            "generator",
            "x509",
        }
    ),
    open_ended=True,
)
_KINDS = ("str", "int", "bool", "map", "list", "double", "uint", "bytes", "null", "duration", "timestamp")


def _type(name: str) -> Any:
    from cel_expr_python import cel

    simple = {
        "str": cel.Type.STRING, "int": cel.Type.INT, "uint": cel.Type.UINT, "double": cel.Type.DOUBLE,
        "bool": cel.Type.BOOL, "bytes": cel.Type.BYTES, "dyn": cel.Type.DYN, "map": cel.Type.MAP,
        "null": cel.Type.NULL, "duration": cel.Type.DURATION, "timestamp": cel.Type.TIMESTAMP,
        "list": cel.Type.List(cel.Type.DYN),
    }  # fmt: skip
    if name in simple:
        return simple[name]
    if name.startswith("list<"):
        return cel.Type.List(_type(name[5:-1]))
    if name.startswith("map<"):
        key, _, value = name[4:-1].partition(",")
        return cel.Type.Map(_type(key), _type(value))
    return cel.Type.AbstractType(f"kubernetes.{name}")


def _kind(name: str) -> str:
    """The kind that a parameter has at run time."""
    if name in OPAQUE or name.startswith("map<"):
        return "map"
    return "list" if name.startswith("list") else name


@cache
def _config(profile: Profile, run: bool) -> Any:
    from cel_expr_python import cel

    lines = [
        f"  - name: {name}\n" + (f"    version: {version}\n" if version is not None else "")
        for name, version in profile.extensions
        if not (run and name == "two-var-comprehensions")
    ]
    return cel.NewEnvConfigFromYaml("extensions:\n" + "".join(lines))


def _checked_functions(profile: Profile) -> list[Any]:
    from cel_expr_python import cel

    grouped: dict[str, list[Any]] = defaultdict(list)
    for f in profile.functions:
        identity = "_".join((f.name, "m" if f.member else "g", *f.params))
        params = [_type(p) for p in f.params]
        grouped[f.name].append(
            cel.Overload(identity, return_type=_type(f.returns), parameters=params, is_member=f.member)
        )
    return [cel.FunctionDecl(name, overloads) for name, overloads in grouped.items()]


def _run_functions(profile: Profile) -> list[Any]:
    """One overload for each tuple of run-time kinds; where opaque types share one, the value's ``@type`` decides."""
    from cel_expr_python import cel

    by_kinds: dict[tuple[str, bool, tuple[str, ...]], list[Function]] = defaultdict(list)
    for f in profile.functions:
        for kinds in _expanded([_kind(p) for p in f.params]):
            by_kinds[f.name, f.member, kinds].append(f)
    grouped: dict[str, list[Any]] = defaultdict(list)
    for (name, member, kinds), functions in by_kinds.items():
        identity = "_".join((name, "m" if member else "g", *kinds))
        code = functions[0].code if len({f.code for f in functions}) == 1 else _dispatch(functions)
        grouped[name].append(
            cel.Overload(
                identity, return_type=cel.Type.DYN, parameters=[_type(k) for k in kinds], is_member=member, impl=code
            )
        )
    grouped["cel.@mapInsert"] = [
        cel.Overload(
            f"insert_{key}_{value}",
            return_type=cel.Type.MAP,
            parameters=[cel.Type.MAP, _type(key), _type(value)],
            impl=lambda m, k, v: {**m, k: v},
        )
        for key in ("str", "int", "bool", "uint")
        for value in _KINDS
    ]
    return [cel.FunctionDecl(name, overloads) for name, overloads in grouped.items()]


def _expanded(kinds: list[str]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for kind in kinds:
        found = [(*before, each) for before in found for each in (_KINDS if kind == "dyn" else (kind,))]
    return found


def _dispatch(functions: list[Function]) -> Callable[..., Any]:
    by_type = {OPAQUE.get(f.params[0], ""): f.code for f in functions}

    def call(first: Any, *rest: Any) -> Any:
        code = by_type.get(first.get("@type", "") if isinstance(first, dict) else "", by_type.get(""))
        if code is None:
            raise TypeError("no such overload")
        return code(first, *rest)

    return call


@cache
def checking(profile: Profile, variables: frozenset[tuple[str, str]]) -> Any:
    """An environment that checks; ``variables`` are names with the name of their CEL type."""
    from cel_expr_python import cel

    declared = {name: cel.Type(kind) for name, kind in variables}
    return cel.NewEnv(config=_config(profile, False), variables=declared, functions=_checked_functions(profile))


@cache
def plain(profile: Profile, variables: frozenset[tuple[str, str]]) -> Any:
    """An environment without functions of ours: it checks and runs what needs none, at less cost."""
    from cel_expr_python import cel

    declared = {name: cel.Type(kind) for name, kind in variables}
    return cel.NewEnv(config=_config(profile, False), variables=declared)


@cache
def running(profile: Profile) -> Any:
    """The environment that runs what was checked."""
    from cel_expr_python import cel

    return cel.NewEnv(config=_config(profile, True), functions=_run_functions(profile))


@cache
def own_functions(profile: Profile) -> frozenset[str]:
    """Names whose call needs the running environment."""
    names = {part for f in profile.functions for part in f.name.split(".")}
    return frozenset(names | {"indexOf", "lastIndexOf", "transformMap", "transformMapEntry"})
