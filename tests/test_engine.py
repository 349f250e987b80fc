"""The engine: facts computed once, absent inputs, crashes, and what becomes of evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

import pytest

from kfm_checks.checks import CHECKS, Check
from kfm_checks.engine import Facts, closure, run
from kfm_checks.errors import CatalogueError, ManifestError, NotVerified
from kfm_checks.evidence import fails, holds, unknown
from kfm_checks.facts.catalogue import FACTS, INPUTS
from kfm_checks.facts.cluster import ApiKind, Cluster, Listing
from kfm_checks.model import CheckResult, Evidence, Method, ObjectKey
from kfm_checks.requirements import CATALOGUE

KEY = ObjectKey("v1", "Pod", "app", "api")


def outcome(
    function: Callable[..., Iterable[Evidence]], facts: Facts, gaps: list[Evidence] | None = None
) -> CheckResult:
    """The result of one check."""
    return run([Check(function, "nothing here")], facts, {}, {}, gaps or [])[0]


def test_each_fact_is_computed_once() -> None:
    """Two checks that need a fact share it."""
    calls: list[int] = []

    def doubled(objects: int) -> int:
        calls.append(1)
        return 2 * objects

    def check(doubled: int) -> Iterator[Evidence]:
        yield holds(KEY, message=str(doubled))

    facts = Facts({"objects": 2}, {}, {"doubled": doubled})
    results = [outcome(check, facts), outcome(check, facts)]
    assert [r.evidence[0].message for r in results] == ["4", "4"]
    assert calls == [1]


def test_an_absent_input_is_not_verified_with_its_reason() -> None:
    """Also where the input is needed by a fact in between."""

    def check(inventory: Any) -> Iterator[Evidence]:
        yield holds(KEY, message="never")

    found = outcome(check, Facts({}, {"objects": "nobody gave any"}))
    assert (found.outcome, found.reason, found.examined) == ("not-verified", "nobody gave any", 0)


def test_a_check_can_do_without_an_optional_input_and_the_method_says_so() -> None:
    """The verdict stands for what was looked at; the row sees what was not."""

    def check(objects: int, tree: object | None) -> Iterator[Evidence]:
        yield holds(KEY, message=f"{objects} {tree}")

    found = outcome(check, Facts({"objects": 1}))
    assert (found.outcome, dict(found.methods)) == ("pass", {"render": "pass", "tree": "not-verified"})


def test_what_a_look_at_a_cluster_finds_is_a_clusters() -> None:
    """And sources that were not rendered don't touch it."""

    def check(cluster: Cluster, workloads: tuple[str, ...]) -> Iterator[Evidence]:
        yield holds(KEY, message=f"{cluster.origin} {workloads}")

    gaps = [unknown(KEY, message="a source was not rendered")]
    seen = Cluster(listings=(Listing(ApiKind("", "v1", "Service")),))
    made = {"live_objects": lambda cluster: (), "workloads": lambda objects: objects}
    facts = Facts({"cluster": seen}, {}, made)
    (found,) = run([Check(check, "nothing here", live=("Service",))], facts, {}, {}, gaps)
    assert (dict(found.methods), len(found.evidence)) == ({"cluster": "pass"}, 1)


def test_a_crash_is_an_error_and_the_others_still_run() -> None:
    """The text of the exception, which may quote a manifest, is not shown."""

    def broken(objects: int) -> Iterator[Evidence]:
        yield holds(KEY, message="seen")
        raise ValueError("hunter2")

    def sound(objects: int) -> Iterator[Evidence]:
        yield holds(KEY, message="seen")

    results = run([Check(broken, ""), Check(sound, "")], Facts({"objects": 1}), {}, {})
    assert [r.outcome for r in results] == ["error", "pass"]
    assert "hunter2" not in (results[0].reason or "")
    assert "ValueError" in (results[0].reason or "")


def test_a_broken_fact_is_an_error_of_what_needs_it() -> None:
    """It is computed once, and each check that needs it ends in error."""

    def bad(objects: int) -> int:
        return objects // 0

    def check(bad: int) -> Iterator[Evidence]:
        yield holds(KEY, message="never")

    assert outcome(check, Facts({"objects": 1}, {}, {"bad": bad})).outcome == "error"


def test_a_failure_seen_before_a_crash_stays_a_failure() -> None:
    """What was found is not lost."""

    def check(objects: int) -> Iterator[Evidence]:
        yield fails(KEY, message="bad")
        raise NotVerified("and then nothing")

    assert outcome(check, Facts({"objects": 1})).outcome == "fail"


def test_a_bad_input_is_no_verdict() -> None:
    """An input that can't be read ends the run (exit status 2), it is no crash of a check."""

    def check(objects: int) -> Iterator[Evidence]:
        raise ManifestError("broken")
        yield

    with pytest.raises(ManifestError):
        outcome(check, Facts({"objects": 1}))


def test_nothing_examined_is_never_a_pass() -> None:
    """No evidence: not applicable, with the catalogue's words."""

    def check(objects: int) -> Iterator[Evidence]:
        return iter(())

    found = outcome(check, Facts({"objects": 1}))
    assert (found.outcome, found.examined, found.reason) == ("not-applicable", 0, "nothing here")


