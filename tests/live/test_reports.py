"""Reports that are kept in the cluster: what is sent, and what a refusal says."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from kfm_checks.errors import KfmChecksError
from kfm_checks.exports.openreports import stored
from kfm_checks.live.reports import Apply, store
from kfm_checks.run import check_objects
from tests.conftest import AS_OF

REPORT = {"apiVersion": "openreports.io/v1alpha1", "kind": "ClusterReport", "metadata": {"name": "one"}}


def answering(status: int, text: str = "{}") -> Apply:
    """A server that always answers the same."""
    return lambda path, body: (status, text)


def test_a_report_is_applied_under_its_name_with_strict_validation() -> None:
    """One apply patch for each report; the body is the export's own object."""
    sent: list[tuple[str, bytes]] = []

    def apply(path: str, body: bytes) -> tuple[int, str]:
        sent.append((path, body))
        return 201, "{}"

    documents = stored([check_objects([], as_of=AS_OF)])
    [name] = store(documents, apply)
    [(path, body)] = sent
    parts = urlsplit(path)
    assert parts.path == f"/apis/openreports.io/v1alpha1/clusterreports/{name}"
    assert parse_qs(parts.query) == {"fieldManager": ["kfm-checks"], "force": ["true"], "fieldValidation": ["Strict"]}
    assert json.loads(body) == documents[0]


@pytest.mark.parametrize(
    ("status", "text", "says"),
    [
        (403, "", r"^clusterreports/one: the report could not be stored: not permitted; let the account"),
        (404, "404 page not found", "the server serves no such kind; install the definitions"),
        (413, "", "larger than the server takes"),
        (422, '{"message": "bad\\n\\u001b[31mfield"}', r"stored: bad \\x1b\[31mfield$"),
        (500, "not JSON", "the server answered 500$"),
        (500, "[1]", "the server answered 500$"),
    ],
)
def test_what_was_not_stored_is_never_taken_for_stored(status: int, text: str, says: str) -> None:
    """Each refusal is one line with its cause."""
    with pytest.raises(KfmChecksError, match=says) as caught:
        store([REPORT], answering(status, text))
    assert "\n" not in str(caught.value)


def test_a_server_that_does_not_answer_is_said_so() -> None:
    """A time-out, a closed connection."""

    def apply(path: str, body: bytes) -> tuple[int, str]:
        raise TimeoutError

    with pytest.raises(KfmChecksError, match="the server did not answer"):
        store([REPORT], apply)
