"""GitHub's own published payloads: `make payloads` fetches them (npm's @octokit/webhooks-examples, MIT)."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.errors import ConfigError
from kfm_checks.facts.change_request import RUNS, ChangeRequest, read_request
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def events() -> list[tuple[str, dict[str, Any]]]:
    """(event, payload) of every example, of github.com and of each version of GitHub Enterprise Server."""
    version = re.search(r"^version=([\d.]+)", (ROOT / "tools/payloads.sh").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / f"kfm-checks/webhooks-examples-{version[1]}"
    if not folder.is_dir():
        pytest.skip("GitHub's payloads are not there (make payloads fetches them): its own events were not tried")
    return [
        (kind["name"], payload)
        for path in sorted(folder.glob("*/index.json"))
        for kind in json.loads(path.read_text(encoding="utf-8"))
        for payload in kind["examples"]
    ]


def read(event: str, payload: dict[str, Any]) -> ChangeRequest | None:
    """What is read of an event; None where it is refused in one line that names the file."""
    try:
        return read_request(payload, "event.json")
    except ConfigError as error:
        assert str(error).startswith("event.json"), event
        assert "\n" not in str(error), event
        return None


def whole(found: ChangeRequest | None) -> bool:
    """Whether number, branches and both commits were read."""
    return (
        found is not None
        and found.number > 0
        and all(side.ref and re.fullmatch("[0-9a-f]{40}", side.sha) for side in (found.base, found.head))
    )


def test_pull_request_events_are_read_whole(events: list[tuple[str, dict[str, Any]]]) -> None:
    """Each has number, author, branches, commits and the description; one review where the event is about one."""
    seen: Counter[str] = Counter()
    for event, payload in events:
        if not event.startswith("pull_request"):
            continue
        found = read(event, payload)
        assert whole(found), event
        assert found is not None
        assert found.author
        assert found.description == (payload["pull_request"]["body"] or "")
        assert found.checks is None
        assert (found.reviews is not None) == (event == "pull_request_review")
        assert not found.all_reviews
        seen[event] += 1
    assert seen["pull_request"] >= 40
    assert seen["pull_request_review"] >= 10
    assert len(seen) == 4


def test_events_of_ci_name_their_pull_request(events: list[tuple[str, dict[str, Any]]]) -> None:
    """Check runs, suites and workflow runs of one request: its commits are read, what they don't tell is not known."""
    seen: Counter[str] = Counter()
    for event, payload in events:
        if event not in RUNS:
            continue
        found, requests = read(event, payload), payload[event]["pull_requests"]
        assert whole(found) == (len(requests) == 1), event
        if found is not None:
            assert found.head.sha == requests[0]["head"]["sha"]
            assert (found.description, found.reviews, found.checks) == (None, None, None)
            seen[event] += 1
    assert set(seen) == set(RUNS)


def test_everything_else_is_refused_in_one_line(events: list[tuple[str, dict[str, Any]]]) -> None:
    """An event that is about no pull request is never taken for one; a push is a change that nobody asked for."""
    others = [
        (event, load) for event, load in events if not event.startswith("pull_request") and not set(RUNS) & set(load)
    ]
    assert len(others) > 200
    taken = {event for event, payload in others if (found := read(event, payload)) is not None and found.requested}
    pushes = {event for event, payload in others if (found := read(event, payload)) is not None and not found.requested}
    assert (taken, pushes) == (set(), {"push"})
