"""``kfm-checks snapshot``."""

from __future__ import annotations

from pathlib import Path

import click

from kfm_checks.cli.options import write_file
from kfm_checks.errors import KfmChecksError
from kfm_checks.run import Options


@click.command()
@click.argument("path", metavar="[PATH]", required=False)
@click.option("--context", metavar="NAME", help="The kubeconfig context of the cluster.")
@click.option("--in-cluster", is_flag=True, help="The cluster that this pod runs in; no dry runs are tried.")
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Its folder."
)
@click.option("--probe", is_flag=True, help="Ask the public hosts over HTTPS, too.")
def snapshot(path: str | None, context: str | None, in_cluster: bool, out: Path, probe: bool) -> int:
    """Write what the cluster shows of the overlay at PATH into DIR/cluster.json.

    Without PATH it is the overlay that `check` without PATH would judge. No Secret's value is in it. Judge it later
    with `kfm-checks check PATH --snapshot DIR`.
    """
    from kfm_checks.cli.check import configured
    from kfm_checks.errors import UsageError
    from kfm_checks.live.snapshot import NAME, encoded
    from kfm_checks.run import judge

    if (context is None) != in_cluster:
        raise UsageError("a snapshot is of one cluster", remedy="give --context NAME or --in-cluster")
    overlays = [path] if path else configured()
    if len(overlays) > 1:
        raise UsageError(f"{len(overlays)} overlays are configured", remedy="name the one whose cluster this is")
    options = Options(only=("GATE-01",), context=context, in_cluster=in_cluster, probe=probe)
    seen = judge(overlays[0], options).facts.inputs["seen"]
    if seen.problem:
        raise KfmChecksError(f"the cluster could not be read: {seen.problem}", remedy="check the context with kubectl")
    write_file(out / NAME, encoded(seen))
    refused = sum(bool(listing.problem) for listing in seen.listings)
    told = f", {refused} kinds could not be read" if refused else ""
    click.echo(f"{out / NAME}: {len(seen.objects)} objects, taken {seen.taken}{told}")
    return 0
