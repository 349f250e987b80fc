"""Reports that are kept in the cluster: what is sent, and what a refusal says. The real server: tests/cluster."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.errors import KfmChecksError
from kfm_checks.exports.openreports import stored
from kfm_checks.live.client import Connection, Refusal
from kfm_checks.live.reports import KIND, store
from kfm_checks.run import check_objects
from tests.conftest import AS_OF

REPORT = {"apiVersion": "openreports.io/v1alpha1", "kind": "ClusterReport", "metadata": {"name": "one"}}


class Line(Connection):
    """A connection that keeps what is sent, and refuses with ``status`` where one is given."""

    def __init__(self, status: int = 0, reason: str = "") -> None:
        self.sent: list[tuple[Any, ...]] = []
        self._status, self._reason = status, reason

    def call(self, method: str, path: str, body: Any = None, **given: Any) -> dict[str, Any]:
        """Keep the call; refuse it where told to."""
        self.sent.append((method, path, body, given))
        if self._reason:
            raise Refusal(self._reason, self._status)
        return {}


def test_a_report_is_applied_under_its_name_with_strict_validation() -> None:
    """One apply patch for each report; the body is the export's own object, of the kind that may be written."""
    line = Line()
    documents = stored([check_objects([], as_of=AS_OF)])
    [name] = store(documents, line)
    [(method, path, body, given)] = line.sent
    assert (method, path) == ("PATCH", f"/apis/openreports.io/v1alpha1/clusterreports/{name}")
    assert given["query"] == {"fieldManager": "kfm-checks", "force": "true", "fieldValidation": "Strict"}
    assert given["content_type"] == "application/apply-patch+yaml"
    assert body == documents[0]
    assert (body["apiVersion"], body["kind"]) == (KIND.api_version, KIND.kind)


@pytest.mark.parametrize(
    ("status", "reason", "says"),
    [
        (
            403,
            "forbidden: no\nrule",
            r"^clusterreports/one: the report could not be stored: forbidden: no rule; let the",
        ),
        (404, "not found", "stored: not found; install the definitions"),
        (413, "too large", "too large; narrow the run"),
        (0, "the connection was cut", "the connection was cut$"),
    ],
)
def test_what_was_not_stored_is_never_taken_for_stored(status: int, reason: str, says: str) -> None:
    """Each refusal is one line with its cause."""
    with pytest.raises(KfmChecksError, match=says) as caught:
        store([REPORT], Line(status, reason))
    assert "\n" not in str(caught.value)
