"""``check --store-reports``: keep the report in the cluster that was looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kfm_checks.errors import KfmChecksError, UsageError
from kfm_checks.run import Options
from kfm_checks.target import locate

if TYPE_CHECKING:
    # Only named here: a run begins to render before it imports it.
    from kfm_checks.model import Report

Command = TypeVar("Command", bound=Callable[..., Any])


def storing(command: Command) -> Command:
    """The option that asks for it."""
    return click.option(
        "--store-reports", is_flag=True, help="Keep the report in the cluster looked at, as an OpenReports object."
    )(command)


def refuse_without_cluster(options: Options, given: Mapping[str, Any]) -> None:
    """Say before anything is judged that there is no cluster to keep a report in. Raises UsageError."""
    if given["store_reports"] and not (options.context or options.in_cluster):
        raise UsageError("--store-reports needs a cluster to keep them in", remedy="give --context or --in-cluster")


def store(judged: Iterable[tuple[str, Report]], options: Options, given: Mapping[str, Any]) -> None:
    """Keep each report where that was asked for; it has been written out before. Raises KfmChecksError."""
    if not given["store_reports"]:
        return
    from kfm_checks.exports.openreports import stored
    from kfm_checks.live.client import Refusal, connect
    from kfm_checks.live.reports import store as keep

    for path, report in judged:
        try:
            connection = connect(None if options.in_cluster else options.context, locate(path).folder)
        except Refusal as refusal:
            raise KfmChecksError(f"the report could not be stored: {refusal.reason}", remedy="log in anew") from refusal
        for name in keep(stored([report]), connection):
            click.echo(f"kept as clusterreport/{name}", err=True)
