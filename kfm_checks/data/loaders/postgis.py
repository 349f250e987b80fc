"""PostGIS: data and ledger in one transaction: a kill leaves both as they were, or both as they are to be.

Each target is a table of the schema ``kfm``: the number of the record, its properties as JSON, its geometry in WGS
84, and the dataset and release that it belongs to. Readers see the old rows until the transaction is committed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from kfm_checks.data.ledger import Entry, latest, reused
from kfm_checks.data.loaders import LoadError, RefusedError, Settings, Task
from kfm_checks.data.loaders.rows import rows
from kfm_checks.errors import UsageError

CREDENTIAL = "postgis-writer"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,57}")
#: Held while the schema is made; any number serves, as long as it is always the same.
_SETUP_LOCK = 6_220_415_011
_WAIT = "10min"
_SETUP = """
CREATE SCHEMA IF NOT EXISTS kfm;
CREATE TABLE IF NOT EXISTS kfm.data_ledger (
    entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset text NOT NULL, release text NOT NULL, version text NOT NULL, sha256 text NOT NULL,
    loader text NOT NULL, target text NOT NULL, action text NOT NULL CHECK (action IN ('load', 'unload')),
    rows bigint NOT NULL, loaded_by text NOT NULL, manifest text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE OR REPLACE FUNCTION kfm.data_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the ledger is only added to'; END $$;
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kfm.data_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION kfm.data_ledger_is_append_only();
"""
_COLUMNS = "dataset, release, version, sha256, loader, target, action, rows, loaded_by, manifest"


class PostgisLoader:
    """Loads GeoJSON, GeoParquet and tables in text into PostGIS."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: psycopg.Connection[Any] | None = None

    def __enter__(self) -> PostgisLoader:
        """Connect, and make the schema where it is not there. Raises UsageError where the server can't be had."""
        try:
            self._connection = psycopg.connect(self._settings.secret(CREDENTIAL), autocommit=True, connect_timeout=30)
        except psycopg.Error as error:
            # The driver's text may quote the connection string.
            raise UsageError(
                f"PostGIS can't be reached ({type(error).__name__})", remedy=f"check the credential {CREDENTIAL}"
            ) from None
        with self._transaction(_SETUP_LOCK) as cursor:
            if not _has(cursor, "to_regclass('kfm.data_ledger') IS NOT NULL"):
                cursor.execute(_SETUP)
            if not _has(cursor, "EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis')"):
                cursor.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def entries(self) -> Sequence[Entry]:
        """Every entry of the ledger, oldest first."""
        with self._cursor() as cursor:
            return _entries(cursor)

    def load(self, task: Task) -> Entry | None:
        """Replace the dataset's rows and record it, in one transaction."""
        table = _table(task.into)
        with self._transaction(f"{task.into}") as cursor:
            done = _entries(cursor, task.dataset.id)
            last = latest(done).get((task.dataset.id, task.into))
            if reused(done, task.dataset.id, task.dataset.release, task.dataset.sha256):
                raise RefusedError(f"other bytes were loaded under the release tag {task.dataset.release}")
            if last is not None and _same(last, task.entry):
                return None
            _make(cursor, table, task.into)
            cursor.execute(sql.SQL("DELETE FROM {} WHERE dataset = %s").format(table), (task.dataset.id,))
            number = _copy(cursor, table, task)
            task.still()
            return _record(cursor, msgspec.structs.replace(task.entry, rows=number))

    def unload(self, entry: Entry) -> Entry:
        """Delete the dataset's rows and record it, in one transaction."""
        with self._transaction(entry.into) as cursor:
            if _has(cursor, "to_regclass(%s) IS NOT NULL", f"kfm.{entry.into}"):
                table = _table(entry.into)
                cursor.execute(sql.SQL("DELETE FROM {} WHERE dataset = %s").format(table), (entry.dataset,))
            return _record(cursor, msgspec.structs.replace(entry, action="unload", rows=0))

    @contextmanager
    def _cursor(self) -> Iterator[psycopg.Cursor[Any]]:
        assert self._connection is not None
        try:
            with self._connection.cursor() as cursor:
                yield cursor
        except psycopg.Error as error:
            raise LoadError(_told(error)) from error

    @contextmanager
    def _transaction(self, lock: int | str) -> Iterator[psycopg.Cursor[Any]]:
        """A transaction that no other run of the same target shares: the lock ends with it, also by a kill."""
        with self._cursor() as cursor, cursor.connection.transaction():
            cursor.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(_WAIT))
            key = "%s" if isinstance(lock, int) else "hashtextextended(%s, 0)"
            cursor.execute(f"SELECT pg_advisory_xact_lock({key})".encode(), (lock,))
            yield cursor


