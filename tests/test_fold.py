"""The fold from outcomes to statuses to a decision: the whole table of the contract."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kfm_checks.config import Config, NotApplicable
from kfm_checks.evidence import fails, holds, unknown
from kfm_checks.fold import Judgement, decide, fold
from kfm_checks.model import CheckResult, Evidence, Method, ObjectKey, Outcome, Requirement, RequirementResult, Status
from kfm_checks.records import Record

KEY = ObjectKey("apps/v1", "Deployment", "app", "api")
OTHER = ObjectKey("apps/v1", "Deployment", "app", "web")
DAY = "2026-11-22"


def row(id: str = "RAIL-02", by: tuple[Method, ...] = ("render",), **more: object) -> Requirement:
    """A must row with one check, unless told otherwise."""
    given: dict[str, object] = {"checks": ("a",), "level": "must", **more}
    return Requirement(id=id, title="t", statement="s", rationale="r", remedy="m", by=by, **given)  # type: ignore[arg-type]


def result(name: str = "a", outcome: Outcome = "pass", evidence: Sequence[Evidence] | None = None) -> CheckResult:
    """A result of a check that looked at the render."""
    made = {
        "pass": [holds(KEY, message="fine")],
        "fail": [fails(KEY, message="bad")],
        "not-verified": [unknown(KEY, message="?")],
    }
    found = tuple(made.get(outcome, []) if evidence is None else evidence)
    examined = sum(e.holds is not None for e in found)
    return CheckResult(
        name, ("RAIL-02",), "must", outcome, examined, found, None if found else "why", {"render": outcome}
    )


def status(
    results: Sequence[CheckResult],
    requirement: Requirement | None = None,
    records: Sequence[Record] = (),
    config: Config | None = None,
    known: Sequence[str] = ("a", "b", "c"),
) -> RequirementResult:
    """The folded row."""
    judgement = Judgement({r.check: r for r in results}, config or Config(), records, DAY, frozenset(known))
    return fold([requirement or row()], judgement)[0]


def waiver(**more: str) -> Record:
    """A waiver of the check ``a`` on the Deployment ``api``."""
    given = {
        "requirement": "RAIL-02",
        "check": "a",
        "subject": "app/Deployment/api",
        "date": "2026-11-01",
        "expires": "2026-12-01",
    }
    return Record(kind="waiver", by="Ada", role="platform-operator", reason="soon", **{**given, **more})  # type: ignore[arg-type]


def attestation(**more: str) -> Record:
    """An attestation of the row by the role that may give it."""
    given = {"requirement": "RAIL-02", "role": "platform-operator", "date": "2026-11-01", "expires": "2026-12-01"}
    return Record(kind="attestation", by="Ada", statement="seen", **{**given, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "wanted"),
    [
        ("pass", "met"),
        ("fail", "not-met"),
        ("not-verified", "not-verified"),
        ("error", "not-verified"),
        ("blocked", "not-verified"),
        ("not-applicable", "not-applicable"),
    ],
)
def test_one_check_decides_its_row(outcome: Outcome, wanted: Status) -> None:
    """Each outcome has its status."""
    assert status([result(outcome=outcome)]).status == wanted


def test_a_failure_beats_everything() -> None:
    """One failing check makes the row not met, whatever the others say."""
    found = status([result("a", "fail"), result("b", "pass"), result("c", "error")], row(checks=("a", "b", "c")))
    assert found.status == "not-met"


def test_an_unknown_beats_a_pass() -> None:
    """One check that could not tell makes the row not verified."""
    assert status([result("a"), result("b", "not-verified")], row(checks=("a", "b"))).status == "not-verified"


def test_a_pass_beside_not_applicable_is_met() -> None:
    """Checks that do not apply drop out."""
    assert status([result("a"), result("b", "not-applicable")], row(checks=("a", "b"))).status == "met"


def test_a_check_that_does_not_exist_leaves_the_row_not_verified() -> None:
    """A row is never met by the checks that happen to exist."""
    found = status([result("a")], row(checks=("a", "nobody-wrote-this")))
    assert (found.status, found.reason) == ("not-verified", "no check yet: nobody-wrote-this")


def test_a_check_that_did_not_run_leaves_the_row_not_verified() -> None:
    """With --only, a row whose other checks did not run is never met."""
    assert status([result("a")], row(checks=("a", "b"))).status == "not-verified"


def test_a_pass_that_examined_nothing_is_not_met() -> None:
    """Nothing examined is not a pass."""
    empty = CheckResult("a", ("RAIL-02",), "must", "pass", 0, (), None, {"render": "pass"})
    assert status([empty]).status != "met"


def test_a_missing_offline_input_is_not_verified() -> None:
    """A row that is to be read from the tree too is not met by its render alone."""
    assert status([result()], row(by=("render", "tree"))).status == "not-verified"
    assert status([result()], row(by=("render", "cluster"))).status == "met"
    assert status([result()], row(by=("render", "cluster"))).methods["cluster"] == "not-verified"


def test_an_advisory_failure_does_not_enter_the_fold_unless_it_binds() -> None:
    """A check marked (S) is shown and not counted, but evidence that binds as a must is."""
    both = row(checks=("a", "b"), advisory=("b",))
    assert status([result("a"), result("b", "fail")], both).status == "met"
    binding = result("b", "fail", [fails(KEY, message="enforced here", must=True)])
    assert status([result("a"), binding], both).status == "not-met"


def test_waivers_have_to_cover_every_failing_subject() -> None:
    """A waiver covers its own subject alone."""
    two = result(outcome="fail", evidence=[fails(KEY, message="bad"), fails(OTHER, message="bad")])
    assert status([two], records=[waiver()]).status == "not-met"
    both = status([two], records=[waiver(), waiver(subject="app/Deployment/web", expires="2026-11-30")])
    assert (both.status, both.until) == ("waived", "2026-11-30")
    assert status([two], records=[waiver(subject="app/Deployment/*")]).status == "waived"


@pytest.mark.parametrize(
    "more", [{"expires": "2026-11-21"}, {"date": "2026-11-23"}, {"requirement": "RAIL-03"}, {"check": "b"}]
)
def test_a_waiver_out_of_its_time_or_scope_counts_for_nothing(more: dict[str, str]) -> None:
    """Expired, not yet begun, another row's, another check's."""
    assert status([result(outcome="fail")], records=[waiver(**more)]).status == "not-met"


def test_a_waiver_holds_on_its_last_day() -> None:
    """The day of expiry is the last one on which it counts."""
    assert status([result(outcome="fail")], records=[waiver(expires=DAY)]).status == "waived"


def test_an_attestation_fills_what_nobody_could_see() -> None:
    """Only where the row allows it, by a role that may, and in time."""
    allowed = row(by=("render", "attestation"))
    open_result = [result(outcome="not-verified")]
    assert status(open_result, allowed, [attestation()]).status == "attested"
    assert status([result(outcome="not-applicable")], allowed, [attestation()]).status == "attested"
    assert status(open_result, row(), [attestation()]).status == "not-verified"
    assert status(open_result, allowed, [attestation(role="auditor")]).status == "not-verified"
    assert status(open_result, allowed, [attestation(expires="2026-11-01")]).status == "not-verified"
    wider = Config(attesters={"RAIL-02": ("auditor",)})
    assert status(open_result, allowed, [attestation(role="auditor")], wider).status == "attested"


def test_who_must_act() -> None:
    """The role of the row's section, unless `attesters` says otherwise."""
    open_result = [result(outcome="not-verified")]
    assert status(open_result).role == "platform-operator"
    assert status(open_result, config=Config(attesters={"RAIL-02": ("auditor", "data-steward")})).role == "auditor"
    nobody = Config(attesters={"RAIL-02": ()})
    assert status(open_result, config=nobody).role == "platform-operator"
    allowed = row(by=("render", "attestation"))
    assert status(open_result, allowed, [attestation()], nobody).status == "not-verified"


