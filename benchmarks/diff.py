"""What a diff of two revisions costs: ``python -m benchmarks.diff [-n RUNS]``; about a thousand objects a side.

Three changes of the generated overlay: one field of one object, one line that changes every object, and every
NetworkPolicy gone (who can reach whom is compared pair by pair). Beside each stand the bare renders of both sides.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.__main__ import Measured, measure
from benchmarks.generate import generate
from kfm_checks.render import find_renderer

GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false", "-C")
COLUMNS = ("change", "objects that change", "of", "both bare renders (s)", "diff (s)", "renders, CPU s", "diff, CPU s")


def one_field(root: Path) -> None:
    """One role binding gives more."""
    replace(root / "clusters/prod/policies/rolebinding-team-00-auditors.yaml", "name: view", "name: edit")


def every_object(root: Path) -> None:
    """A label on everything."""
    file = root / "clusters/prod/kustomization.yaml"
    file.write_text(file.read_text() + "labels: [{pairs: {release: autumn}, includeTemplates: true}]\n")


def no_policies(root: Path) -> None:
    """No NetworkPolicy is left."""
    for file in root.rglob("kustomization.yaml"):
        file.write_text("".join(line for line in file.read_text().splitlines(True) if "networkpolicy" not in line))


def replace(file: Path, old: str, new: str) -> None:
    """Change one text of a file."""
    text = file.read_text()
    assert old in text, file
    file.write_text(text.replace(old, new, 1))


CHANGES: dict[str, Callable[[Path], None]] = {
    "one field of one object": one_field,
    "a label on every object": every_object,
    "every NetworkPolicy goes": no_policies,
}


def commit(root: Path, message: str) -> None:
    """Commit everything."""
    subprocess.run([*GIT, str(root), "add", "-A"], check=True)
    subprocess.run([*GIT, str(root), "commit", "-q", "-m", message], check=True)


def summed(parts: Sequence[Measured]) -> Measured:
    """Two processes as one."""
    return Measured(sum(part.wall for part in parts), sum(part.cpu for part in parts))


def row(name: str, root: Path, overlay: Path, runs: int) -> str:
    """One line of the table: HEAD against its parent, whose files lie in ``before``."""
    renderer = find_renderer()
    with tempfile.TemporaryDirectory() as before:
        subprocess.run([*GIT, str(root), "worktree", "add", "-q", "--detach", before, "HEAD~1"], check=True)
        sides = (str(Path(before) / overlay.relative_to(root)), str(overlay))
        bare = [[renderer.program, *renderer.arguments, side] for side in sides]
        whole = [sys.executable, "-m", "kfm_checks", "diff", "--git", "HEAD~1..HEAD", str(overlay), "--format", "json"]
        made = json.loads(subprocess.run(whole, check=True, capture_output=True).stdout)
        renders = [summed([measure(command) for command in bare]) for _ in range(runs)]
        diffs = [measure(whole) for _ in range(runs)]
        subprocess.run([*GIT, str(root), "worktree", "remove", "--force", before], check=True)
    figures = [statistics.median(part.wall for part in parts) for parts in (renders, diffs)]
    figures += [statistics.median(part.cpu for part in parts) for parts in (renders, diffs)]
    cells = [name, len(made["changes"]), made["compared"], *(f"{figure:.2f}" for figure in figures)]
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Measure each change and print the table."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.diff", description=__doc__.splitlines()[0])
    options.add_argument("-n", "--runs", type=int, default=3)
    chosen = options.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for name, change in CHANGES.items():
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch).resolve() / "repository"
            subprocess.run(["git", "init", "-q", str(root)], check=True)
            overlay = generate(root)
            commit(root, "base")
            change(root)
            commit(root, name)
            print(row(name, root, overlay, chosen.runs), flush=True)
    print(f"\n{os.cpu_count()} cores; load {os.getloadavg()[0] / (os.cpu_count() or 1):.1f} a core at the end.")


if __name__ == "__main__":
    main()
