"""DAT-04: something observes the data manifest and carries out the load."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.config import Config
from kfm_checks.evidence import file_key, holds, judged, unknown
from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_loading import Loader
from kfm_checks.model import Evidence


def data_reconciler_is_wired(
    datasets: tuple[Dataset, ...], loaders: tuple[Loader, ...], config: Config
) -> Iterator[Evidence]:
    """A reconciler observes the data manifest and carries out the controlled load.

    A manifest that nobody acts on describes a wish (OpenGitOps principles v1.0.0, 3 and 4). The declared reconciler is
    looked at: that it is there, sees this very manifest (mounts it, reads it from git, or is started by a change of
    it), is not suspended, and does more than try. Without a declaration, what is seen to run `data reconcile` is.

    Remedy: mount the manifest's ConfigMap in the workload named under `data.reconciler`, or let a workflow start by a
    change of data/manifest.yaml; run `kfm-checks data reconcile --apply` there.
    """
    declared = config.data.reconciler
    if declared and all(loader.id != declared for loader in loaders):
        message = f"the declared reconciler {declared} is not in the render, so nobody saw what it observes"
        yield unknown(file_key("kfm-checks.yaml"), ("data", "reconciler"), message=message, observed=declared)
    for loader in loaders:
        if loader.id == declared or (loader.loads and not declared):
            yield _wired(loader, len(datasets))
        else:
            message = f"{loader.id} reads the manifest or tries the load: {loader.how}"
            if declared:
                yield holds(loader.subject, loader.path, message=message, source=loader.source, about=loader.id)
    if not declared and not any(loader.loads for loader in loaders):
        likely = [loader.id for loader in loaders]
        patch = f"data:\n  reconciler: {likely[0]}\n" if likely else ""
        message = "nobody declares what loads the data, and nothing is seen to do it"
        yield unknown(
            file_key("kfm-checks.yaml"),
            ("data", "reconciler"),
            message=message,
            observed=likely or "nothing",
            patch=patch,
        )


def _wired(loader: Loader, number: int) -> Evidence:
    ok = False if loader.stopped else loader.observes
    why = loader.stopped or loader.how
    message = f"{loader.id} {'loads' if ok else 'should load'} what the manifest names ({number} datasets): {why}"
    expected = "it observes the manifest and carries out the load"
    return judged(
        ok,
        loader.subject,
        loader.path,
        message=message,
        expected=expected,
        observed=why,
        source=loader.source,
        about=loader.id,
    )
