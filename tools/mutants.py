"""A mutation tester: break one expression of a module at a time, and see whether a test notices.

``python tools/mutants.py OUT.jsonl [MODULE …]`` collects the tests once, measures which of them run which line, and
tries each mutant in a forked process: the changed statement is put into the imported module, and the tests that run
its line are run, those first that noticed something nearby, then the quick ones. What OUT has already is not tried
again; ``--again`` tries its survivors anew, and nothing else. Read docs/agreement/mutation-testing.md for the figures.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import json
import os
import pickle
import random
import resource
import signal
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
from mutant_changes import Mutant, mutants  # noqa: E402
from mutant_swap import bound, caches, swap  # noqa: E402
from mutant_tests import passes, traced, uses, words_of  # noqa: E402

#: The seed of the order, and how many mutants of a module are tried before the next one's turn.
SEED, ROUND = 4, 15
#: Processor seconds that the tests of one mutant may take together, and those of a word in a table, which hundreds of
#: tests run over; and how many times their usual time makes a hang.
BUDGET, TABLE_BUDGET, PATIENCE = 1.2, 0.6, 4
#: What answers for facts and engine. Slow ones (the shipped overlay mutated, notebooks, the site) are left out.
TESTS = (
    "tests/facts", "tests/checks", "tests/admission", "tests/test_engine.py", "tests/test_fold.py",
    "tests/test_examples.py", "tests/test_ordinary_cases.py", "tests/test_properties.py", "tests/change",
)  # fmt: skip
#: Tests of time, which fail on a busy machine; and those that read the package's own text or start other programs.
DESELECTED = ("fast", "quickly", "not_slow", "postgis")
#: What rows of the rendered objects rest on; datasets and changes have tests of their own make.
LEFT_OUT = ("datasets", "change", "admission")


def modules(wanted: Iterable[str]) -> list[Path]:
    """The modules to be broken, where a wrong verdict hurts most first."""
    folder = ROOT / "kfm_checks"
    first = ["engine.py", "fold.py", "facts/selectors.py", "facts/network", "facts/access", "facts/pod_security",
             "facts/images.py", "facts/resources.py", "facts/secrets", "facts/gitops", "facts/disruption",
             "facts/rollouts", "facts/scaling", "facts/criticality", "facts/schemas", "facts/quantities"]  # fmt: skip
    found = [folder / "engine.py", folder / "fold.py", *sorted((folder / "facts").rglob("*.py"))]
    names = {path: path.relative_to(folder).as_posix() for path in found}
    kept = [path for path in found if not path.name.startswith(LEFT_OUT) or any(word in names[path] for word in wanted)]
    chosen = [path for path in kept if not list(wanted) or any(word in names[path] for word in wanted)]
    rank = {path: next((n for n, word in enumerate(first) if names[path].startswith(word)), 99) for path in chosen}
    return sorted(chosen, key=lambda path: (rank[path], names[path]))


class Campaign:
    """A pytest plugin: instead of running the tests it breaks the code, again and again."""

    def __init__(self, out: Path, wanted: list[str], again: bool) -> None:
        self.out, self.wanted, self.again = out, wanted, again
        self.covering: dict[str, defaultdict[int, set[int]]] = {}
        self.seconds: dict[int, float] = {}
        #: (module, place) -> tests that noticed something there, the latest last.
        self.noticed: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.uses = uses()

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Properties try few examples, the same each time, since each runs once a mutant."""
        from hypothesis import HealthCheck, Phase, settings

        items[:] = [item for item in items if not any(word in item.name for word in DESELECTED)]
        for item in items:
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
        gc.collect()
        gc.freeze()  # a forked process then shares the memory
        known = known_results(self.out)
        chosen = {path: list(mutants(path.read_text(encoding="utf-8"))) for path in modules(self.wanted)}
        with self.out.open("a", encoding="utf-8") as lines:
            for path, number, of in _order({path: len(found) for path, found in chosen.items()}):
                name, mutant = path.relative_to(ROOT).as_posix(), chosen[path][number]
                earlier = known.get((name, mutant.place, mutant.what, number))
                if (earlier is None) != self.again and earlier != "killed":
                    record = {**self._try(path, name, mutant), "number": number, "of": of}
                    lines.write(json.dumps(record) + "\n")
                    lines.flush()
        return True

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
        if not found:  # a line that runs at import: whoever reads the name, or runs the place, and tests that name it
            names, read = self._readers(mutant)
            found = set().union(*(self.covering.get(f, {}).get(n, set()) for f, n in read))
            found |= {n for n in self.seconds if names & self.words[self.items[n].path]}
        near = [*reversed(self.noticed[name, mutant.place]), *reversed(self.noticed[name, ""])]
        order = [*dict.fromkeys(n for n in near if n in found)]
        words = {word for part in Path(name).with_suffix("").parts[1:] for word in part.split("_")} - {"facts"}
        named = {n for n in found if words & set(self.items[n].path.stem.split("_"))}  # test_access.py for access/…
        order += sorted(found - set(order), key=lambda n: (n not in named, self.seconds[n]))
        spent, kept = 0.0, list[int]()
        budget = BUDGET if mutant.place else TABLE_BUDGET
        for number in order:
            if not kept or spent + self.seconds[number] <= budget:
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
        record: dict[str, Any] = {"module": name, "place": mutant.place, "line": mutant.line, "what": mutant.what}
        if not chosen:
            return {**record, "result": "no test", "tests": 0}
        reading, writing = os.pipe()
        if not (child := os.fork()):
            self._broken(path, mutant, chosen, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as stream:
            said = stream.read().decode()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return {**record, "result": "killed", "by": f"signal {os.WTERMSIG(status)}", "tests": len(chosen)}
        if said.isdecimal():
            self.noticed[name, mutant.place].append(int(said))
            self.noticed[name, ""].append(int(said))
            return {**record, "result": "killed", "by": self.items[int(said)].nodeid, "tests": len(chosen)}
        return {**record, "result": "killed" if said else "survived", "by": said, "tests": len(chosen)}

    def _broken(self, path: Path, mutant: Mutant, chosen: list[int], writing: int) -> None:
        """In the child: break the code and write the number of the first test that fails; never returns."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, 3 + PATIENCE * sum(self.seconds[n] for n in chosen))
        resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
        try:
            module = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
            swap(importlib.import_module(module), mutant.statement)
            for cache in self.caches:  # nothing is remembered from before the change
                cache.cache_clear()
        except BaseException as error:
            os.write(writing, f"import: {type(error).__name__}".encode())
            os._exit(0)
        for number, following in zip(chosen, [*chosen[1:], None], strict=True):
            if not passes(self.items[number], None if following is None else self.items[following]):
                os.write(writing, str(number).encode())
                break
        os._exit(0)


def _order(counts: dict[Path, int]) -> Iterator[tuple[Path, int, int]]:
    """A few of every module, then a few more, drawn with a fixed seed: whenever it ends, each has been looked at."""
    drawn = {}
    for path, count in counts.items():
        drawn[path] = list(range(count))
        random.Random(SEED).shuffle(drawn[path])  # noqa: S311 - an order, no secret
    for start in range(0, max(counts.values(), default=0), ROUND):
        for path, numbers in drawn.items():
            for number in numbers[start : start + ROUND]:
                yield path, number, counts[path]


def known_results(out: Path) -> dict[tuple[str, str, str, int], str]:
    """What earlier runs found; the last word counts."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.is_file() else []
    records = [json.loads(line) for line in lines]
    return {(r["module"], r["place"], r["what"], r["number"]): r["result"] for r in records}


def main() -> None:
    """Run the campaign."""
    import pytest

    again = "--again" in sys.argv
    out, *wanted = [word for word in sys.argv[1:] if not word.startswith("--")]
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = ["-q", "-s", "-p", "no:cacheprovider", "-W", "ignore", "-p", "_hypothesis_pytestplugin"]
    tests = [name for name in TESTS if (ROOT / name).exists()]
    sys.exit(int(pytest.main([*options, *tests], plugins=[Campaign(Path(out).resolve(), wanted, again)])))


if __name__ == "__main__":
    main()
