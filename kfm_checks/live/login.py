"""Logging in by a context: within a time limit, and as nobody else than kubectl would be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from kfm_checks.errors import UsageError
from kfm_checks.live.client import Refusal

#: Seconds that the plugin of a context has for its credentials: a person may have to log in.
PLUGIN = 120.0
Made = TypeVar("Made")


def in_time(make: Callable[[], Made]) -> Made:
    """What ``make`` gives. Raises Refusal where a plugin takes too long: the official client waits without end.

    The thread that is left behind ends with the run; the plugin, when it finds that nobody listens.
    """
    made: Future[Made] = Future()
    Thread(target=_keep, args=(made, make), daemon=True).start()
    try:
        return made.result(PLUGIN)
    except TimeoutError:
        raise Refusal(f"the context's plugin gave no credentials within {PLUGIN:.0f} s") from None


def _keep(made: Future[Made], make: Callable[[], Made]) -> None:
    try:
        made.set_result(make())
    except BaseException as error:  # it is raised where it is awaited
        made.set_exception(error)


def refuse_impersonation(context: str, files: str) -> None:
    """Raise UsageError for a context that acts as somebody else (``as``): the official client would not, unsaid."""
    from kubernetes.config.kube_config import KubeConfigMerger

    merged = KubeConfigMerger(files).config  # type: ignore[no-untyped-call]
    named = merged["contexts"].get_with_name(context)["context"].safe_get("user")
    entry = merged["users"].get_with_name(named, safe=True) if named and "users" in merged else None
    user = entry.safe_get("user") if entry is not None else None
    if isinstance(user, Mapping) and user.get("as"):
        raise UsageError(
            f"the context {context!r} acts as another user, which is not supported", remedy="name one without `as`"
        )
