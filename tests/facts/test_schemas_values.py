"""What a real API server said of objects changed in many ways, and what is said here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from kfm_checks import load_manifests
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.schemas import bundled_versions, schemas
from kfm_checks.facts.schemas_values_jobs import schedule
from tests.facts.mutations import drawn

HERE = Path(__file__).resolve().parent
OBJECTS = HERE / "server_objects.yaml"
#: Kept true by ``make test-cluster``.
RECORDED = HERE / "server_verdicts.yaml"
#: Changes drawn of each kind.
SAMPLE = 150
#: Where the server's word is another, for a reason that docs/agreement/api-server.md gives.
OTHERWISE = re.compile(
    r"twice at|^LimitRange .* at metadata(/name)?$|an empty list at (data|binaryData)/|below 0 at spec/ports/1/nodePort"
)


def recorded() -> dict[str, list[str]]:
    """What the server accepted and refused, by the name of the change."""
    found: dict[str, list[str]] = yaml.safe_load(RECORDED.read_text(encoding="utf-8"))
    return found


SAID = recorded()
CASES = dict(drawn(load_manifests(OBJECTS), SAMPLE))
KINDS = sorted({name.split()[0] for name in CASES})


def test_the_server_accepted_and_refused_hundreds() -> None:
    """Of every kind that is shown to it."""
    assert len(SAID["accepted"]) > 300
    assert len(SAID["refused"]) > 300
    assert {name.split()[0] for names in SAID.values() for name in names} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_is_refused_as_by_a_real_server(kind: str) -> None:
    """Each change that the server's decoding lets pass, with the verdict of its validation."""
    (checker,) = schemas(inventory([]), bundled_versions()[-1:])
    verdicts = [(name, verdict) for verdict in ("accepted", "refused") for name in SAID[verdict]]
    for name, verdict in verdicts:
        if name.startswith(f"{kind} ") and not OTHERWISE.search(name):
            problems = checker.problems(CASES[name])
            assert (not problems) == (verdict == "accepted"), f"{name}: {problems}"


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("0 3 * * *", True),
        ("*/5 0-6/2 1,15 JAN-mar mon-Fri", True),
        ("? ? ? ? ?", True),
        ("@daily", True),
        ("@every 1h30m", True),
        ("@every", False),
        ("@often", False),
        ("0 3 * *", False),
        ("60 3 * * *", False),
        ("0 3 0 * *", False),
        ("0 3 * 13 *", False),
        ("0 3 * * 7", False),
        ("5-1 * * * *", False),
        ("*/0 * * * *", False),
        ("a * * * *", False),
        ("", False),
    ],
)
def test_schedules(text: str, valid: bool) -> None:
    """As the server's parser reads them: five fields, names, steps, shortcuts."""
    assert schedule(text) is valid
