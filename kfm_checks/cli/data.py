"""``kfm-checks data verify|plan|reconcile``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click


@click.group()
def data() -> None:
    """The data manifest: bytes, changes, controlled load."""


def _cache(given: Path | None, disabled: bool) -> Path | None:
    if disabled:
        return None
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return given or Path(home) / "kfm-checks" / "data"


def _show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], empty: str) -> None:
    """Rows as an aligned text table; plain where it is not a terminal."""
    if not rows:
        click.echo(empty)
        return
    cells = [
        [" ".join(str(row.get(column) if row.get(column) is not None else "").split()) for column in columns]
        for row in rows
    ]
    widths = [max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)]
    for line in [list(columns), *cells]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


_format = click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
_files = click.option("--files", type=click.Path(path_type=Path), help="Folder that relative addresses start from.")
_cache_option = click.option(
    "--cache", type=click.Path(path_type=Path), help="Where fetched bytes are kept by checksum."
)
_no_cache = click.option("--no-cache", is_flag=True, help="Keep nothing.")
_timeout = click.option(
    "--timeout", type=click.FloatRange(0.1), default=30.0, show_default=True, help="Seconds for an answer."
)


@data.command()
@click.argument("path")
@click.option("--dataset", "only", multiple=True, metavar="ID", help="Only this dataset; may repeat.")
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Addresses at a time.")
@click.option("--offline", is_flag=True, help="Fetch nothing: what lies elsewhere is named and not verified.")
@_timeout
@_files
@_cache_option
@_no_cache
@_format
def verify(
    path: str,
    only: tuple[str, ...],
    jobs: int,
    offline: bool,
    timeout: float,
    files: Path | None,
    cache: Path | None,
    no_cache: bool,
    format_: str,
) -> int:
    """Hold the bytes at each URI against size and checksum. PATH is an overlay, a manifest, or REVISION:PATH in git."""
    from kfm_checks.data.fetch import Fetcher
    from kfm_checks.data.manifest import load
    from kfm_checks.data.verify import as_json
    from kfm_checks.data.verify import verify as run
    from kfm_checks.errors import UsageError

    manifest = load(path, files=files)
    unknown = sorted(set(only) - set(manifest.by_id))
    if unknown:
        raise UsageError(f"no dataset is called {unknown[0]!r}", file=path, remedy="see its ids")
    fetcher = Fetcher(manifest.folder, _cache(cache, no_cache), timeout, offline=offline)
    results = run(manifest, fetcher, jobs=jobs, only=only)
    told = as_json(results)
    if format_ == "json":
        click.echo(json.dumps(told, indent=2, sort_keys=True))
    else:
        _show(
            told["results"],
            ("dataset", "status", "uri", "expected", "observed", "reason"),
            "the manifest names no dataset",
        )
        number = sum(one.status == "verified" for one in results)
        click.echo(f"{number} of {len(results)} addresses verified.")
    return int(any(one.status in ("mismatch", "unreachable") for one in results))


@data.command()
@click.argument("base")
@click.argument("head")
@click.option("--fetch", is_flag=True, help="Also fetch the old bytes, to see whether they still resolve.")
@_files
@_format
def plan(base: str, head: str, fetch: bool, files: Path | None, format_: str) -> int:
    """What changes between two manifests, what a load would do, and what the way back is."""
    from kfm_checks.data.manifest import load
    from kfm_checks.data.plan import plan as run

    found = run(load(base, files=files, strict=False), load(head, files=files), offline=not fetch)
    told = found.as_json()
    if format_ == "json":
        click.echo(json.dumps(told, indent=2))
        return int(bool(found.refused))
    changes = [
        {"dataset": c["dataset"], "change": c["change"], "from": _release(c["from"]), "to": _release(c["to"])}
        for c in told["changes"]
    ]
    _show(changes, ("dataset", "change", "from", "to"), "Nothing changes.")
    for title, key, columns in (
        ("Steps", "steps", ("step", "action", "dataset", "release", "loader", "into")),
        ("Rollback", "rollback", ("dataset", "action", "resolves", "how")),
        ("Refused", "refused", ("dataset", "reason")),
    ):
        if told[key]:
            click.echo(f"\n{title}")
            _show(told[key], columns, "")
    return int(bool(found.refused))


def _release(side: Mapping[str, str] | None) -> str:
    return f"{side['version']} ({side['release']}, {side['sensitivity']})" if side else "-"


@data.command()
@click.argument("path")
@click.option("--apply", "apply_", is_flag=True, help="Load. Without it the run only says what it would do.")
@click.option("--dataset", "only", multiple=True, metavar="ID", help="Only this dataset; may repeat.")
@click.option("--loader", "loaders", multiple=True, metavar="NAME", help="Only loads of this loader; may repeat.")
@click.option("--prune", is_flag=True, help="Also unload what the manifest no longer names.")
@click.option(
    "--ledger",
    type=click.Path(path_type=Path),
    envvar="KFM_DATA_LEDGER",
    help="Ledger of loaders without one of their own.",
)
@click.option(
    "--catalogue", type=click.Path(path_type=Path), envvar="KFM_STAC_CATALOGUE", help="Folder of the STAC catalogue."
)
@click.option(
    "--credentials",
    type=click.Path(path_type=Path),
    envvar="KFM_DATASTORE_CREDENTIALS",
    help="Folder with a file for each store.",
)
@click.option("--by", default="", envvar="KFM_DATA_LOADED_BY", help="Who loads, for the ledger.")
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Addresses at a time.")
@_timeout
@_files
@_cache_option
@_format
def reconcile(
    path: str, apply_: bool, only: tuple[str, ...], loaders: tuple[str, ...], prune: bool, format_: str, **given: Any
) -> int:
    """Bring the datastores to what the manifest declares. Tries only, unless --apply is given.

    Credentials are files (postgis-writer, neo4j-writer) of the folder given: never arguments, which every user of the
    machine could read.
    """
    from kfm_checks.data.fetch import Fetcher
    from kfm_checks.data.manifest import load
    from kfm_checks.data.reconcile import Options
    from kfm_checks.data.reconcile import reconcile as run

    manifest = load(path, files=given["files"])
    fetcher = Fetcher(manifest.folder, _cache(given["cache"], False), given["timeout"])
    options = Options(
        apply=apply_,
        only=only,
        loaders=loaders,
        prune=prune,
        by=given["by"],
        jobs=given["jobs"],
        settings={name: given[name] for name in ("ledger", "catalogue", "credentials")},
    )
    done = run(
        manifest, fetcher, options, told=lambda line: click.echo(line, err=True) if sys.stderr.isatty() else None
    )
    told = [one.as_json() for one in done]
    if format_ == "json":
        click.echo(json.dumps({"schema": "kfm-checks/data-reconcile/v1", "applied": apply_, "results": told}, indent=2))
    else:
        _show(
            told, ("dataset", "release", "loader", "into", "action", "status", "reason"), "The manifest names no load."
        )
        if not apply_:
            click.echo("Tried only; nothing was loaded (--apply loads).")
    return int(any(one.status in ("failed", "refused") for one in done))


@data.command()
def schema() -> int:
    """The JSON Schema of the data manifest."""
    from kfm_checks.facts.datasets_manifest import json_schema

    click.echo(json.dumps(json_schema(), indent=2, sort_keys=True))
    return 0
