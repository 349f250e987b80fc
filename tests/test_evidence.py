"""The pointers of evidence, and its fingerprint: the short ways give what the long ones say."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kfm_checks.evidence import fingerprint, holds, identified, json_pointer, keyed_pointer
from kfm_checks.model import ObjectKey

KEY = ObjectKey("v1", "Pod", "app", "api")
STEP = st.one_of(st.text("a~/01", max_size=4), st.integers(0, 3))


@given(st.lists(STEP, max_size=5))
def test_a_pointer_escapes_each_step(path: list[str | int]) -> None:
    """RFC 6901: ``~`` and ``/`` within a step are written ~0 and ~1, and so the steps can be read back."""
    pointer = json_pointer(tuple(path))
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    assert steps == [str(step) for step in path]
    assert pointer[:1] in ("", "/")


def test_a_keyed_pointer_names_the_items_of_lists() -> None:
    """By their name where they have one; a path without a list is as it is written."""
    pod = {"spec": {"containers": [{"name": "api"}, "plain"]}, "metadata": {"labels": {"a/b": "c"}}}
    assert keyed_pointer(pod, ("spec", "containers", 0, "image")) == "spec/containers[name=api]/image"
    assert keyed_pointer(pod, ("spec", "containers", 1)) == "spec/containers[1]"
    assert keyed_pointer(pod, ("metadata", "labels", "a/b")) == "metadata/labels/a/b"
    assert keyed_pointer(KEY, ("spec", "containers", 0)) == "spec/containers[0]"
    assert keyed_pointer(KEY, ()) == ""


def test_the_fingerprint_is_all_that_is_added() -> None:
    """Every other field stays, whatever fields evidence has."""
    item = holds(KEY, ("spec", "hostPID"), message="m", expected=False, observed=True, about="x", must=True, patch="p")
    made = identified("check", item)
    assert made == replace(item, fingerprint=fingerprint("check", item))
    assert made.fingerprint != ""