def _told(error: psycopg.Error) -> str:
    """What the server says, without the values of rows that it may quote."""
    message = error.diag.message_primary if error.diag else None
    return f"PostgreSQL refuses: {message}" if message else f"the connection failed ({type(error).__name__})"


def _has(cursor: psycopg.Cursor[Any], condition: str, *values: str) -> bool:
    row = cursor.execute(f"SELECT {condition}".encode(), values).fetchone()
    return bool(row and row[0])


def _table(into: str) -> sql.Identifier:
    if not _NAME.fullmatch(into) or into == "data_ledger":
        raise LoadError(f"{into!r} is no name for a table (letters, digits and _)")
    return sql.Identifier("kfm", into)


def _same(one: Entry, other: Entry) -> bool:
    return (one.action, one.release, one.sha256) == ("load", other.release, other.sha256)


def _make(cursor: psycopg.Cursor[Any], table: sql.Identifier, name: str) -> None:
    if _has(cursor, "to_regclass(%s) IS NOT NULL", f"kfm.{name}"):
        return
    cursor.execute(
        sql.SQL(
            "CREATE TABLE {} (record bigint NOT NULL, properties jsonb NOT NULL, geom geometry(Geometry, 4326),"
            " dataset text NOT NULL, release text NOT NULL, PRIMARY KEY (dataset, record))"
        ).format(table)
    )
    cursor.execute(sql.SQL("CREATE INDEX {} ON {} USING gist (geom)").format(sql.Identifier(f"{name}_geom"), table))


def _copy(cursor: psycopg.Cursor[Any], table: sql.Identifier, task: Task) -> int:
    """Stream the records into a table of this transaction, and from there, as geometries, into the target."""
    cursor.execute(
        "CREATE TEMPORARY TABLE kfm_incoming (record bigint, properties text, geojson text, wkb bytea) ON COMMIT DROP"
    )
    number = 0
    with cursor.copy("COPY kfm_incoming FROM STDIN") as copy:
        for number, row in enumerate(rows(task.dataset, task.path), start=1):
            properties = msgspec.json.encode(row.properties, enc_hook=str).decode().replace("\\u0000", "")
            copy.write_row((number, properties, row.geojson, row.wkb))
    cursor.execute(
        sql.SQL(
            "INSERT INTO {} SELECT record, properties::jsonb, ST_SetSRID(COALESCE(ST_GeomFromGeoJSON(geojson),"
            " ST_GeomFromWKB(wkb)), 4326), %s, %s FROM kfm_incoming"
        ).format(table),
        (task.dataset.id, task.dataset.release),
    )
    return number


def _entries(cursor: psycopg.Cursor[Any], dataset: str | None = None) -> list[Entry]:
    where = " WHERE dataset = %s" if dataset else ""
    query = f"SELECT {_COLUMNS}, at FROM kfm.data_ledger{where} ORDER BY entry"  # noqa: S608 - fixed words
    found = cursor.execute(query.encode(), (dataset,) if dataset else None).fetchall()
    names = Entry.__struct_fields__[:10]
    return [Entry(**dict(zip(names, row, strict=False)), at=row[10].isoformat()) for row in found]


def _record(cursor: psycopg.Cursor[Any], entry: Entry) -> Entry:
    values = [getattr(entry, name) for name in Entry.__struct_fields__[:10]]
    marks = ", ".join(["%s"] * len(values))
    query = f"INSERT INTO kfm.data_ledger ({_COLUMNS}) VALUES ({marks}) RETURNING at"  # noqa: S608 - fixed words
    row = cursor.execute(query.encode(), values).fetchone()
    return msgspec.structs.replace(entry, at=row[0].isoformat() if row else "")