def test_an_attestation_never_beats_a_failing_check() -> None:
    """What was seen to be wrong can't be vouched for."""
    assert status([result(outcome="fail")], row(by=("render", "attestation")), [attestation()]).status == "not-met"


def test_a_declaration_of_not_applicable_expires() -> None:
    """It holds between its dates, and names who said so."""
    declared = NotApplicable("RAIL-02", "none here", "Ada", "2026-11-01", "2026-12-01")
    assert status([result(outcome="fail")], config=Config(not_applicable=(declared,))).status == "not-applicable"
    over = NotApplicable("RAIL-02", "none here", "Ada", "2026-10-01", "2026-11-01")
    assert status([result(outcome="fail")], config=Config(not_applicable=(over,))).status == "not-met"


@pytest.mark.parametrize(
    "declared",
    [
        ("", "Ada", "2026-11-01", "2026-12-01"),
        ("none here", "", "2026-11-01", "2026-12-01"),
        ("none here", "Ada", "", "2026-12-01"),
        ("none here", "Ada", "2026-1-1", "2026-9-30"),
        ("none here", "Ada", "2026-11-01", "never"),
    ],
)
def test_a_declaration_without_reason_signer_or_dates_does_not_count(declared: tuple[str, str, str, str]) -> None:
    """Compared as text, ``never`` and ``2026-9-30`` would come after every day of the year."""
    found = NotApplicable("RAIL-02", *declared)
    assert status([result(outcome="fail")], config=Config(not_applicable=(found,))).status == "not-met"


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        (("pass", "fail"), "not-met"),
        (("pass", "not-verified"), "not-verified"),
        (("pass", "not-applicable"), "met"),
        (("not-applicable", "not-applicable"), "not-applicable"),
        (("fail", "not-verified"), "not-met"),
    ],
)
def test_roll_ups_fold_worst_first(parts: tuple[Outcome, Outcome], wanted: Status) -> None:
    """Rows that are not applicable drop out; a roll-up may come before its rows."""
    rows = [
        row("DOD-01", checks=(), rolls_up=("CHG-01", "CHG-02")),
        row("CHG-01", checks=("a",)),
        row("CHG-02", checks=("b",)),
    ]
    results = {"a": result("a", parts[0]), "b": result("b", parts[1])}
    found = fold(rows, Judgement(results, Config(), (), DAY, frozenset("ab")))
    assert found[0].status == wanted


