"""Ask the API server what it thinks of an object, thousands of times: one kept connection, and dry runs alone."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.cluster.controlplane import USERS, ControlPlane

#: An answer of the server: it created the object, or would have.
CREATED = 201


@dataclass(frozen=True)
class Answer:
    """What the server said: the HTTP status, and the object or the Status that explains the refusal."""

    code: int
    body: dict[str, Any]

    @property
    def accepted(self) -> bool:
        """Whether the request would have been carried out."""
        return self.code in (200, CREATED)

    @property
    def message(self) -> str:
        """The server's words, "" where it accepted."""
        return "" if self.accepted else str(self.body.get("message") or self.body)

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The causes of an invalid object: (reason, field)."""
        causes = (self.body.get("details") or {}).get("causes") or ()
        return tuple((str(cause.get("reason")), str(cause.get("field"))) for cause in causes)


@dataclass
class Server:
    """One connection as the administrator."""

    connection: http.client.HTTPSConnection
    _served: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict, repr=False)
    _asked: set[str] = field(default_factory=set, repr=False)

    def request(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request; ``body`` is an object, or bytes that are sent as they are."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {USERS['admin'][0]}", "Content-Type": "application/json", **(headers or {})}
        self.connection.request(method, path, data, sent)
        answer = self.connection.getresponse()
        text = answer.read()
        try:
            found = json.loads(text)
        except ValueError:
            found = text.decode(errors="replace")
        return Answer(answer.status, found if isinstance(found, dict) else {"message": found})

    def served(self, api_version: str, kind: str) -> tuple[str, bool] | None:
        """The plural of a kind and whether it lives in namespaces; None where the server doesn't serve it."""
        if api_version not in self._asked:
            self._asked.add(api_version)
            root = f"/apis/{quote(api_version)}" if "/" in api_version else f"/api/{quote(api_version)}"
            for known in self.request("GET", root).body.get("resources") or ():
                if "/" not in known["name"]:
                    self._served[api_version, known["kind"]] = known["name"], known["namespaced"]
        return self._served.get((api_version, kind))

    def forget(self) -> None:
        """Look again which kinds are served: definitions were added."""
        self._served.clear()
        self._asked.clear()

    def path(self, obj: Mapping[str, Any], namespace: str = "") -> str | None:
        """Where objects of this kind are created; None where the kind is not served."""
        api_version, kind = str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")
        found = self.served(api_version, kind)
        if found is None:
            return None
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        metadata = obj.get("metadata")
        own = metadata.get("namespace") if isinstance(metadata, dict) else None
        home = namespace or (own if isinstance(own, str) else "") or "default"
        return f"{root}/namespaces/{quote(home, safe='')}/{found[0]}" if found[1] else f"{root}/{found[0]}"

    def create(self, obj: Mapping[str, Any], namespace: str = "") -> Answer:
        """Create an object for good."""
        return self.request("POST", self._placed(obj, namespace), _at_home(obj, namespace))

    def dry_run(self, obj: Mapping[str, Any], namespace: str = "") -> Answer:
        """What would become of an object: strict field validation, admission, defaults; nothing is stored."""
        query = "?dryRun=All&fieldValidation=Strict"
        return self.request("POST", self._placed(obj, namespace) + query, _at_home(obj, namespace))

    def _placed(self, obj: Mapping[str, Any], namespace: str) -> str:
        found = self.path(obj, namespace)
        assert found is not None, f"not served: {obj.get('apiVersion')} {obj.get('kind')}"
        return found


def _at_home(obj: Mapping[str, Any], namespace: str) -> Mapping[str, Any]:
    """The object in the namespace asked for; without one, as it is."""
    metadata = obj.get("metadata")
    if not namespace or not isinstance(metadata, dict) or "namespace" not in metadata:
        return obj
    return {**obj, "metadata": {**metadata, "namespace": namespace}}


@contextmanager
def server(plane: ControlPlane) -> Iterator[Server]:
    """A connection that is kept."""
    context = ssl.create_default_context(cafile=str(plane.authority))
    connection = http.client.HTTPSConnection("127.0.0.1", plane.port, context=context, timeout=30)
    try:
        yield Server(connection)
    finally:
        connection.close()
