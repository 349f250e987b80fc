"""Rego by ``regopy``, within a time limit: the one place of admission that starts a process.

An answer that doesn't come in time, or a process that dies, makes the verdict *not evaluated*, never a pass.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

#: Seconds that all jobs together may take; an API server waits 3 seconds for one webhook call.
LIMIT = 10.0
_MOST_STARTS = 4
_PACKAGE = re.compile(r"^\s*package\s+([A-Za-z_][\w.]*)", re.MULTILINE)
Answer = dict[str, Any]


@dataclass
class Job:
    """One template with its constraint's inputs."""

    rego: str
    libs: tuple[str, ...]
    inputs: list[dict[str, Any]]
    inventory: dict[str, Any] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """The package that the source declares, "" where it declares none."""
        found = _PACKAGE.search(self.rego)
        return found[1] if found else ""


def run(jobs: Sequence[Job], limit: float = LIMIT) -> list[list[Answer]]:
    """An answer for each input of each job: ``{"violations": […]}`` or ``{"error": "…"}``."""
    answers: list[list[Answer]] = [[] for _ in jobs]
    start = 0
    for _ in range(_MOST_STARTS):
        start = next((i for i in range(start, len(jobs)) if not answers[i]), len(jobs))
        if start >= len(jobs):
            break
        _once(jobs, start, answers, limit)
        # The job that ended the process is given up, the ones after it are tried again.
        stuck = next((i for i in range(start, len(jobs)) if len(answers[i]) < len(jobs[i].inputs)), len(jobs))
        if stuck < len(jobs):
            _give_up(jobs[stuck], answers[stuck])
        start = stuck + 1
    for job, given in zip(jobs, answers, strict=True):
        _give_up(job, given)
    return answers


def _give_up(job: Job, given: list[Answer]) -> None:
    missing = len(job.inputs) - len(given)
    given.extend({"error": "the Rego engine did not end within its limits"} for _ in range(missing))


def _once(jobs: Sequence[Job], start: int, answers: list[list[Answer]], limit: float) -> None:
    wanted = [
        {"rego": j.rego, "libs": list(j.libs), "package": j.package, "inputs": j.inputs, "inventory": j.inventory}
        for j in jobs[start:]
    ]
    worker = str(FilePath(__file__).with_name("rego_worker.py"))
    text = json.dumps(wanted, default=str)
    try:
        done = subprocess.run(
            [sys.executable, "-I", worker], input=text, capture_output=True, text=True, timeout=limit, check=False
        )
        out = done.stdout
    except subprocess.TimeoutExpired as expired:
        out = (
            expired.stdout.decode(errors="replace") if isinstance(expired.stdout, bytes) else str(expired.stdout or "")
        )
    for line in out.splitlines():
        try:
            index, _, answer = json.loads(line)
        except ValueError:
            break
        answers[start + index].append(answer)