def folded(level: str, state: Status) -> RequirementResult:
    """A folded row for the decision."""
    return RequirementResult("X-01", level, "t", state, None, {}, ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([("must", "met"), ("should", "not-met")], "compliant"),
        ([("must", "not-met"), ("must", "not-verified")], "not-compliant"),
        ([("must", "not-verified"), ("must", "waived")], "cannot-be-decided"),
        ([("must", "waived"), ("must", "met")], "compliant-with-accepted-risks"),
        ([("must", "attested"), ("must", "not-applicable")], "compliant"),
        ([], "cannot-be-decided"),
    ],
)
def test_decision(rows: list[tuple[str, Status]], wanted: str) -> None:
    """Musts decide; nothing looked at decides nothing."""
    assert decide(folded(level, state) for level, state in rows) == wanted


def test_the_reason_counts_what_is_left_open() -> None:
    """The first failure that no waiver covers, and how many more there are."""
    one = result(outcome="fail", evidence=[fails(KEY, message="bad")])
    three = result(
        outcome="fail", evidence=[fails(KEY, message=word, about=word) for word in ("bad", "worse", "worst")]
    )
    two = result(outcome="fail", evidence=three.evidence[:2])
    assert status([one]).reason == "bad"
    assert status([two]).reason == "bad (and 1 more)"
    assert status([three]).reason == "bad (and 2 more)"


def test_an_attested_row_says_who_vouches_and_until_when() -> None:
    """The attestation is a method of its own; where none counts, it is none."""
    record = Record(
        "attestation", "Ana", "SEC-04", "s", role="platform-operator", date="2026-11-01", expires="2027-01-01"
    )
    wanted = row("SEC-04", ("render", "attestation"))
    attested = status([result(outcome="not-verified")], wanted, [record])
    assert attested.status == "attested"
    assert attested.reason == "Ana (platform-operator) vouches until 2027-01-01"
    assert attested.methods["attestation"] == "pass"
    assert "attestation" not in status([result()], wanted, [record]).methods


def test_a_roll_up_that_is_met_has_no_reason_and_names_the_worst_otherwise() -> None:
    """What is met needs no explanation; what isn't names the row that decides."""
    parts = [row("RAIL-02"), row("RAIL-03", checks=("b",))]
    whole = row("DOD-09", checks=(), rolls_up=("RAIL-02", "RAIL-03"))
    for outcome_of_b, reason in (("pass", None), ("fail", "RAIL-03: bad")):
        results = [result(), result("b", outcome_of_b)]  # type: ignore[arg-type]
        judgement = Judgement({r.check: r for r in results}, Config(), (), DAY, frozenset("ab"))
        assert fold([*parts, whole], judgement)[-1].reason == reason


def test_a_roll_up_with_a_check_of_its_own_does_not_name_itself() -> None:
    """Where its own check decides, the reason is that check's: nobody is sent from a row to the same row."""
    whole = row("DOD-09", checks=("b",), rolls_up=("RAIL-02",))
    results = [result(), result("b", "fail")]
    judgement = Judgement({r.check: r for r in results}, Config(), (), DAY, frozenset("ab"))
    assert fold([row("RAIL-02"), whole], judgement)[-1].reason == "bad"


def test_a_render_that_was_not_looked_at_keeps_a_row_from_being_met() -> None:
    """A missing input of any offline letter is not verified, the render as well as the tree and git."""
    for method in ("render", "tree", "git"):
        seen = CheckResult(
            "a", ("X",), "must", "pass", 1, (holds(KEY, message="fine"),), None, {method: "not-verified"}
        )  # type: ignore[dict-item]
        assert status([seen], row(by=(method,))).status == "not-verified"  # type: ignore[arg-type]


def test_the_reason_of_a_row_that_does_not_apply_is_the_first_that_is_given() -> None:
    """A check that gave no reason is passed over."""
    silent = CheckResult("a", ("RAIL-02",), "must", "not-applicable", 0, (), None, {"render": "not-applicable"})
    found = status([silent, result("b", "not-applicable")], row(checks=("a", "b")))
    assert (found.status, found.reason) == ("not-applicable", "why")


@pytest.mark.parametrize(("date", "expires"), [(DAY, "2026-12-01"), ("2026-11-01", DAY)])
def test_a_declaration_holds_on_its_first_and_last_day(date: str, expires: str) -> None:
    """Both ends of the declared time are in it."""
    declared = NotApplicable(requirement="RAIL-02", reason="none here", by="Ada", date=date, expires=expires)
    assert status([result("a", "fail")], config=Config(not_applicable=(declared,))).status == "not-applicable"


def test_an_expired_waiver_before_the_one_in_force_does_not_hide_it() -> None:
    """Every record is looked at, in any order."""
    earlier = waiver(date="2026-01-01", expires="2026-02-01")
    assert status([result("a", "fail")], records=[earlier, attestation(), waiver()]).status == "waived"
