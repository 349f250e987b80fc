"""Changes for tests: a repository with a base and a head, and what the pull request says of itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from kfm_checks.model import CheckResult
from kfm_checks.run import Options, judge
from tests.conftest import AS_OF

IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
DESCRIPTION = """\
## What
Scales the API from three replicas to four.

## Why
The maps of the autumn release doubled the traffic.

## Verification
Rendered it with kustomize, and compared both renders.

## Rollback
Revert this pull request; nothing is stored by it.
"""


def git(root: Path, *arguments: str) -> str:
    """Run git in a repository of a test."""
    done = subprocess.run(["git", "-C", str(root), *IDENTITY, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def start(root: Path) -> None:
    """A new repository."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q", "-b", "main")


def commit(root: Path, message: str = "test") -> str:
    """Commit everything; the commit's name."""
    git(root, "add", "-A", "-f")
    git(root, "commit", "-q", "--allow-empty", "-m", message)
    return git(root, "rev-parse", "HEAD")


def put(root: Path, files: Mapping[str, str | None]) -> None:
    """Write files; None takes one away."""
    for name, text in files.items():
        path = root / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def request(base: str, head: str, said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A pull request with everything that it needs, and what a test says otherwise; HEAD and BASE stand for commits."""
    whole: dict[str, Any] = {
        "schema": "kfm-checks/change/v1",
        "provider": "github",
        "number": 12,
        "author": "bob",
        "base": {"ref": "main", "sha": base},
        "head": {"ref": "feature", "sha": head},
        "description": DESCRIPTION,
        "reviews": [{"author": "alice", "state": "approved", "commit": head}],
        "checks": [{"name": "conformance", "conclusion": "success", "commit": head}],
        **(said or {}),
    }
    text = json.dumps({key: value for key, value in whole.items() if value is not None})
    found = json.loads(text.replace('"BASE"', f'"{base}"').replace('"HEAD"', f'"{head}"'))
    assert isinstance(found, dict)
    return found


def write(path: Path, content: Mapping[str, Any]) -> Path:
    """Write the facts of a change to a file."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def run_change(content: Mapping[str, Any], check: str, scratch: Path) -> CheckResult:
    """An example with ``base`` and ``files`` (the overlay before and after) and ``change`` (what the request says)."""
    root = scratch / "repository"
    start(root)
    config = {"kfm-checks.yaml": yaml.safe_dump(content["config"])} if content.get("config") else {}
    before = {**content["base"], **config}
    put(root, content.get("around") or {".github/CODEOWNERS": "* @alice\n"})
    put(root / "overlay", before)
    base = commit(root)
    for stage in [*(content.get("between") or []), content["files"]]:
        put(root / "overlay", stage)
        head = commit(root)
    facts = write(scratch / "change.json", request(base, head, content["change"]))
    return judge(root / "overlay", Options(only=(check,), as_of=AS_OF, change=facts)).report.result(check)
