"""Read the files of examples: ``kfm_checks/checks/examples/<check>.yaml``, one a check."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfm_checks.config import parse_settings
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import CheckResult
from kfm_checks.run import Options, check_objects, judge
from kfm_checks.yamlfile import read_yaml
from tests.conftest import AS_OF, ROOT

FOLDER = ROOT / "kfm_checks" / "checks" / "examples"
#: Section -> outcome of its cases; None: each case says its own.
SECTIONS: dict[str, str | None] = {"holds": "pass", "fails": "fail", "nothing": None, "sly": None}


@dataclass(frozen=True)
class Case:
    """One example."""

    check: str
    section: str
    about: str
    outcome: str
    content: dict[str, Any]

    def run(self, scratch: Path) -> CheckResult:
        """The result of the check on this case; a case with files becomes an overlay in ``scratch``."""
        config = self.content.get("config") or {}
        inputs = self.content.get("inputs") or {}
        if "change" in self.content:
            from tests.change.cases import run_change

            return run_change(self.content, self.check, scratch)
        if "files" in self.content:
            return self._run_overlay(scratch, config)
        objects = parse_manifests(self.content.get("objects") or "")
        settings = parse_settings(config)
        if {"live", "cluster", "unread"} & self.content.keys():
            from tests.live.wellrun import of_example

            inputs = {**inputs, "cluster": of_example(self.content, objects)}
        report = check_objects(objects, only=[self.check], config=settings.config, as_of=AS_OF, **inputs)
        return report.result(self.check)

    def _run_overlay(self, scratch: Path, config: dict[str, Any]) -> CheckResult:
        import yaml

        overlay = scratch / str(self.content.get("at") or "overlay")
        for earlier in self.content.get("revisions") or []:  # each is a commit before the files as they are
            write_files(overlay, earlier)
            commit_all(scratch)
        write_files(overlay, self.content["files"])
        if config:
            (overlay / "kfm-checks.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        (scratch / ".git").mkdir(exist_ok=True)
        if self.content.get("git", False):
            if "revisions" not in self.content:
                shutil.rmtree(scratch / ".git")
            commit_all(scratch, str(self.content.get("message") or "test"))
        return judge(overlay, Options(only=(self.check,), as_of=AS_OF)).report.result(self.check)


def write_files(folder: Path, content: dict[str, str]) -> None:
    """Write files into a folder."""
    for name, text in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def commit_all(folder: Path, message: str = "test") -> None:
    """Make a folder a git repository with everything committed."""
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A", "-f"], [*identity, "commit", "-qm", message]):
        subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)


def files() -> list[Path]:
    """Every file of examples."""
    return sorted(FOLDER.glob("*.yaml"))


def content(path: Path) -> dict[str, Any]:
    """What a file of examples says."""
    value = read_yaml(path, shown=path.name).value
    assert isinstance(value, dict), path.name
    return value


def cases() -> Iterator[Case]:
    """Every case of every file."""
    for path in files():
        said = content(path)
        for section, outcome in SECTIONS.items():
            for case in said.get(section) or []:
                yield Case(said["check"], section, case["about"], case.get("outcome") or outcome or "", case)
