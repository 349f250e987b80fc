"""SEN-03: raw sensitive payloads don't reach the logs."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.errors import NotVerified
from kfm_checks.evidence import judged
from kfm_checks.facts.datasets_redaction import Redaction
from kfm_checks.model import Evidence


def edge_redacts_logs(redactions: tuple[Redaction, ...]) -> Iterator[Evidence]:
    """Redaction is configured at the edge and in the pipelines that carry logs on.

    Logs are copied further and kept longer than data (NIST SP 800-53 AU-3(3)); a query tells which place somebody asked
    for. Looked at are public Ingresses and their controller's log format, Envoy and Istio access logs, and every logs
    and traces pipeline of OpenTelemetry, Fluent Bit and Vector. What an edge logs by its own defaults can't be seen.

    Remedy: switch the edge's access log off or give it a format without query and body, and put a redaction processor
    into each pipeline.
    """
    if not redactions:
        raise NotVerified("no edge and no log pipeline is configured in the render, so nobody knows what is logged")
    for one in redactions:
        expected = "no raw query or body"
        yield judged(one.ok, one.obj, one.path, message=one.what, expected=expected, observed=one.what, about=one.what)