def test_unknown_evidence_makes_the_check_not_verified() -> None:
    """Unless something fails."""

    def check(objects: int) -> Iterator[Evidence]:
        yield holds(KEY, message="fine")
        yield unknown(KEY, message="nobody can tell")

    found = outcome(check, Facts({"objects": 1}))
    assert (found.outcome, found.reason, found.examined) == ("not-verified", "nobody can tell", 1)


def test_sources_that_were_not_rendered_touch_what_looks_at_workloads() -> None:
    """A check of workloads is not whole without them; a check of something else is."""

    def workloads(objects: int) -> int:
        return objects

    def on_workloads(workloads: int) -> Iterator[Evidence]:
        yield holds(KEY, message="fine")

    def on_objects(objects: int) -> Iterator[Evidence]:
        yield holds(KEY, message="fine")

    facts, gap = Facts({"objects": 1}, {}, {"workloads": workloads}), [unknown(KEY, message="a chart")]
    assert outcome(on_workloads, facts, gap).outcome == "not-verified"
    assert outcome(on_objects, facts, gap).outcome == "pass"


def test_unknown_names_and_cycles_are_refused() -> None:
    """The catalogue is checked before anything runs."""

    def first(second: int) -> int:
        return second

    def second(first: int) -> int:
        return first

    def stranger(nobody_knows: int) -> int:
        return nobody_knows

    with pytest.raises(CatalogueError, match="nobody provides"):
        closure(stranger, {})
    with pytest.raises(CatalogueError, match="need each other"):
        closure(first, {"first": first, "second": second})


def test_the_order_of_evidence_does_not_depend_on_that_of_the_input() -> None:
    """Sorted by subject, pointer and message."""

    def check(objects: tuple[str, ...]) -> Iterator[Evidence]:
        for name in objects:
            yield holds(ObjectKey("v1", "Pod", "app", name), message="fine")

    one = outcome(check, Facts({"objects": ("b", "a")}))
    other = outcome(check, Facts({"objects": ("a", "b")}))
    assert one == other


def test_every_check_of_the_catalogue_has_known_facts_a_row_and_its_documentation() -> None:
    """Assertion, why and remedy; every fact known; every check named by a row, once in the catalogue."""
    named = {name for row in CATALOGUE for name in (*row.checks, *row.live)}
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        closure(check.function)
        assert check.name in named, check.name
        assert check.assertion.endswith("."), check.name
        assert check.why, check.name
        assert check.remedy, check.name
        assert check.nothing, check.name


def test_every_letter_of_a_row_is_served_by_one_of_its_checks() -> None:
    """A row that is to be read from the tree has a check that reads the tree."""
    by_name = {check.name: check for check in CHECKS}
    unserved = []
    for row in CATALOGUE:
        present = [by_name[name] for name in row.checks if name in by_name]
        if len(present) < len(row.checks) or not present:
            continue  # a check that is not written yet leaves the row not verified anyway
        methods = {INPUTS[name] for check in present for name in closure(check.function) if name in INPUTS}
        unserved += [(row.id, m) for m in row.by if m in {"render", "tree", "git"} and m not in methods]
    assert unserved == []


def test_facts_and_inputs_have_different_names() -> None:
    """A fact that hides an input would never be computed."""
    assert not set(FACTS) & set(INPUTS)


def test_a_crash_names_its_place_and_not_its_text() -> None:
    """The file and line of the break are told; the exception's words may quote a manifest."""

    def check(objects: int) -> Iterator[Evidence]:
        raise ValueError("hunter2")
        yield

    reason = outcome(check, Facts({"objects": 1})).reason or ""
    assert reason.startswith("the check broke: ValueError at test_engine.py:")
    assert "hunter2" not in reason


def test_what_nobody_could_tell_is_counted_apart_and_summed_up() -> None:
    """The reason is the first message by name, and how many more there are; only verdicts count as examined."""

    def check(objects: int) -> Iterator[Evidence]:
        yield holds(KEY, message="fine")
        yield from (unknown(KEY, message=word) for word in ("b", "a", "c")[:objects])

    one, three = outcome(check, Facts({"objects": 1})), outcome(check, Facts({"objects": 3}))
    assert (one.reason, one.examined) == ("b", 1)
    assert outcome(check, Facts({"objects": 2})).reason == "a (and 1 more)"
    assert (three.reason, three.examined) == ("a (and 2 more)", 1)


def test_a_check_without_a_row_is_a_should() -> None:
    """Its failure is shown and fails no run; a row says otherwise."""

    def check(objects: int) -> Iterator[Evidence]:
        yield fails(KEY, message="bad")

    known = Check(check, "nothing")
    assert run([known], Facts({"objects": 1}), {}, {})[0].level == "should"
    assert run([known], Facts({"objects": 1}), {"check": ["X-01"]}, {"check": "must"})[0].level == "must"


