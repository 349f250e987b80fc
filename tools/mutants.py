"""A mutation tester: break one expression of a module at a time, and see whether a test notices.

``python tools/mutants.py OUT.jsonl [MODULE …]`` collects the tests once, measures which of them run which line, and
tries each mutant in a forked process: the changed statement is put into the imported module, and the tests that run
its line are run, those first that noticed something nearby, then the quick ones. What OUT has already is not tried
again; ``--again`` tries its survivors anew, too; ``--control`` tries statements unchanged, which must
survive. Read docs/agreement/mutation-testing.md for the figures.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import json
import os
import pickle
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
from mutant_changes import Mutant, mutants  # noqa: E402
from mutant_child import PATIENCE, forked, spent  # noqa: E402
from mutant_plan import LEFT_OUT, attempts, known_records, known_results, modules, order  # noqa: E402
from mutant_swap import body, bound, caches, swap  # noqa: E402
from mutant_tests import passes, resting_on, traced, uses, words_of  # noqa: E402

#: With ``--control`` every so manieth mutant is tried without its change: it must survive, or a kill is the tool's own.
CONTROLLED = 40
#: Processor seconds that the tests of one mutant may take together (``--budget=``).
BUDGET = 0.6
#: What answers for facts and engine. Slow ones (the shipped overlay mutated, notebooks, the site) are left out.
TESTS = (
    "tests/facts", "tests/checks", "tests/test_engine.py", "tests/test_fold.py", "tests/test_examples.py",
    "tests/test_ordinary_cases.py", "tests/test_properties.py", "tests/live/test_kinds.py",
    "tests/live/test_snapshot.py", "tests/live/test_partly_listed.py", "tests/live/test_attempts.py",
)  # fmt: skip
#: What answers besides for datasets, changes, admission policies and the live cluster, where one of theirs is broken.
#: Left out are those of servers on loopback, and those that judge a whole change from its repository for each row.
MORE_TESTS = (
    "tests/data/test_reconcile.py", "tests/change/test_compare.py", "tests/change/test_request.py",
    "tests/change/test_collect.py", "tests/change/test_git.py", "tests/change/test_review.py",
    "tests/live/test_live_mutations.py", "tests/live/test_reports.py", "tests/live/test_paths.py",
    "tests/admission/test_attempts.py", "tests/admission/test_checks.py", "tests/admission/test_crd.py",
    "tests/admission/test_objects.py", "tests/admission/test_together.py", "tests/admission/test_views.py",
)  # fmt: skip
#: Tests of time, which fail on a busy machine, and those that take whole seconds.
DESELECTED = ("fast", "quickly", "not_slow", "postgis", "any_text_is_read", "every_bundled_version", "ten_thousand")
#: Left out where none of MORE_TESTS runs: its schemas take as long as all tests of a mutant.
STAC = ("stac",)


class Campaign:
    """A pytest plugin: instead of running the tests it breaks the code, again and again."""

    def __init__(self, out: Path, wanted: list[str], budget: float, how: str) -> None:
        self.out, self.wanted, self.budget, self.how = out, wanted, budget, how
        #: Whether a module is broken that only MORE_TESTS knows well.
        self.more = any(path.name.startswith(LEFT_OUT) for path in modules(wanted))
        self.covering: dict[str, defaultdict[int, set[int]]] = {}
        self.seconds: dict[int, float] = {}
        #: (module, place) -> tests that noticed something there, the latest last.
        self.noticed: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.uses = uses()
        self.rest = resting_on()

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Properties try few examples, the same each time, since each runs once a mutant."""
        from hypothesis import HealthCheck, Phase, settings

        deselected = DESELECTED if self.more else DESELECTED + STAC
        items[:] = [item for item in items if not any(word in item.name for word in deselected)]
        for item in items:
            item.repr_failure = item._repr_failure_py = _no_words  # drawing a traceback takes longer than the test
            known = getattr(getattr(item, "function", None), "_hypothesis_internal_use_settings", None)
            if known is not None:
                few = min(known.max_examples, 10)
                item.function._hypothesis_internal_use_settings = settings(
                    known, max_examples=few, phases=(Phase.explicit, Phase.generate), database=None, deadline=None,
                    derandomize=True, suppress_health_check=list(HealthCheck),
                )  # fmt: skip

    def pytest_runtestloop(self, session: Any) -> bool:
        """Measure, then try every mutant that is not known yet."""
        self.items = session.items
        self.words = {path: words_of(path) for path in {item.path for item in self.items}}
        self._measure()
        self.caches = caches()
        chosen = {path: list(mutants(path.read_text(encoding="utf-8"))) for path in modules(self.wanted)}
        for name in [name for name in sys.modules if name.startswith("kfm_checks")]:
            body(sys.modules[name])
        gc.collect()
        gc.freeze()  # a forked process then shares the memory
        known = self._remembered()
        with self.out.open("a", encoding="utf-8") as lines:
            for path, mutant in self._wanted(chosen, known):
                name = path.relative_to(ROOT).as_posix()
                lines.write(json.dumps(self._try(path, name, mutant)) + "\n")
                lines.flush()
        return True

    def _remembered(self) -> dict[tuple[str, str], str]:
        """What earlier runs found; who noticed something there is asked first again."""
        numbers = {item.nodeid: number for number, item in enumerate(self.items)}
        self.attempts = attempts(self.out)
        for (module, key), record in known_records(self.out).items():
            if record.get("by") in numbers:
                self.noticed[module, key.partition(" ")[0]].append(numbers[record["by"]])
        return known_results(self.out)

    def _wanted(
        self, chosen: dict[Path, list[Mutant]], known: dict[tuple[str, str], str]
    ) -> Iterator[tuple[Path, Mutant]]:
        """What is to be tried: what nobody knows, then with ``--again`` what is left; or else some without a change."""
        listed = [(path, chosen[path][n], n) for path, n in order({path: len(found) for path, found in chosen.items()})]
        results = [known.get((path.relative_to(ROOT).as_posix(), mutant.key)) for path, mutant, _ in listed]
        if self.how == "control":
            yield from ((path, replace(m, statement=m.original)) for path, m, n in listed if n % CONTROLLED == 0)
            return
        pairs = list(zip(listed, results, strict=True))
        yield from ((path, mutant) for (path, mutant, _), result in pairs if result is None)
        if self.how == "again":
            left = [(path, mutant) for (path, mutant, _), result in pairs if result not in (None, "killed")]
            yield from sorted(left, key=lambda one: self.attempts[one[0].relative_to(ROOT).as_posix(), one[1].key])

    def _measure(self) -> None:
        """Run every test once, in a process of its own, and remember the time and the lines of each.

        What an earlier run measured is believed, though lines may have moved a little since: that can only leave a
        mutant alive, never kill one.
        """
        file = self.out.with_suffix(".measured")
        seen, imported = pickle.loads(file.read_bytes()) if file.is_file() else ({}, [])  # noqa: S301 - from ourselves
        new = [item for item in self.items if item.nodeid not in seen]
        if new:
            if not (child := os.fork()):
                made, more = traced(new)
                file.write_bytes(pickle.dumps(({**seen, **made}, sorted({*imported, *more}))))
                os._exit(0)
            os.waitpid(child, 0)
            seen, imported = pickle.loads(file.read_bytes())  # noqa: S301
        for name in imported:  # once here, not in each process
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        for number, item in enumerate(self.items):
            seconds, lines = seen[item.nodeid]
            if seconds is not None:
                self.seconds[number] = seconds
                for path, covered in lines.items():
                    for line in covered:
                        self.covering.setdefault(path, defaultdict(set))[line].add(number)
        failed = [item.nodeid for number, item in enumerate(self.items) if number not in self.seconds]
        print(
            f"{len(self.items)} tests, {sum(self.seconds.values()):.0f} s, left out since they fail: {failed}",
            flush=True,
        )

    def _chosen(self, name: str, mutant: Mutant) -> list[int]:
        """The tests that run the broken line, in the order in which they are tried, within the budget."""
        lines = self.covering.get(name, {})
        found: set[int] = set().union(*(lines.get(n, set()) for n in range(mutant.line, mutant.last + 1)))
        if name.startswith("kfm_checks/facts/schemas"):  # compiled once, for the first test that asks for it
            found |= {n for n in self.seconds if self.items[n].path.stem.startswith("test_schemas")}
        if not found or not mutant.place:  # it runs at import: who reads the name, or runs the place, or names it
            names, read = self._readers(mutant)
            found |= set().union(*(self.covering.get(f, {}).get(n, set()) for f, n in read))
            found |= {n for n in self.seconds if names & self.words[self.items[n].path]}
        near = [*reversed(self.noticed[name, mutant.place]), *reversed(self.noticed[name, ""])]
        order = [*dict.fromkeys(n for n in near if n in found and self.seconds[n] < self.budget / 3)]
        words = {word for part in Path(name).with_suffix("").parts[1:] for word in part.split("_")} - {"facts"}
        named = {n for n in found if words & set(self.items[n].path.stem.split("_"))}  # test_access.py for access/…
        word = mutant.what.split("'")[1] if mutant.what.startswith("'") else "\0"
        about = {n for n in found if word in self.items[n].nodeid}  # a row of a table of cases about this very word
        order += sorted(found - set(order), key=lambda n: (n not in about, n not in named, self.seconds[n]))
        spent, kept = 0.0, list[int]()
        for number in order:
            if not kept or spent + self.seconds[number] <= self.budget:
                spent += self.seconds[number]
                kept.append(number)
        return kept

    def _readers(self, mutant: Mutant) -> tuple[set[str], set[tuple[str, int]]]:
        """The names that a statement gives, and those made from them, with each line that reads one."""
        todo, names, read = (
            [*bound(mutant.original), mutant.place.partition(".")[0]],
            set[str](),
            set[tuple[str, int]](),
        )
        if isinstance(mutant.original, ast.ClassDef):
            todo += [n for part in mutant.original.body for n in bound(part) if hasattr(part, "target")]
        while todo:
            if (name := todo.pop()) and name not in names:
                names.add(name)
                for file, line, made in self.uses.get(name, ()):
                    todo += made
                    read.add((file, line))
        return names, read

    def _try(self, path: Path, name: str, mutant: Mutant) -> dict[str, Any]:
        chosen = self._chosen(name, mutant)
        record: dict[str, Any] = {"module": name, "key": mutant.key, "line": mutant.line, "tests": len(chosen)}
        if not chosen:
            return {**record, "result": "no test"}
        module = _module(path)
        usual = sum(self.seconds[n] for n in chosen)
        said, end = forked(lambda say: self._broken(module, mutant, chosen, say), usual)
        for line in said:
            word, _, number = line.partition(" ")
            if word == "passed":  # what it takes in a process of its own, its fixtures made anew
                n, seconds = number.split()
                self.seconds[int(n)] += (float(seconds) - self.seconds[int(n)]) / 4
            elif word == "noticed":
                self.noticed[name, mutant.place].append(int(number))
                self.noticed[name, ""].append(int(number))
                return {**record, "result": "killed", "by": self.items[int(number)].nodeid}
            elif word == "breaks":
                return {**record, "result": "killed", "by": line}
        if end or said[-1:] != ["end"]:
            return {**record, "result": "killed", "by": end or "ends the process"}
        return {**record, "result": "survived"}

    def _broken(self, module: str, mutant: Mutant, chosen: list[int], say: Callable[[str], None]) -> None:
        """In the child: break the code, and say which tests pass until one fails or the budget is spent."""
        try:
            swap(importlib.import_module(module), mutant.statement)
        except BaseException as error:
            return say(f"breaks the import: {type(error).__name__}")
        affected = self.rest[module]
        for cache in self.caches:  # nothing is remembered from before the change
            if cache.__module__ in affected or not cache.__module__.startswith("kfm_checks"):
                cache.cache_clear()
        began = spent()
        for number, following in zip(chosen, [*chosen[1:], None], strict=True):
            before = spent()
            if not passes(self.items[number], None if following is None else self.items[following]):
                return say(f"noticed {number}")
            say(f"passed {number} {spent() - before:.4f}")
            if spent() - began > PATIENCE * self.budget:
                break
        return None


