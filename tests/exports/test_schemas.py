"""Each format against its published schema, or, where no package carries one, a schema of our own (``ours.py``)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest
import yaml
from markdown_it import MarkdownIt

from kfm_checks.exports import writer
from kfm_checks.model import Report

from . import ours, published

EVERYTHING = ("report", "prod")


@pytest.fixture(params=EVERYTHING)
def any_report(request: pytest.FixtureRequest) -> Report:
    """A made report with every status and hostile text, and the one on this repository's overlay."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Report)
    return found


def validate(schema: dict[str, Any], value: Any) -> None:
    """Fail with the first places that don't fit."""
    validator = jsonschema_rs.validator_for(schema)
    problems = [f"{list(each.instance_path)}: {each.message[:200]}" for each in validator.iter_errors(value)]
    assert not problems, problems[:5]


@pytest.mark.parametrize("format", ["sarif", "sarif-upload"])
def test_sarif_is_valid(format: str, any_report: Report) -> None:
    """OASIS' own schema takes both variants."""
    validate(published.sarif_schema(), json.loads(writer(format)(any_report)))


def test_sarif_says_what_and_where(report: Report) -> None:
    """Every result names a declared rule by index, its file and line, and an identity that keeps; help is there."""
    run = json.loads(writer("sarif")(report))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    failing = [each for each in run["results"] if each["kind"] == "fail"]
    for each in run["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]
        assert each["partialFingerprints"]["kfmChecks/v1"]
    assert all(rule["help"]["text"] and rule["help"]["markdown"] for rule in rules)
    place = failing[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "base/a%20folder/api.yaml"
    assert place["region"]["startLine"] == 3
    assert "\\[click\\]" in failing[0]["message"]["text"]
    assert "{{0}}" in failing[0]["message"]["text"]


def test_sarif_suppresses_what_is_accepted_by_every_row(report: Report) -> None:
    """A waiver for one of two rows suppresses nothing; one for the only row does, and the upload leaves it out."""
    plain = json.loads(writer("sarif")(report))["runs"][0]["results"]
    suppressed = [each["ruleId"] for each in plain if each.get("suppressions")]
    assert suppressed == ["critical-workloads-are-spread"]
    upload = json.loads(writer("sarif-upload")(report))["runs"][0]["results"]
    assert [each["ruleId"] for each in upload] == ["images-are-not-latest"]
    assert all(each["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1 for each in upload)


@pytest.mark.parametrize(
    ("format", "source"), [("openreports", published.OPENREPORTS), ("policyreport", published.POLICYREPORT)]
)
def test_policy_reports_are_valid(format: str, source: tuple[str, str], any_report: Report) -> None:
    """The CRD's schema takes them, with no field that the API server would prune; the summary counts the results."""
    document = yaml.safe_load(writer(format)(any_report))
    validate(published.crd_schema(*source), document)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", document["metadata"]["name"])
    assert sum(document["summary"].values()) == len(document["results"])
    assert len(json.dumps(document)) < 1_500_000


def test_policy_report_never_calls_unlooked_at_a_pass(report: Report) -> None:
    """Not verified is ``error`` (could not be evaluated), accepted is ``warn``, an open failure of a must ``fail``."""
    results = yaml.safe_load(writer("openreports")(report))["results"]
    by_policy = {each["policy"]: each["result"] for each in results}
    assert by_policy["overlay-has-expected-layout"] == "error"
    assert by_policy["cluster-name-is-known"] == "error"
    assert by_policy["critical-workloads-are-spread"] == "warn"
    assert by_policy["images-are-not-latest"] == "fail"
    assert by_policy["ciphertext-is-ciphertext"] == "skip"
    assert by_policy["workloads-have-liveness-probe"] == "pass"


@pytest.mark.filterwarnings("ignore")
def test_oscal_is_valid(any_report: Report) -> None:
    """The models that compliance-trestle generates from NIST's 1.1.3 schema take it, unknown fields refused."""
    results = pytest.importorskip("trestle.oscal.assessment_results", reason="compliance-trestle carries the models")
    document = json.loads(writer("oscal")(any_report))
    results.AssessmentResults.parse_obj(document["assessment-results"])


def test_oscal_refers_only_to_what_it_defines(report: Report) -> None:
    """Every UUID is of version 5 and unique, and each reference leads to something in the document."""
    text = writer("oscal")(report)
    body = json.loads(text)["assessment-results"]
    defined = re.findall(r'"uuid": "([^"]+)"', text)
    referred = re.findall(r'"(?:observation-uuid|risk-uuid|subject-uuid|actor-uuid)": "([^"]+)"', text)
    assert all(each[14] == "5" for each in defined)
    assert len(defined) == len(set(defined))
    assert referred
    assert set(referred) <= set(defined)
    assert body["import-ap"]["href"].removeprefix("#") == body["back-matter"]["resources"][0]["uuid"]


def test_oscal_tells_waivers_attestations_and_states(report: Report) -> None:
    """A waiver is a risk with a deadline, an attestation an observation that expires, unlooked-at is not satisfied."""
    result = json.loads(writer("oscal")(report))["assessment-results"]["results"][0]
    risk = next(each for each in result["risks"] if each["title"].startswith("RAIL-05"))
    assert risk["deadline"] == "2027-05-01T23:59:59Z"
    assert risk["status"] == "deviation-approved"
    assert datetime.fromisoformat(risk["deadline"]).tzinfo == UTC
    vouched = [each for each in result["observations"] if each.get("expires")]
    assert [(each["expires"], each["methods"]) for each in vouched] == [("2027-05-01T23:59:59Z", ["INTERVIEW"])]
    states = {each["target"]["target-id"]: each["target"]["status"]["state"] for each in result["findings"]}
    assert states["LAY-01"] == "not-satisfied"
    assert states["RAIL-05"] == "not-satisfied"
    assert states["SEC-05"] == "satisfied"
    assert "SEC-06" not in states
    assert {"control-id": "SEC-06"} in result["reviewed-controls"]["control-selections"][0]["exclude-controls"]


def test_code_quality_is_valid(any_report: Report) -> None:
    """GitLab's format, by a schema of ours; identities are unique and accepted failures left out."""
    issues = json.loads(writer("codequality")(any_report))
    validate(ours.CODE_QUALITY, issues)
    assert len({each["fingerprint"] for each in issues}) == len(issues)
    assert "critical-workloads-are-spread" not in {each["check_name"] for each in issues}


def test_junit_is_valid(any_report: Report) -> None:
    """Elements, attributes and counts as JUnit's readers want them (a schema of ours); ids are properties."""
    root = ElementTree.fromstring(writer("junit")(any_report))
    for element in root.iter():
        children, attributes = ours.JUNIT[element.tag]
        assert {child.tag for child in element} <= children
        assert attributes <= set(element.attrib)
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))
    named = [each.get("value") for each in root.findall(".//testcase/properties/property[@name='requirement']")]
    assert named == [row.id for row in any_report.requirements] or sorted(map(str, named)) == sorted(
        row.id for row in any_report.requirements
    )


def test_junit_is_read_by_a_reader_of_others(report: Report) -> None:
    """The library junitparser finds the same cases and results."""
    junitparser = pytest.importorskip("junitparser")
    found = junitparser.JUnitXml.fromstring(writer("junit")(report).encode())
    cases = [case for suite in found for case in suite]
    assert len(cases) == len(report.requirements)
    assert sum(bool(case.is_failure) for case in cases) == 2


def test_csv_defuses_formulas(report: Report) -> None:
    """No cell starts with what a spreadsheet takes for a formula."""
    import csv
    import io

    for row in csv.reader(io.StringIO(writer("csv")(report))):
        assert not [cell for cell in row if cell[:1] in set("=+-@\t\r")]


def test_markdown_fits_into_a_comment(report: Report) -> None:
    """Hostile text makes no markup, mention or link, and the text stays below GitHub's limit."""
    text = writer("markdown")(report)
    assert len(text) < 65_536
    page = MarkdownIt("commonmark").enable("table").render(text)
    assert "<script>" not in page
    assert "<a " not in page
    assert "@everyone" not in text
