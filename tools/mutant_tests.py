"""Which test runs which line, how long it takes, and who reads which name: what decides the tests of a mutant."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from mutant_child import spent
from mutant_swap import bound, caches

ROOT = Path(__file__).resolve().parent.parent
#: Caches that are kept while measuring, since filling them takes as long as the tests.
COMPILED = ("kfm_checks.facts.schemas", "kfm_checks.credential_shapes", "kfm_checks.admission", "tests.")


def traced(items: list[Any]) -> tuple[dict[str, tuple[float | None, dict[str, frozenset[int]]]], list[str]]:
    """By test: its seconds (None: it fails) and the lines of each file that it runs; and what was imported for all."""
    from coverage import Coverage

    tracer = Coverage(data_file=None, config_file=False, include=[str(ROOT / "kfm_checks/*")])
    seconds: dict[str, float | None] = {}
    before, known = set(sys.modules), [one for one in caches() if not one.__module__.startswith(COMPILED)]
    tracer.start()
    for item, following in zip(items, [*items[1:], None], strict=True):
        tracer.switch_context(item.nodeid)
        for cache in known:  # or the lines behind it would be the first test's alone
            cache.cache_clear()
        began = spent()
        seconds[item.nodeid] = spent() - began if passes(item, following) else None
    tracer.stop()
    data = tracer.get_data()
    lines: dict[str, dict[str, set[int]]] = {id: defaultdict(set) for id in seconds}
    for file in data.measured_files():
        for line, contexts in data.contexts_by_lineno(file).items():
            for context in contexts:
                if context in lines:
                    lines[context][Path(file).relative_to(ROOT).as_posix()].add(line)
    made = {id: (seconds[id], {path: frozenset(found) for path, found in lines[id].items()}) for id in seconds}
    return made, sorted(set(sys.modules) - before)


def words_of(path: Path) -> set[str]:
    """The names in a file of tests."""
    return set(re.findall(r"[A-Za-z_]\w+", path.read_text(encoding="utf-8")))


def passes(item: Any, following: Any) -> bool:
    """Run one test; ``following`` is the next one, whose fixtures may be the same."""
    from _pytest.runner import runtestprotocol

    return all(report.passed or report.skipped for report in runtestprotocol(item, log=False, nextitem=following))


def uses() -> dict[str, set[tuple[str, int, tuple[str, ...]]]]:
    """Name -> (file, line, names that this statement of a module binds) of each place that reads it."""
    found: dict[str, set[tuple[str, int, tuple[str, ...]]]] = defaultdict(set)
    for path in sorted((ROOT / "kfm_checks").rglob("*.py")):
        for top in ast.parse(path.read_text(encoding="utf-8")).body:
            binds = () if isinstance(top, ast.FunctionDef | ast.ClassDef) else tuple(bound(top))
            for node in ast.walk(top):
                name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
                if name and isinstance(getattr(node, "ctx", None), ast.Load):
                    found[name].add((path.relative_to(ROOT).as_posix(), node.lineno, binds))
    return found


def resting_on() -> dict[str, set[str]]:
    """Module -> itself and every module of the package that may run its code: those that import it, and theirs."""
    found = {_dotted(path): path for path in sorted((ROOT / "kfm_checks").rglob("*.py"))}
    users: dict[str, set[str]] = defaultdict(set)
    for name, path in found.items():
        text = path.read_text(encoding="utf-8")
        for used in found if "import_module" in text else _imported(ast.parse(text)) & set(found):
            users[used].add(name)
    rest = {}
    for name in found:
        todo, seen = [name], {name}
        while todo:
            more = users[todo.pop()] - seen
            seen |= more
            todo += more
        rest[name] = seen
    return rest


def _imported(tree: ast.AST) -> set[str]:
    """Whatever a module imports, at its head or within a function, and the packages around it."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _dotted(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
