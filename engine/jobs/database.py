"""The SQLite file (WAL) that holds jobs, data stores and tags: opening it, its tables, its
transactions.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import EngineError

__all__ = ["Database", "StateError", "default_path"]

_TABLES = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    datastore_id TEXT NOT NULL,
    status TEXT NOT NULL,
    name TEXT,
    level TEXT NOT NULL,
    input_uri TEXT NOT NULL,
    output_uri TEXT NOT NULL,
    kms_key_id TEXT,
    role_arn TEXT,
    submit_time REAL NOT NULL,
    start_time REAL,
    end_time REAL,
    message TEXT,
    progress TEXT NOT NULL DEFAULT '{}',
    done REAL NOT NULL DEFAULT 0,
    findings TEXT NOT NULL DEFAULT '[]',
    origin TEXT NOT NULL,
    process TEXT,
    attempt INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX jobs_by_datastore ON jobs (datastore_id, number);
CREATE INDEX jobs_by_status ON jobs (status, number);
CREATE TABLE samples (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    at REAL NOT NULL,
    scanned INTEGER NOT NULL,
    imported INTEGER NOT NULL,
    failed INTEGER NOT NULL
);
CREATE INDEX samples_by_job ON samples (job_id, at);
CREATE TABLE datastores (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT,
    settings TEXT NOT NULL,
    created_at REAL NOT NULL,
    active_at REAL NOT NULL,
    deleting_at REAL,
    deleted_at REAL
);
CREATE TABLE tags (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
);
CREATE TABLE client_tokens (
    operation TEXT NOT NULL,
    token TEXT NOT NULL,
    digest TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (operation, token)
);
"""


_EVENTS = """
CREATE TABLE watched (what TEXT PRIMARY KEY);
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    status TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE TRIGGER job_submitted AFTER INSERT ON jobs
WHEN NEW.origin = 'endpoint' AND EXISTS (SELECT 1 FROM watched)
BEGIN
    INSERT INTO events (kind, subject, status, at)
    VALUES ('Import Job', NEW.id, NEW.status, NEW.submit_time);
END;
CREATE TRIGGER job_changed AFTER UPDATE OF status ON jobs
WHEN NEW.status <> OLD.status AND NEW.origin = 'endpoint' AND EXISTS (SELECT 1 FROM watched)
BEGIN
    INSERT INTO events (kind, subject, status, at)
    VALUES ('Import Job', NEW.id, NEW.status, (julianday('now') - 2440587.5) * 86400);
END;
CREATE TRIGGER datastore_created AFTER INSERT ON datastores
WHEN EXISTS (SELECT 1 FROM watched)
BEGIN
    INSERT INTO events (kind, subject, status, at)
    VALUES ('Data Store', NEW.id, 'CREATING', NEW.created_at),
        ('Data Store', NEW.id, 'ACTIVE', NEW.active_at);
END;
CREATE TRIGGER datastore_deleted AFTER UPDATE OF deleting_at ON datastores
WHEN OLD.deleting_at IS NULL AND NEW.deleting_at NOT NULL AND EXISTS (SELECT 1 FROM watched)
BEGIN
    INSERT INTO events (kind, subject, status, at)
    VALUES ('Data Store', NEW.id, 'DELETING', NEW.deleting_at),
        ('Data Store', NEW.id, 'DELETED', NEW.deleted_at);
END;
"""
"""What happened and is not told yet, while somebody wants to know: recorded with the change itself,
whichever process makes it. ``at`` may lie ahead.
"""

_EXPORTS = """
CREATE TABLE exports (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    datastore_id TEXT NOT NULL,
    status TEXT NOT NULL,
    name TEXT,
    output_uri TEXT NOT NULL,
    kms_key_id TEXT NOT NULL,
    role_arn TEXT NOT NULL,
    submit_time REAL NOT NULL,
    end_time REAL,
    message TEXT
);
CREATE INDEX exports_by_datastore ON exports (datastore_id, number);
CREATE TRIGGER export_submitted AFTER INSERT ON exports
WHEN EXISTS (SELECT 1 FROM watched)
BEGIN
    INSERT INTO events (kind, subject, status, at)
    VALUES ('Export Job', NEW.id, NEW.status, NEW.submit_time);
END;
CREATE TRIGGER export_changed AFTER UPDATE OF status ON exports
WHEN NEW.status <> OLD.status AND EXISTS (SELECT 1 FROM watched)
BEGIN
    INSERT INTO events (kind, subject, status, at)
    VALUES ('Export Job', NEW.id, NEW.status, (julianday('now') - 2440587.5) * 86400);
END;
"""

_STEPS = {
    0: _TABLES,
    1: "ALTER TABLE jobs ADD COLUMN work_folder TEXT",
    2: _EVENTS,
    3: _EXPORTS,
}
"""Layout of a file, which is its ``user_version`` -> the statements that make the layout after it.
An empty file has layout 0. A step that was released is never changed: the file of version 0.1.0
has layout 1, and every later layout is reached from there by a step of its own.
"""


class StateError(EngineError):
    """The state file cannot be used; the text names the file and the cause."""


def default_path() -> Path:
    """Return ``$XDG_STATE_HOME/bulkfhir/jobs.db``, by the XDG base directory specification."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "bulkfhir" / "jobs.db"


class Database:
    """One state file.

    Threads and processes may share it: each transaction has a connection to itself, writers wait
    for each other.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        try:
            self._create()
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def _create(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Outcomes quote the data; nobody else on the machine needs to read them.
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        # SQLite changes this outside of a transaction alone. Readers then wait for no writer.
        with self.reading() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with self.writing() as connection:
            self._migrate(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        """Take the file to the newest layout, inside the caller's transaction: whole, or not."""
        layout: int = connection.execute("PRAGMA user_version").fetchone()[0]
        newest = max(_STEPS) + 1
        if layout > newest:
            raise StateError(
                f"the state file {self.path} has layout {layout}, this version of bulkfhir "
                f"reads layouts up to {newest}"
            )
        for step in range(layout, newest):
            for statement in _statements(_STEPS[step]):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {newest}")

    def _open(self) -> sqlite3.Connection:
        # No transactions of the module's own: they begin in `writing`. An idle connection goes to
        # whichever thread asks next.
        connection = sqlite3.connect(
            self.path, timeout=30, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        # With WAL this survives the death of any process; only a power cut may lose the last
        # moments.
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _unusable(self, error: Exception) -> StateError:
        if isinstance(error, StateError):
            return error
        return StateError(f"the state file {self.path} cannot be used: {error}")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in autocommit, for single statements.

        Raise StateError where the file is damaged, locked for too long, or gone.
        """
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._open()
        try:
            yield connection
        except sqlite3.IntegrityError:
            raise  # the caller's to answer
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error
        finally:
            with self._lock:
                self._idle.append(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield one write transaction: all of it happens, or nothing. Raise as ``reading`` does."""
        with self.reading() as connection:
            # The lock for writing at once: a transaction that read before could not wait for it.
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:  # a damaged file has ended it already
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def clear(self) -> None:
        """Forget everything: jobs, data stores, tags and tokens. No job may run."""
        with self.writing() as connection:
            tables = "samples jobs exports datastores tags client_tokens events"
            for table in tables.split():
                connection.execute(f"DELETE FROM {table}")  # noqa: S608  # names of our own

    def close(self) -> None:
        """Close every idle connection; one that is in use closes with its thread."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; a trigger holds some within it."""
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
