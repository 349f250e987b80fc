"""The timeline: each dated change is a mark, hostile text is text, the same input gives the same bytes."""

from __future__ import annotations

import re
import xml.dom.minidom

from hypothesis import given
from hypothesis import strategies as st

from kfm_checks.model import ObjectKey
from kfm_checks.notebook.text import plain
from kfm_checks.seen.drift import Line, Moment, moments
from kfm_checks.seen.timeline import drawn
from kfm_checks.seen.times import seconds, when

KEY = ObjectKey("v1", "Service", "shop", "web")


def moment(since: str = "2026-11-21T17:40:00Z", by: str = "kubectl", change: str = "changed") -> Moment:
    """One change."""
    return Moment(since, by, change, KEY, ("/spec/type",))


def test_each_dated_change_is_a_mark_in_its_managers_lane() -> None:
    """Three changes by two managers; a fourth without a time is in no picture."""
    svg = drawn(
        [moment(), moment(change="extra"), moment(by="helm", change="missing"), moment("")], "2026-11-22T00:00:00Z"
    )
    assert svg.count("<g><title>") == 3
    assert re.findall(r"<title>(kubectl|helm)</title>", svg) == ["kubectl", "helm"]
    assert "2026-11-21 17:40" in svg
    assert "2026-11-22 00:00" in svg


def test_nothing_dated_gives_no_picture() -> None:
    """And no axis that pretends a time."""
    assert drawn([], "2026-11-22T00:00:00Z") == ""
    assert drawn([moment("yesterday")], "2026-11-22T00:00:00Z") == ""


@given(st.text(), st.text(), st.sampled_from(["missing", "changed", "extra", "<other>"]), st.text(max_size=20))
def test_hostile_text_stays_text(by: str, pointer: str, change: str, until: str) -> None:
    """Whatever a manager calls itself, the picture is well-formed and has the elements that were drawn."""
    svg = drawn([Moment("2026-11-21T17:40:00Z", by, change, KEY, (pointer,))], until, plain)
    elements = {node.tagName for node in xml.dom.minidom.parseString(svg).getElementsByTagName("*")}
    assert elements <= {"svg", "text", "title", "path", "g", "circle"}


def test_a_time_without_a_zone_is_utc_and_no_time_is_none() -> None:
    """What managedFields has, and what it may not have."""
    assert seconds("1970-01-01T00:01:00") == seconds("1970-01-01T00:01:00Z") == 60
    assert seconds("1970-01-01T01:00:00+01:00") == 0
    assert seconds("") is None
    assert when("2026-11-21T17:40:12Z") == "2026-11-21 17:40"
    assert when("long ago") == "long ago"


def test_fields_that_changed_together_are_one_moment() -> None:
    """By object, manager and time; in the order of time, what has none at the end."""

    def line(pointer: str, since: str) -> Line:
        return Line(KEY, "changed", pointer, "a", "b", "kubectl", since, "")

    found = moments([line("/c", ""), line("/b", "2026-11-22T00:00:00Z"), line("/a", "2026-11-22T00:00:00Z")])
    assert [each.pointers for each in found] == [("/b", "/a"), ("/c",)]
    assert found[0].text == "2026-11-22 00:00: kubectl: shop/Service/web changed at /b, /a"
