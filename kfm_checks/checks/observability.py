"""CHG-07: workloads are observed."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.errors import NotVerified
from kfm_checks.evidence import judged
from kfm_checks.facts.criticality import SERVING
from kfm_checks.facts.monitoring import Monitoring
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence


def workloads_are_observed(workloads: tuple[Workload, ...], monitoring: Monitoring) -> Iterator[Evidence]:
    """Every serving workload is watched by a monitor, a probe or an alert.

    What nobody watches fails unseen. Enough is one of: a ServiceMonitor or PodMonitor (or their VictoriaMetrics and
    Google kin) that selects it and has an endpoint whose port exists, a Probe of its Service, an annotation by which an
    agent collects from it, or an alert that names it in metrics of the cluster. An alert on its own metrics is blind
    where nothing scrapes them. Where the render monitors nothing at all, nobody can tell from here: it is not
    verified, and can be attested. Dashboards are looked at by people.

    Remedy: add a ServiceMonitor that selects the workload's Service, and an alert for what users would notice.
    """
    serving = [workload for workload in workloads if workload.kind in SERVING]
    if serving and not monitoring.present:
        raise NotVerified(
            "no monitor, probe, alert or scrape annotation is rendered here: monitoring may live elsewhere"
        )
    for workload in serving:
        if workload.namespace.startswith("kube-"):
            continue
        watchers = monitoring.by.get(workload.id, ())
        who = f"{workload.kind} {workload.name}"
        text = f"{who} is watched by {', '.join(watchers)}" if watchers else f"nothing watches {who}"
        observed = ", ".join(watchers) or "absent"
        yield judged(
            bool(watchers), workload.obj, message=text, expected="a monitor, a probe or an alert", observed=observed
        )
