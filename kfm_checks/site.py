"""Build the living README of any overlay: judge it once, and let Sphinx show it."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kfm_checks.baseline import Comparison, Standing, against
from kfm_checks.errors import KfmChecksError, UsageError
from kfm_checks.run import Judged, Options, judge
from kfm_checks.target import locate

#: What a build copies: the page sources. They lie in the wheel, or at the root of the repository.
SOURCES = ("conf.py", "index.md", "docs", "notebooks")


#: What Sphinx and its extensions leave behind for their own use.
LEFTOVERS = (".buildinfo", ".buildinfo.bak", "permalink.html", "schema_violations.json")


@dataclass(frozen=True)
class Built:
    """A finished site."""

    judged: Judged
    index: Path
    #: What became of the baseline; None where none was given, or it doesn't know the overlay.
    against: Comparison | None
    #: Warnings of the build, one a line; none in a build that is as it should be.
    warnings: tuple[str, ...]


def build(
    path: str | Path,
    out: str | Path,
    options: Options | None = None,
    *,
    judged: Judged | None = None,
    notebooks: bool = True,
    baseline: Mapping[str, Standing] | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> Built:
    """Judge the overlay at ``path`` (unless ``judged`` is given) and write its site to ``out``, beside a ``baseline``.

    The day by which expiry is judged is ``options.as_of``, else the date of the last commit, else today. An existing
    ``out`` is replaced if it holds a site or nothing. Raises KfmChecksError: the overlay can't be rendered, ``out`` is
    something else, Sphinx is not installed, a notebook fails.
    """
    chosen = options or Options()
    if judged is None:
        progress("judging the overlay")
        judged = judge(path, replace(chosen, as_of=chosen.as_of or commit_date(locate(path).root)))
    comparison = None
    if baseline is not None:
        report, comparison = against(judged.report, baseline, partial=bool(chosen.only))
        judged = replace(judged, report=report)
    out_folder = _out(Path(out))
    with tempfile.TemporaryDirectory(prefix="kfm-checks-site-") as scratch:
        source, built = Path(scratch) / "source", Path(scratch) / "html"
        _copy_sources(source, notebooks=notebooks)
        shown = _Shown(judged, comparison, chosen)
        warnings = _sphinx(shown, source, built, Path(scratch) / "doctrees", progress)
        for name in LEFTOVERS:
            (built / name).unlink(missing_ok=True)
        if out_folder.exists():
            shutil.rmtree(out_folder)
        out_folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(built, out_folder)
    (out_folder / MARK).touch()
    return Built(judged, out_folder / "index.html", comparison, warnings)


#: Pages are read and written, and notebooks run, by so many processes at a time.
WORKERS = min(4, os.cpu_count() or 1)
#: Says that a folder was written by this module: only such a one is replaced.
MARK = ".kfm-checks-site"


def _out(out: Path) -> Path:
    if out.exists() and not out.is_dir():
        raise UsageError("is a file", file=str(out), remedy="name a folder for the site")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).exists():
        raise UsageError("holds something that is no site", file=str(out), remedy="name an empty folder")
    return out


def sources() -> Path:
    """Where the page sources lie."""
    package = Path(__file__).parent / "site_sources"
    for folder in (package, Path(__file__).parent.parent):
        if (folder / "conf.py").is_file() and (folder / "index.md").is_file():
            return folder
    raise KfmChecksError("the page sources of the site are missing", remedy="install kfm-checks again")


def _copy_sources(into: Path, *, notebooks: bool) -> None:
    into.mkdir(parents=True)
    root = sources()
    ignored = shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__", "README.md")
    for name in SOURCES:
        path = root / name
        if path.is_dir() and (notebooks or name != "notebooks"):
            shutil.copytree(path, into / name, ignore=ignored)
        elif path.is_file():
            shutil.copy(path, into / name)


@dataclass(frozen=True)
class _Shown:
    """What the pages show, and the options by which notebooks read the same."""

    judged: Judged
    comparison: Comparison | None
    options: Options


def _sphinx(shown: _Shown, source: Path, out: Path, doctrees: Path, progress: Callable[[str], None]) -> tuple[str, ...]:
    try:
        from sphinx.application import Sphinx
        from sphinx.errors import SphinxError
        from sphinx.util.console import nocolor
        from sphinx.util.docutils import docutils_namespace, patch_docutils
    except ImportError as error:
        raise KfmChecksError("the site needs Sphinx", remedy="pip install 'kfm-checks[site]'") from error
    from kfm_checks.sphinx_ext import state
    from kfm_checks.sphinx_ext.view import View

    judged = shown.judged
    nocolor()
    status, warning = _Progress(progress), io.StringIO()
    state.provide(View(judged, shown.comparison))
    try:
        with (
            _quiet_kernels(),
            state.notebook_environment(
                judged.target.folder, judged.report.overlay.as_of, shown.options, _kept(judged, doctrees)
            ),
            patch_docutils(source),
            docutils_namespace(),
        ):
            settings = {"html_title": _title(judged), "project": _title(judged)}
            app = Sphinx(
                source, source, out, doctrees, "html", settings, status, warning, freshenv=True, parallel=WORKERS
            )
            app.build()
    except SphinxError as error:
        why = str(error).replace(f"{source}/", "")
        raise KfmChecksError(f"the site could not be built: {why}", file=judged.target.path) from error
    finally:
        state.provide(None)
    lines = (line.replace(f"{source}/", "") for line in warning.getvalue().splitlines())
    return tuple(line for line in lines if line.strip())


def _kept(judged: Judged, scratch: Path) -> Path | None:
    """What was seen of a cluster, as a snapshot for the notebooks: they say what the pages say, and contact nobody."""
    from kfm_checks.facts.cluster import Cluster
    from kfm_checks.live.snapshot import write_snapshot

    cluster = judged.facts.inputs.get("cluster")
    return write_snapshot(cluster, scratch / "snapshot").parent if isinstance(cluster, Cluster) else None


@contextlib.contextmanager
def _quiet_kernels() -> Iterator[None]:
    """Keep what kernels write to stderr (a notice on their transport, each time) from the reader."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with tempfile.TemporaryFile() as ignored:
            os.dup2(ignored.fileno(), 2)
            yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


def _title(judged: Judged) -> str:
    """What the pages are called: the overlay, as its README or its path names it."""
    from kfm_checks.sphinx_ext.documents import readme_of
    from kfm_checks.sphinx_ext.view import View

    readme = readme_of(View(judged))
    return (readme.title if readme and readme.title else judged.report.overlay.path) or "overlay"


class _Progress(io.StringIO):
    """Sphinx's messages, line by line, to whoever wants to show them."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if line.strip():
                self._tell(line.strip())
        return len(text)


def commit_date(root: Path) -> str:
    """The day (UTC) of the last commit of a repository; "" where there is none."""
    import subprocess
    from datetime import UTC, datetime

    from kfm_checks.facts.repository import unredirected

    command = ["git", "-C", str(root), "log", "-1", "--format=%ct"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, env=unredirected())
    except (OSError, subprocess.TimeoutExpired):
        return ""
    text = found.stdout.strip()
    return datetime.fromtimestamp(int(text), UTC).date().isoformat() if found.returncode == 0 and text.isdigit() else ""