def _module(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")


def _no_words(*_: Any, **__: Any) -> str:
    return "failed"


def _campaign(words: list[str]) -> int:
    """Collect the tests and try what is to be tried."""
    import pytest

    flags = {word.partition("=")[0].strip("-"): word.partition("=")[2] for word in words if word.startswith("--")}
    out, *wanted = [word for word in words if not word.startswith("--")]
    how = next((how for how in ("again", "control") if how in flags), "")
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = ["-q", "-s", "-p", "no:cacheprovider", "--assert=plain", "-W", "ignore", "-p", "_hypothesis_pytestplugin"]
    plugin = Campaign(Path(out).resolve(), wanted, float(flags.get("budget") or BUDGET), how)
    tests = [name for name in TESTS + MORE_TESTS * plugin.more if (ROOT / name).exists()]
    return int(pytest.main([*options, "-m", "not cluster", *tests], plugins=[plugin]))


def main() -> None:
    """Run the campaign in a process that is started again if it dies, as long as it comes further each time."""
    out, size = Path(next(word for word in sys.argv[1:] if not word.startswith("--"))), -1
    while True:
        if not (child := os.fork()):
            os._exit(_campaign(sys.argv[1:]))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        before, size = size, out.stat().st_size if out.is_file() else 0
        if code == 0 or size <= before or "--again" in sys.argv or "--control" in sys.argv:
            sys.exit(code)
        print(f"it ended with {code} and is started again", flush=True)


if __name__ == "__main__":
    main()
