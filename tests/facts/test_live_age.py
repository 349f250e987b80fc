"""Whether a snapshot is fresh enough, by the only clock that a run has: the day that it judges by."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kfm_checks.config import Config, Thresholds
from kfm_checks.errors import ConfigError
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.live_age import limit_of, moment, unusable

DAY = "2026-11-22"


def of(age: str) -> Config:
    """Settings with this limit."""
    return Config(thresholds=Thresholds(snapshot_age=age))


@pytest.mark.parametrize(
    ("text", "time"),
    [("90m", timedelta(minutes=90)), ("24h", timedelta(days=1)), ("7d", timedelta(days=7)), ("0h", timedelta())],
)
def test_limits(text: str, time: timedelta) -> None:
    """Minutes, hours, days."""
    assert limit_of(text) == time


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1.5h", "24 h", "24H", "1w", "999999h", "٣h", "24h\n"])
def test_what_is_no_limit(text: str) -> None:
    """One line that says how to write it."""
    with pytest.raises(ConfigError, match="write 24h, 90m or 7d"):
        limit_of(text)


@pytest.mark.parametrize(
    ("taken", "age", "usable"),
    [
        ("2026-11-22T08:00:00Z", "24h", True),
        ("2026-11-22T00:00:00+00:00", "24h", True),
        ("2026-11-21T23:59:59Z", "24h", False),
        ("2026-11-22T01:00:00+02:00", "24h", False),
        ("2026-11-21T23:30:00-02:00", "24h", True),
        ("2026-11-21T00:00:00Z", "2d", True),
        ("2026-11-22T22:29:59Z", "90m", False),
        ("2026-11-22T22:30:00Z", "90m", True),
        ("2026-12-24T00:00:00Z", "24h", True),
    ],
)
def test_the_age_is_counted_at_the_end_of_the_day(taken: str, age: str, usable: bool) -> None:
    """In the zone that it names; one taken later is fresh."""
    why = unusable(Cluster("snapshot", taken=taken), of(age), DAY)
    assert why == ("" if usable else f"the snapshot was taken at {taken}, more than {age} before the end of {DAY}")


@pytest.mark.parametrize("taken", ["", "yesterday", "2026-11-22", "2026-11-22T08:00:00"])
def test_a_snapshot_without_its_time(taken: str) -> None:
    """Without a zone it is no moment, and nothing is judged by it."""
    assert moment(taken) is None
    assert unusable(Cluster("snapshot", taken=taken), of("24h"), DAY) == "the snapshot does not say when it was taken"


def test_a_cluster_that_was_not_reached() -> None:
    """The reason, whether it was looked at just now or earlier; one that was reached just now has no age."""
    down = Cluster(problem="the server can't be reached", taken="2026-11-22T08:00:00Z")
    for one in (down, replace(down, origin="snapshot")):
        assert unusable(one, of("24h"), DAY) == "the cluster could not be read: the server can't be reached"
    assert unusable(Cluster(taken="2020-01-01T00:00:00Z"), of("24h"), DAY) == ""
