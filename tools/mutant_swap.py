"""Put a changed statement into a module that is imported already, everywhere that its names went."""

from __future__ import annotations
import __future__

import ast
import functools
import gc
import inspect
import sys
from types import FunctionType, ModuleType
from typing import Any

#: What a class has of its own making; the rest of its attributes may be changed.
_KEPT = frozenset(("__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__annotations__", "__slots__"))


def swap(module: ModuleType, statement: ast.stmt) -> None:
    """Let the module, and all that imported from it, behave as if the statement had stood there from the start."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        scratch: dict[str, Any] = {}
        _execute(scratch, statement, module)
        _replace(module.__dict__[statement.name], scratch[statement.name])
        for other in list(sys.modules.values()):
            if getattr(other, "__dict__", {}).get(statement.name) is module.__dict__[statement.name]:
                _again(other, {statement.name}, statement.lineno if other is module else 0)
    else:
        _assign(module, statement)


def caches() -> list[Any]:
    """Every cache of the package and of the tests."""
    found = [one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper)]
    return [one for one in found if str(one.__module__).partition(".")[0] in ("kfm_checks", "tests")]


def _execute(namespace: dict[str, Any], statement: ast.stmt, module: ModuleType) -> None:
    flags = __future__.annotations.compiler_flag
    code = compile(ast.Module([statement], []), str(module.__file__), "exec", flags, dont_inherit=True)
    exec(code, module.__dict__, namespace)  # noqa: S102 - the module's own text, and its own globals


def _replace(old: Any, new: Any) -> None:
    if isinstance(new, type):
        for name, value in list(new.__dict__.items()):
            if name not in _KEPT and not inspect.ismemberdescriptor(value) and not inspect.isgetsetdescriptor(value):
                _attribute(old, name, value)
        return
    _code(inspect.unwrap(old), inspect.unwrap(new))


def _attribute(old: type, name: str, value: Any) -> None:
    before = old.__dict__.get(name)
    plain = isinstance(value, FunctionType) and isinstance(before, FunctionType)
    if plain and not value.__code__.co_freevars and not before.__code__.co_freevars:
        return _code(before, value)
    setattr(old, name, value)


def _code(old: Any, new: Any) -> None:
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__


def bound(statement: ast.stmt) -> list[str]:
    """The names that a statement of a module binds."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", statement)]
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _assign(module: ModuleType, statement: ast.stmt) -> None:
    names = bound(statement)
    before = {name: module.__dict__.get(name) for name in names}
    _execute(module.__dict__, statement, module)
    for name in names:
        for other in list(sys.modules.values()):
            if other is not module and getattr(other, "__dict__", {}).get(name) is before[name] is not None:
                other.__dict__[name] = module.__dict__[name]
                _again(other, {name}, 0)
    _again(module, set(names), statement.lineno)


def _again(module: ModuleType, names: set[str], line: int) -> None:
    """Make anew what later lines of a module made from these names when it was imported."""
    for later, uses in body(module):
        if later.lineno > line and uses & names:
            _assign(module, later)


@functools.cache
def body(module: ModuleType) -> list[tuple[ast.stmt, set[str]]]:
    """The assignments of a module of the package, each with the names that it reads; read once for all mutants."""
    if not module.__name__.startswith("kfm_checks"):
        return []
    made = [one for one in ast.parse(inspect.getsource(module)).body if isinstance(one, ast.Assign | ast.AnnAssign)]
    return [(one, _read(one)) for one in made if one.value is not None]


def _read(statement: ast.stmt) -> set[str]:
    nodes = (node for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return {node.id for node in nodes}
