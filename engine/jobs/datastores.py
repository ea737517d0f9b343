"""Data stores and tags: what an import is addressed to.

Nothing is stored in them yet; they order the jobs.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern
from bulkfhir.validators.economy.light_dataclass import dataclass

from .database import Database

__all__ = [
    "Datastore",
    "DatastoreStatus",
    "DatastoreStore",
    "UnknownDatastoreError",
    "default_package",
]

_PACKAGE: Final = lazy_pattern(r"([A-Za-z0-9][A-Za-z0-9.-]*)[#|@]([A-Za-z0-9][A-Za-z0-9.+-]*)")


class DatastoreStatus(StrEnum):
    """CREATING -> ACTIVE -> DELETING -> DELETED."""

    CREATING = "CREATING"
    ACTIVE = "ACTIVE"
    DELETING = "DELETING"
    DELETED = "DELETED"


class UnknownDatastoreError(LookupError):
    """No data store has this id, or this ARN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Datastore:
    """One data store. Its state follows from the clock, so that no process has to live to change
    it.

    settings   the members of DatastoreProperties that its creator chose, under their names in the
               API
    active_at, deleted_at   when it becomes ACTIVE, and DELETED; seconds since the epoch
    """

    id: str
    name: str | None
    settings: Mapping[str, Any]
    created_at: float
    active_at: float
    deleting_at: float | None = None
    deleted_at: float | None = None

    @property
    def default_packages(self) -> tuple[str, ...]:
        """Return ``name#version`` of the packages that a bare profile url means in this data store;
        those that are named in no known form are left out.
        """
        named = self.settings.get("ProfileConfiguration", {}).get("DefaultProfiles", ())
        return tuple(filter(None, map(default_package, named)))

    def status(self, now: float | None = None) -> DatastoreStatus:
        """Return the state at a moment, in seconds since the epoch; None is now."""
        now = time.time() if now is None else now
        if self.deleted_at is not None:
            return DatastoreStatus.DELETED if now >= self.deleted_at else DatastoreStatus.DELETING
        return DatastoreStatus.ACTIVE if now >= self.active_at else DatastoreStatus.CREATING


def default_package(text: str) -> str | None:
    """Return ``name#version`` for one of DefaultProfiles: the package of an implementation guide,
    with ``#``, ``|`` or ``@`` before its version. None for another form: the service publishes
    none.
    """
    found = _PACKAGE.fullmatch(text)
    return f"{found[1]}#{found[2]}" if found else None


class DatastoreStore:
    """The data stores of one state file.

    delay   how long CREATING and DELETING last, in seconds; 0: the next call sees ACTIVE, and
            DELETED
    """

    def __init__(self, database: Database, delay: float = 0.0) -> None:
        self.database = database
        self.delay = delay

    def create(
        self,
        *,
        name: str | None = None,
        settings: Mapping[str, Any],
        datastore_id: str | None = None,
        connection: sqlite3.Connection | None = None,
    ) -> Datastore:
        """Make a data store in state CREATING and return it; its id is made up unless given."""
        if connection is None:
            with self.database.writing() as own:
                return self.create(
                    name=name, settings=settings, datastore_id=datastore_id, connection=own
                )
        now = time.time()
        store = Datastore(
            id=datastore_id or uuid.uuid4().hex,
            name=name,
            settings=settings,
            created_at=now,
            active_at=now + self.delay,
        )
        connection.execute(
            "INSERT INTO datastores (id, name, settings, created_at, active_at) VALUES (?, ?, ?, "
            "?, ?)",
            (store.id, store.name, json.dumps(settings), store.created_at, store.active_at),
        )
        return store

    def ensure(self, datastore_id: str) -> Datastore:
        """Return the data store of this id, ACTIVE at once if it has to be made."""
        try:
            return self.datastore(datastore_id)
        except UnknownDatastoreError:
            return DatastoreStore(self.database).create(
                settings={"DatastoreTypeVersion": "R4"}, datastore_id=datastore_id
            )

    def datastore(self, datastore_id: str) -> Datastore:
        """Return the data store of this id; raise UnknownDatastoreError where there is none."""
        with self.database.reading() as connection:
            row = connection.execute(
                "SELECT * FROM datastores WHERE id = ?", (datastore_id,)
            ).fetchone()
        if row is None:
            raise UnknownDatastoreError(datastore_id)
        return _datastore(row)

    def all(self) -> tuple[Datastore, ...]:
        """Return every data store, the newest first, deleted ones among them."""
        with self.database.reading() as connection:
            rows = connection.execute("SELECT * FROM datastores ORDER BY number DESC").fetchall()
        return tuple(_datastore(row) for row in rows)

    def update(
        self, datastore_id: str, *, name: str | None, settings: Mapping[str, Any]
    ) -> Datastore:
        """Give a data store another name and other settings, and return it."""
        with self.database.writing() as connection:
            connection.execute(
                "UPDATE datastores SET name = ?, settings = ? WHERE id = ?",
                (name, json.dumps(settings), datastore_id),
            )
        return self.datastore(datastore_id)

    def delete(self, datastore_id: str) -> Datastore:
        """Set a data store DELETING from now on, and return it.

        The caller has seen to it that no job runs; deleting twice changes nothing.
        """
        now = time.time()
        with self.database.writing() as connection:
            connection.execute(
                "UPDATE datastores SET deleting_at = ?, deleted_at = ? WHERE id = ? AND "
                "deleting_at IS NULL",
                (now, now + self.delay, datastore_id),
            )
        return self.datastore(datastore_id)

    def tag(
        self, arn: str, tags: Mapping[str, str], connection: sqlite3.Connection | None = None
    ) -> None:
        """Add tags; a key that is there gets the new value."""
        if connection is None:
            with self.database.writing() as own:
                self.tag(arn, tags, own)
            return
        connection.executemany(
            "INSERT OR REPLACE INTO tags (arn, key, value) VALUES (?, ?, ?)",
            [(arn, key, value) for key, value in tags.items()],
        )

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Take tags away; a key that is not there is no error."""
        with self.database.writing() as connection:
            connection.executemany(
                "DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys]
            )

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of an ARN, by key."""
        with self.database.reading() as connection:
            return dict(
                connection.execute(
                    "SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,)
                ).fetchall()
            )


def _datastore(row: sqlite3.Row) -> Datastore:
    columns = {
        name: row[name]
        for name in ("id", "name", "created_at", "active_at", "deleting_at", "deleted_at")
    }
    return Datastore(settings=json.loads(row["settings"]), **columns)
