"""A small mutation tester: break one expression of a module at a time, and see whether a test notices.

``python tools/mutants.py OUT.jsonl`` works on a copy of the repository, one mutant after another, each in a forked
process: mutmut and cosmic-ray start an interpreter and import everything anew for each, which costs more than the
tests. The sample is drawn with a fixed seed. Read docs/agreement/mutation-testing.md for the figures.
"""

from __future__ import annotations

import ast
import copy
import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SEED = 4
#: A mutant that makes its tests run longer than this many seconds is noticed: it hangs.
PATIENCE = 150
NETWORK = (
    "tests/facts/test_endpoints.py",
    "tests/facts/test_network_entries.py",
    "tests/checks/test_membrane_corpora.py",
    "tests/facts/test_network.py",
)
#: Module -> how many mutants at most, and the tests that answer for it, the fast ones first.
MODULES: dict[str, tuple[int, tuple[str, ...]]] = {
    "kfm_checks/engine.py": (60, ("tests/test_engine.py",)),
    "kfm_checks/fold.py": (60, ("tests/test_fold.py",)),
    "kfm_checks/facts/selectors.py": (25, ("tests/facts/test_selectors.py",)),
    "kfm_checks/facts/quantities.py": (30, ("tests/facts/test_quantities.py", "tests/facts/test_rails.py")),
    "kfm_checks/facts/images.py": (50, ("tests/facts/test_images.py",)),
    "kfm_checks/facts/network/addresses.py": (8, NETWORK),
    "kfm_checks/facts/network/endpoints.py": (8, NETWORK),
    "kfm_checks/facts/network/entries.py": (10, NETWORK),
    "kfm_checks/facts/network/entries_direct.py": (6, NETWORK),
    "kfm_checks/facts/network/entries_gateway.py": (8, NETWORK),
    "kfm_checks/facts/network/entries_routes.py": (8, NETWORK),
    "kfm_checks/facts/network/frames.py": (8, NETWORK),
    "kfm_checks/facts/network/isolation.py": (12, NETWORK),
    "kfm_checks/facts/network/policies.py": (14, NETWORK),
    "kfm_checks/facts/network/ports.py": (8, NETWORK),
    "kfm_checks/facts/network/reach.py": (20, NETWORK),
    "kfm_checks/facts/network/tls.py": (8, NETWORK),
}
#: What survivors are tried with once more: the examples of the checks that read the network facts.
WIDE = ("tests/test_examples.py", "tests/test_ordinary_cases.py")
WORDS = "entry-only or are-private or deny-by-default or reached-only or use-tls or domain-is-known"
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
    elif isinstance(node, ast.Constant):
        yield from _constants(node)


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
    elif isinstance(node.value, str) and node.value and " " not in node.value:
        yield ast.Constant(f"{node.value}X")


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, what changed, and the text of the module, for each mutant."""
    tree = ast.parse(source)
    skipped = {id(inner) for outer in _ignored(tree) for inner in ast.walk(outer)}
    for parent in list(ast.walk(tree)):
        for field, value in list(ast.iter_fields(parent)):
            for place, node in enumerate(value) if isinstance(value, list) else ((None, value),):
                if not isinstance(node, ast.AST) or id(node) in skipped:
                    continue
                for new in changed(node):
                    was = ast.unparse(node)
                    _put(parent, field, place, ast.copy_location(new, node))
                    text = ast.unparse(ast.fix_missing_locations(tree))
                    _put(parent, field, place, node)
                    line = getattr(node, "lineno", 0)
                    yield line, f"{was.splitlines()[0]} -> {ast.unparse(new).splitlines()[0]}", text


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
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Brief:
    """A pytest plugin: properties try few examples, since each runs once a mutant."""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        from hypothesis import Phase, settings

        for item in items:
            known = getattr(item.function, "_hypothesis_internal_use_settings", None)
            if known is not None:
                phases = (Phase.explicit, Phase.generate)
                brief = settings(known, max_examples=min(known.max_examples, 10), phases=phases, database=None)
                item.function._hypothesis_internal_use_settings = brief


def noticed(repository: Path, tests: tuple[str, ...], only: str = "") -> str:
    """Run the tests in a forked process: "killed", "survived", or "hung"; ``only`` is pytest's ``-k``."""
    child = os.fork()
    if not child:
        os._exit(_tested(repository, tests, only))
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(PATIENCE)
    _, status = os.waitpid(child, 0)
    signal.alarm(0)
    if os.WIFSIGNALED(status):
        return "hung"
    return "survived" if os.WEXITSTATUS(status) == 0 else "killed"


def _tested(repository: Path, tests: tuple[str, ...], only: str) -> int:
    import pytest

    os.chdir(repository)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    sys.path.insert(0, str(repository))
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # nbval alone takes longer to import than the tests take
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore"]
    options += ["-k", only] if only else []
    return int(pytest.main([*options, *(name for name in tests if (repository / name).is_file())], plugins=[_Brief()]))


def _survivors(out: Path) -> dict[str, set[str]]:
    """What survived in an earlier run, by module: the change itself, since lines move as a module changes."""
    left: dict[str, set[str]] = {}
    for line in out.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        module, what, _ = record["id"]
        known = left.setdefault(module, set())
        known.discard(what)
        if record["result"] == "survived":
            known.add(what)
    return {module: known for module, known in left.items() if known}


def main() -> None:
    """Run the sample and write one line a mutant; with ``--again``, the survivors alone, by more tests."""
    import hypothesis.strategies  # noqa: F401 - imported before the forks, once
    import jsonschema  # noqa: F401
    import msgspec  # noqa: F401
    import pandas as pd  # noqa: F401
    import pytest  # noqa: F401
    import yaml  # noqa: F401

    out = Path(sys.argv[1]).resolve()
    again = "--again" in sys.argv
    left = _survivors(out) if again else {}
    done = {tuple(json.loads(line)["id"]) for line in out.read_text().splitlines()} if out.is_file() else set()
    with tempfile.TemporaryDirectory() as scratch, out.open("a", encoding="utf-8") as lines:
        repository = Path(scratch) / "main"
        for name in ("kfm_checks", "tests"):
            shutil.copytree(ROOT / name, repository / name, ignore=shutil.ignore_patterns("schemas", "node_modules"))
        (repository / "kfm_checks/schemas").symlink_to(ROOT / "kfm_checks/schemas")
        shutil.copy(ROOT / "pyproject.toml", repository)
        (Path(scratch) / "shared").symlink_to(ROOT.parent / "shared")
        for module, (count, tests) in MODULES.items():
            if again and module not in left:
                continue
            path = repository / module
            whole = path.read_text(encoding="utf-8")
            if not again:
                assert noticed(repository, tests) == "survived", f"{module}: its tests fail without a mutant"
            found = list(mutants(whole))
            drawn = random.Random(SEED)  # noqa: S311 - it draws a sample, no secret
            chosen = sorted(drawn.sample(range(len(found)), min(count, len(found))))
            chosen = list(range(len(found))) if again else chosen
            for number in chosen:
                line, what, text = found[number]
                if (what not in left[module]) if again else (module, what, line) in done:
                    continue
                path.write_text(text, encoding="utf-8")
                for old in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
                    old.unlink()
                wide = again and tests == NETWORK
                result = noticed(repository, WIDE, WORDS) if wide else noticed(repository, tests)
                record = {"id": [module, what, line], "of": len(found), "result": result, "again": again}
                lines.write(json.dumps(record) + "\n")
                lines.flush()
            path.write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    main()
