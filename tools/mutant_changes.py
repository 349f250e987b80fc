"""What may be broken in a module: one expression at a time, as a changed tree."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitXor: ast.BitOr, ast.Pow: ast.Mult,
}  # fmt: skip


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of a node."""
    new: Any = copy.deepcopy(node)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARED:
        new.ops[0] = _COMPARED[type(node.ops[0])]()
        yield new
    elif isinstance(node, ast.BoolOp):
        new.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield new
    elif isinstance(node, ast.BinOp) and type(node.op) in _COUNTED:
        new.op = _COUNTED[type(node.op)]()
        yield new
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.If | ast.IfExp):
        new.test = ast.UnaryOp(ast.Not(), node.test)
        yield new
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        new.value = ast.Constant(None)
        yield new
    elif isinstance(node, ast.Continue):
        yield ast.Break()
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
        yield ast.Pass()
    elif isinstance(node, ast.comprehension) and node.ifs:
        new.ifs = []
        yield new
    elif isinstance(node, ast.Constant):
        yield from _constants(node)


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
    elif isinstance(node.value, str) and node.value and " " not in node.value:
        yield ast.Constant(f"{node.value}X")


def _is_none(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


@dataclass(frozen=True)
class Mutant:
    """One change: the statement of the module that has it, as a tree to be compiled."""

    statement: ast.stmt
    #: The statement as it was, and the function or class within it.
    original: ast.stmt
    place: str
    line: int
    last: int
    what: str
    #: A digest of the statement as it was, and which of its mutants this is: a record of it holds until it is edited.
    text: str = ""
    nth: int = 0

    @property
    def key(self) -> str:
        """What names it in the records of a run, wherever in the module its statement stands."""
        return f"{self.place} {self.text} {self.nth} {self.what}"


def mutants(source: str) -> Iterator[Mutant]:
    """Each mutant of a module, in an order that depends on its text alone."""
    for top in ast.parse(source).body:
        whole = ast.Module([top], [])
        skipped = {id(inner) for outer in _ignored(whole) for inner in ast.walk(outer)}
        original = copy.deepcopy(top)
        text = hashlib.sha256(ast.unparse(top).encode()).hexdigest()[:12]
        neutral = {id(node) for node in _neutral(whole)}
        for nth, (at, node, new) in enumerate(_changes(whole, skipped)):
            if not _same(node, new, neutral):
                yield replace(_mutant(whole, original, at, node, new), text=text, nth=nth)


def _changes(whole: ast.Module, skipped: set[int]) -> Iterator[tuple[tuple[Any, ...], ast.AST, ast.AST]]:
    """Each place of a statement, what stands there, and what may stand there instead."""
    for parent in list(ast.walk(whole)):
        for field, value in list(ast.iter_fields(parent)):
            for place, node in enumerate(value) if isinstance(value, list) else ((None, value),):
                if not isinstance(node, ast.AST) or id(node) in skipped:
                    continue
                for new in changed(node):
                    yield (parent, field, place), node, new


def _same(node: ast.AST, new: ast.AST, neutral: set[int]) -> bool:
    """Whether nothing that a test should fix is changed; None for False as an answer is no change either."""
    if isinstance(node, ast.Return) and isinstance(new, ast.Return):
        return isinstance(node.value, ast.Constant) and node.value.value is False and _is_none(new.value)
    return id(node) in neutral


def _neutral(tree: ast.AST) -> Iterator[ast.AST]:
    """A ``zip`` over lists made from one is strict by habit; what is frozen or hidden is for its reader."""
    for node in ast.walk(tree):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.ClassDef) or called in ("zip", "field"):
            keywords = node.keywords if isinstance(node, ast.ClassDef | ast.Call) else []
            yield from (one.value for one in keywords if one.arg in ("strict", "frozen", "repr", "compare", "init"))


def _mutant(whole: ast.Module, original: ast.stmt, at: tuple[Any, ...], node: ast.AST, new: ast.AST) -> Mutant:
    was = ast.unparse(node)
    _put(*at, ast.copy_location(new, node))
    statement = ast.fix_missing_locations(copy.deepcopy(whole.body[0]))
    what = f"{was.splitlines()[0]} -> {ast.unparse(new).splitlines()[0]}"
    _put(*at, node)
    seen = node.test if isinstance(node, ast.If | ast.IfExp) else node
    line = getattr(seen, "lineno", 0) or getattr(getattr(node, "target", None), "lineno", 0)
    place = getattr(original, "name", "")
    for inner in original.body if isinstance(original, ast.ClassDef) else ():
        if isinstance(inner, ast.FunctionDef) and inner.lineno <= line <= (inner.end_lineno or 0):
            place = f"{place}.{inner.name}"
    return Mutant(statement, original, place, line, getattr(seen, "end_lineno", line) or line, what)


def _put(parent: ast.AST, field: str, place: int | None, node: ast.AST) -> None:
    if place is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[place] = node


def _ignored(tree: ast.AST) -> Iterator[ast.AST]:
    """Annotations, docstrings, decorators, imports and the text of messages: no behaviour that a test should fix."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            yield node.annotation
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield from node.decorator_list
            if isinstance(node, ast.FunctionDef) and node.returns is not None:
                yield node.returns
        elif isinstance(node, ast.JoinedStr | ast.ImportFrom | ast.Import) or _says_nothing(node):
            yield node


def _says_nothing(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) == "__all__" or ast.unparse(node.value).startswith("Literal[")
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
