"""What a run costs beside the bare render: ``make bench``, or ``python -m benchmarks [-n PAIRS] [-o FILE]``.

Bare renders and runs alternate, so that both meet the same machine. Each pair gives a ratio; the median of the ratios
is what counts. CPU seconds stand beside wall-clock seconds, since a busy machine stretches the latter.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generate import generate
from kfm_checks.render import find_renderer

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "infra/clusters/prod"
#: Wall-clock seconds that a run may take: so many times the bare render, and so many seconds more.
FACTOR, MORE = 1.2, 0.3


@dataclass(frozen=True)
class Measured:
    """Wall-clock and CPU seconds of one process with its children."""

    wall: float
    cpu: float


def measure(command: Sequence[str]) -> Measured:
    """Run a command once. Raises RuntimeError where it gives no verdict at all."""
    # As installed: with compiled modules, which the run that isn't counted writes where they are missing.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started, before = time.perf_counter(), os.times()
    status = subprocess.run(command, stdout=subprocess.DEVNULL, check=False, env=environment).returncode
    wall, after = time.perf_counter() - started, os.times()
    if status not in (0, 1):
        raise RuntimeError(f"{command[0]} ended with {status}")
    used = (after.children_user + after.children_system) - (before.children_user + before.children_system)
    return Measured(wall, used)


def pairs(overlay: Path, count: int) -> tuple[list[Measured], list[Measured]]:
    """Bare renders and runs in turn, after one of each that is not counted."""
    renderer = find_renderer()
    bare = [renderer.program, *renderer.arguments, str(overlay)]
    check = [str(Path(sys.executable).with_name("kfm-checks")), "check", str(overlay)]
    renders, runs = [], []
    for number in range(count + 1):
        one, other = measure(bare), measure(check)
        if number:
            renders.append(one)
            runs.append(other)
    return renders, runs


def row(name: str, objects: int, renders: Sequence[Measured], runs: Sequence[Measured]) -> str:
    """One line of the table."""
    bare, full = statistics.median(m.wall for m in renders), statistics.median(m.wall for m in runs)
    ratio = statistics.median(run.wall / render.wall for run, render in zip(runs, renders, strict=True))
    bare_cpu, full_cpu = statistics.median(m.cpu for m in renders), statistics.median(m.cpu for m in runs)
    kept = sum(run.wall <= FACTOR * render.wall + MORE for run, render in zip(runs, renders, strict=True))
    shown = [f"{value:.2f}" for value in (bare, full, ratio, bare_cpu, full_cpu)]
    cells = [name, objects, len(runs), *shown, f"{kept} of {len(runs)}"]
    return f"| {' | '.join(map(str, cells))} |"


COLUMNS = (
    "overlay", "objects", "pairs", "bare render (s)", "kfm-checks (s)", "ratio", "render, CPU s", "kfm-checks, CPU s",
    f"within {FACTOR} × render + {MORE} s",
)  # fmt: skip
HEAD = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|"


def objects(overlay: Path) -> int:
    """The number of objects that the bare render gives."""
    renderer = find_renderer()
    made = subprocess.run([renderer.program, *renderer.arguments, str(overlay)], capture_output=True, check=True)
    return made.stdout.count(b"\n---\n") + 1


def main() -> None:
    """Measure the shipped overlay and the generated one, and print the table."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    options.add_argument("-n", "--pairs", type=int, default=7)
    options.add_argument("-o", "--output", type=Path)
    chosen = options.parse_args()
    lines = [HEAD]
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["git", "init", "-q", scratch], check=True)
        for name, overlay in (("the one in this repository", SHIPPED), ("generated", generate(Path(scratch)))):
            lines.append(row(name, objects(overlay), *pairs(overlay, chosen.pairs)))
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    lines += ["", f"{os.cpu_count()} cores; load {load:.1f} a core at the end. Medians of the pairs."]
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if chosen.output:
        chosen.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
