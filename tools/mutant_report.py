"""What a campaign of ``tools/mutants.py`` found, as the table of docs/agreement/mutation-testing.md.

``python tools/mutant_report.py OUT.jsonl [MODULE …]`` counts the mutants of the modules as they are now; a record of a
statement that has changed since then counts for nothing. ``--left`` lists what is left, by module and line.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from mutant_changes import Mutant, mutants
from mutant_plan import ROOT, known_results, modules


def found(out: Path, wanted: list[str]) -> dict[str, list[tuple[Mutant, str]]]:
    """Each mutant of each module with its result, "" where it was not tried."""
    known = known_results(out)
    table = {}
    for path in sorted(modules(wanted)):
        name = path.relative_to(ROOT).as_posix()
        listed = mutants(path.read_text(encoding="utf-8"))
        table[name] = [(mutant, known.get((name, mutant.key), "")) for mutant in listed]
    return {name: listed for name, listed in table.items() if listed}


def main() -> None:
    """Print the table, or what is left."""
    out, *wanted = [word for word in sys.argv[1:] if not word.startswith("--")]
    table = found(Path(out), wanted)
    total: Counter[str] = Counter()
    for name, listed in table.items():
        counts = Counter(result for _, result in listed)
        tried = len(listed) - counts[""]
        row = {"all": len(listed), "tried": tried, "killed": counts["killed"], "left": tried - counts["killed"]}
        total.update(row)
        if "--left" not in sys.argv:
            print(f"| `{name.removeprefix('kfm_checks/')}` | " + " | ".join(f"{n:,}" for n in row.values()) + " |")
            continue
        for mutant, result in listed:
            if result not in ("", "killed"):
                print(f"{name}:{mutant.line} {mutant.place} {mutant.what[:120]} ({result})")
    print("| **together** | " + " | ".join(f"**{n:,}**" for n in total.values()) + " |")


if __name__ == "__main__":
    main()
