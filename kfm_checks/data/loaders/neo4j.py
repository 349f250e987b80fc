"""Neo4j: nodes or relationships from a table, by Cypher that a constraint makes idempotent; the ledger beside them.

``options``: ``as`` (``nodes`` or ``edges``) and ``key``, the column that names a node; for edges ``from``, ``to``
(columns), ``from-label`` and ``to-label``. ``into`` is the label or the relationship type. The ledger is a node for
each entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from kfm_checks.data.ledger import Entry, latest, now, reused
from kfm_checks.data.loaders import LoadError, RefusedError, Settings, Task, chunks
from kfm_checks.data.loaders.rows import rows
from kfm_checks.errors import UsageError

CREDENTIAL = "neo4j-writer"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_BATCH = 5_000
_LEDGER = "KfmDataLoad"
_FIELDS = ("dataset", "release", "version", "sha256", "loader", "into", "action", "rows", "by", "manifest", "at")


class Neo4jLoader:
    """Loads nodes and relationships from CSV, Parquet or GeoJSON properties."""

    def __init__(self, settings: Settings, driver: Any = None) -> None:
        self._settings = settings
        self._driver = driver

    def __enter__(self) -> Neo4jLoader:
        """Connect by the credential file: three lines, address, user and password. Raises UsageError."""
        if self._driver is None:
            import neo4j

            lines = self._settings.secret(CREDENTIAL).splitlines()
            if len(lines) != 3:
                raise UsageError(
                    f"the credential {CREDENTIAL} has not three lines", remedy="write address, user, password"
                )
            self._driver = neo4j.GraphDatabase.driver(lines[0], auth=(lines[1], lines[2]))
            try:
                self._driver.verify_connectivity()
            except neo4j.exceptions.Neo4jError as error:
                raise UsageError(f"Neo4j refuses ({error.code})", remedy=f"check {CREDENTIAL}") from None
            except neo4j.exceptions.DriverError as error:
                raise UsageError(
                    f"Neo4j can't be reached ({type(error).__name__})", remedy=f"check {CREDENTIAL}"
                ) from None
        self._run(f"CREATE CONSTRAINT kfm_data_load IF NOT EXISTS FOR (l:{_LEDGER}) REQUIRE l.number IS UNIQUE")
        return self

    def __exit__(self, *_: object) -> None:
        self._driver.close()

    def _run(self, query: str) -> None:
        with self._driver.session() as session:
            session.run(query).consume()

    def entries(self) -> Sequence[Entry]:
        """Every entry of the ledger, oldest first."""
        with self._driver.session() as session:
            found: list[Entry] = session.execute_read(_entries)
            return found

    def load(self, task: Task) -> Entry | None:
        """Merge the rows, take away what the release no longer has, and record it, in one transaction."""
        label = _name(task.into)
        kind = task.options.get("as", "nodes")
        if kind not in ("nodes", "edges"):
            raise LoadError(f"{kind!r} is neither nodes nor edges")
        if kind == "nodes":
            key = _name(task.options.get("key", "id"))
            self._run(f"CREATE CONSTRAINT kfm_{label}_{key} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE")
        with self._driver.session() as session:
            done: Entry | None = session.execute_write(_load, task, kind)
            return done

    def unload(self, entry: Entry) -> Entry:
        """Delete what a dataset brought, and record it, in one transaction."""
        with self._driver.session() as session:
            done: Entry = session.execute_write(_unload, entry)
            return done


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise LoadError(f"{text!r} is no name (letters, digits and _)")
    return text


def _entries(tx: Any) -> list[Entry]:
    result = tx.run(f"MATCH (l:{_LEDGER}) RETURN l ORDER BY l.number")
    return [Entry(**{name: dict(record["l"]).get(name, "") for name in _FIELDS}) for record in result]


def _load(tx: Any, task: Task, kind: str) -> Entry | None:
    """The driver may run this again after a lost connection; the ledger read here decides, so nothing is done twice."""
    # Writing one node takes its lock: a second run waits here until the first has ended.
    tx.run(f"MERGE (l:{_LEDGER}Lock {{name: 'ledger'}}) SET l.taken = timestamp()").consume()
    done = _entries(tx)
    if reused(done, task.dataset.id, task.dataset.release, task.dataset.sha256):
        raise RefusedError(f"other bytes were loaded under the release tag {task.dataset.release}")
    last = latest(done).get((task.dataset.id, task.into))
    if last is not None and (last.action, last.release, last.sha256) == (
        "load",
        task.dataset.release,
        task.dataset.sha256,
    ):
        return None
    query = _node_query(task) if kind == "nodes" else _edge_query(task)
    mark = {"dataset": task.dataset.id, "release": task.dataset.release, "sha256": task.dataset.sha256}
    number = 0
    for batch in chunks(_properties(task), _BATCH):
        tx.run(query, rows=batch, **mark).consume()
        number += len(batch)
    tx.run(_sweep(task.into, kind), **mark).consume()
    task.still()
    return _record(tx, msgspec.structs.replace(task.entry, rows=number), len(done), kind)


def _properties(task: Task) -> Iterator[Mapping[str, object]]:
    for row in rows(task.dataset, task.path):
        yield {name: value for name, value in row.properties.items() if isinstance(value, str | int | float | bool)}


def _node_query(task: Task) -> str:
    label, key = _name(task.into), _name(task.options.get("key", "id"))
    return (
        f"UNWIND $rows AS row MERGE (n:{label} {{{key}: row.{key}}}) SET n = row, "
        "n.kfm_dataset = $dataset, n.kfm_release = $release, n.kfm_sha256 = $sha256"
    )


def _edge_query(task: Task) -> str:
    kind, options = _name(task.into), task.options
    start, end = _name(options.get("from", "from")), _name(options.get("to", "to"))
    first, second = _name(options.get("from-label", "")), _name(options.get("to-label", ""))
    key = _name(options.get("key", "id"))
    return (
        f"UNWIND $rows AS row MATCH (a:{first} {{{key}: row.{start}}}) MATCH (b:{second} {{{key}: row.{end}}}) "
        f"MERGE (a)-[r:{kind} {{kfm_dataset: $dataset}}]->(b) SET r += row, "
        "r.kfm_release = $release, r.kfm_sha256 = $sha256"
    )


def _sweep(into: str, kind: str) -> str:
    """Take away what an earlier release brought and this one did not."""
    if kind == "nodes":
        return f"MATCH (n:{_name(into)} {{kfm_dataset: $dataset}}) WHERE n.kfm_sha256 <> $sha256 DETACH DELETE n"
    return f"MATCH ()-[r:{_name(into)} {{kfm_dataset: $dataset}}]->() WHERE r.kfm_sha256 <> $sha256 DELETE r"


def _record(tx: Any, entry: Entry, number: int, kind: str) -> Entry:
    stamped = msgspec.structs.replace(entry, at=now())
    values = {name: getattr(stamped, name) for name in _FIELDS}
    tx.run(f"CREATE (l:{_LEDGER}) SET l = $entry", entry={**values, "number": number, "kind": kind}).consume()
    return stamped


def _unload(tx: Any, entry: Entry) -> Entry:
    tx.run(f"MERGE (l:{_LEDGER}Lock {{name: 'ledger'}}) SET l.taken = timestamp()").consume()
    number = len(_entries(tx))
    for kind in ("nodes", "edges"):
        tx.run(_sweep(entry.into, kind), dataset=entry.dataset, sha256="").consume()
    return _record(tx, msgspec.structs.replace(entry, action="unload", rows=0), number, "")