def test_what_needs_no_awaited_input_is_computed_before_it_comes() -> None:
    """Facts of the checks alone, each once, and none that needs what is awaited, directly or through another."""
    calls: list[str] = []

    def early(tree: int) -> int:
        calls.append("early")
        return tree

    def late(objects: int) -> int:
        calls.append("late")
        return objects

    def later(late: int, early: int) -> int:
        calls.append("later")
        return late + early

    def unused(tree: int) -> int:
        calls.append("unused")
        return tree

    def check(later: int) -> Iterator[Evidence]:
        yield holds(KEY, message=str(later))

    functions = {"early": early, "late": late, "later": later, "unused": unused}
    facts = Facts({"tree": 1}, {}, functions)
    checks = [Check(check, "nothing")]
    facts.prepare(checks, ["objects"])
    facts.prepare(checks, ["objects"])
    assert calls == ["early"]
    facts.add({"objects": 2})
    assert outcome(check, facts).evidence[0].message == "3"
    assert calls == ["early", "late", "later"]


def test_a_check_that_needs_no_awaited_input_runs_before_it_comes() -> None:
    """Once, with the verdict that it would have had at its turn; one that needs what is awaited waits."""
    calls: list[str] = []

    def early(tree: int) -> Iterator[Evidence]:
        calls.append("early")
        yield holds(KEY, message=str(tree))

    def late(tree: int, objects: int | None) -> Iterator[Evidence]:
        calls.append("late")
        yield holds(KEY, message=str(objects))

    facts, checks = Facts({"tree": 1}, {}), [Check(late, "nothing"), Check(early, "nothing")]
    facts.prepare(checks, ["objects"])
    assert calls == ["early"]
    facts.add({"objects": 2})
    messages = [result.evidence[0].message for result in run(checks, facts, {}, {})]
    assert (messages, calls) == (["2", "1"], ["early", "late"])


@pytest.mark.parametrize("prepared", [False, True])
def test_what_ends_an_early_check_is_said_at_its_turn(prepared: bool) -> None:
    """A crash, an absent input, a failure seen before the crash: the same verdicts as without the head start."""

    def crashes(tree: int) -> Iterator[Evidence]:
        yield holds(KEY, message="seen")
        raise ValueError("broken")

    def fails_first(tree: int) -> Iterator[Evidence]:
        yield fails(KEY, message="bad")
        raise NotVerified("no more to be known")

    def absent(repository: int) -> Iterator[Evidence]:
        yield holds(KEY, message="never")

    facts = Facts({"tree": 1}, {"repository": "no git"})
    checks = [Check(function, "nothing") for function in (crashes, fails_first, absent)]
    if prepared:
        facts.prepare(checks, ["objects"])
    found = run(checks, facts, {}, {})
    assert [(r.outcome, len(r.evidence)) for r in found] == [("error", 1), ("fail", 1), ("not-verified", 0)]
    assert (found[0].reason or "").startswith("the check broke: ValueError at test_engine.py:")
    assert found[2].reason == "no git"


def test_bad_input_met_by_an_early_check_still_stops_the_run() -> None:
    """No earlier, and no later, than at the check's turn."""

    def check(tree: int) -> Iterator[Evidence]:
        raise ManifestError("broken", file="a.yaml")
        yield holds(KEY, message="never")

    facts = Facts({"tree": 1}, {})
    facts.prepare([Check(check, "nothing")], ["objects"])
    with pytest.raises(ManifestError):
        outcome(check, facts)


SHARED = (
    "cluster",
    "config",
    "records",
    "target",
    "overlay",
    "as_of",
    "kubernetes_versions",
    "extra_schemas",
    "extra_policies",
)


def test_a_live_twin_shares_what_is_not_of_the_render() -> None:
    """It reads the cluster's objects in the place of the render's, and none of the sources that the render follows."""
    facts = Facts(
        {name: name for name in (*SHARED, "objects", "tree")},
        {"tree": "x"},
        {"live_objects": lambda objects: (objects, "live")},
    )
    live = facts.live()
    assert {name: live.get(name) for name in SHARED} == {name: name for name in SHARED}
    assert live.get("objects") == ("objects", "live")
    assert live.get("gitops_objects") == live.get("followed") == ()
    assert "tree" not in live.inputs and facts.live() is live
    alone = Facts({"objects": 1}, {}, {"live_objects": lambda objects: objects}).live().inputs
    assert {"objects", "gitops_objects", "followed"} <= set(alone) and not set(SHARED) & set(alone)


def test_every_input_is_looked_at_by_a_method_that_rows_know() -> None:
    """Or by none, where it is no evidence by itself."""
    assert (
        {method for method in INPUTS.values() if method is not None}
        == {"render", "tree", "git", "cluster"}
        <= set(get_args(Method))
    )
    by = {
        method: {name for name, of in INPUTS.items() if of == method} for method in ("render", "tree", "git", "cluster")
    }
    assert {"objects", "gitops_objects", "followed"} <= by["render"] and by["tree"] == {"tree"}
    assert {"repository", "change"} <= by["git"] and by["cluster"] == {"cluster"}
