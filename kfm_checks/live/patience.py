"""What a run puts up with over all its calls, so that neither a busy nor a dead server holds it for long."""

from __future__ import annotations

import threading
import time
from collections import Counter

#: Seconds that all workers together sleep for a server that asks for patience.
WAITING = 480.0
#: Calls without an answer, one after the other: of one resource until it is asked no more, of all until the server is
#: asked whether it is there at all.
SILENT, GONE = 3, 8


class Patience:
    """Shared by the threads of one connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = WAITING
        self._silent: Counter[str] = Counter()
        self._closed: dict[str, str] = {}

    def wait(self, seconds: float) -> bool:
        """Sleep, and whether there was patience left for it."""
        with self._lock:
            if seconds > self._left:
                return False
            self._left -= seconds
        time.sleep(seconds)
        return True

    def closed(self, resource: str) -> str:
        """Why a resource is asked no more, "" where it is."""
        return self._closed.get("") or self._closed.get(resource, "")

    def answered(self, resource: str) -> None:
        """An answer, whatever it says: both are there."""
        with self._lock:
            self._silent[resource] = self._silent[""] = 0

    def unanswered(self, resource: str, reason: str) -> bool:
        """Count a call without an answer; whether it is time to ask if the server is there at all."""
        with self._lock:
            self._silent[resource] += 1
            self._silent[""] += 1
            if self._silent[resource] >= SILENT:
                self._closed.setdefault(resource, f"{reason}, {SILENT} times in a row; not asked again")
            return self._silent[""] >= GONE and "" not in self._closed

    def give_up(self, reason: str) -> None:
        """The server is not there any more: nothing is asked again."""
        with self._lock:
            self._closed.setdefault("", f"{reason}; given up after {GONE} calls without an answer")


def resource_of(path: str) -> str:
    """The resource of a path, its namespace and name left out: ``/apis/apps/v1/deployments``."""
    parts = path.strip("/").split("/")
    root = 2 if parts[0] == "api" else 3
    rest = parts[root:]
    rest = rest[2:] if rest[:1] == ["namespaces"] and len(rest) > 2 else rest
    return "/" + "/".join([*parts[:root], *rest[:1]])
