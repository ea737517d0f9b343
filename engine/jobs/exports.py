"""Export jobs: what was asked for, how far it is, and how it ended."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..job_terms.job_status import JobStatus
from .database import Database
from .sound_text import sound
from .store import UnknownJobError

__all__ = ["ExportJob", "ExportStore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """One export of a data store.

    id           32 lowercase hexadecimal digits
    output_uri   the job's own folder, ending in ``/``
    times        seconds since the epoch, with a fraction
    """

    id: str
    datastore_id: str
    output_uri: str
    kms_key_id: str
    role_arn: str
    submit_time: float
    status: JobStatus = JobStatus.SUBMITTED
    name: str | None = None
    end_time: float | None = None
    message: str | None = None

    def properties(self) -> dict[str, Any]:
        """Return ExportJobProperties of the HealthLake API: every member that applies, times as
        epoch seconds.
        """
        output = {"S3Uri": self.output_uri, "KmsKeyId": self.kms_key_id}
        members: Mapping[str, Any] = {
            "JobId": self.id,
            "JobName": self.name,
            "JobStatus": str(self.status),
            "SubmitTime": self.submit_time,
            "EndTime": self.end_time,
            "DatastoreId": self.datastore_id,
            "OutputDataConfig": {"S3Configuration": output},
            "DataAccessRoleArn": self.role_arn,
            "Message": self.message,
        }
        return {name: value for name, value in members.items() if value is not None}


_FIELDS: Final = tuple(field.name for field in fields(ExportJob))
_INSERT: Final = (
    f"INSERT INTO exports ({', '.join(_FIELDS)}) "  # noqa: S608  # names of our own
    f"VALUES ({', '.join(f':{name}' for name in _FIELDS)})"
)
_PAGE: Final = """
SELECT * FROM exports WHERE datastore_id = :datastore_id
AND (:name IS NULL OR name = :name) AND (:status IS NULL OR status = :status)
AND (:submitted_before IS NULL OR submit_time < :submitted_before)
AND (:submitted_after IS NULL OR submit_time > :submitted_after)
AND (:before IS NULL OR number < :before) ORDER BY number DESC LIMIT :limit
"""


class ExportStore:
    """The export jobs of one state file; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: ExportJob, connection: sqlite3.Connection) -> None:
        """Record a new job, inside the caller's transaction."""
        connection.execute(_INSERT, sound(asdict(job)))

    def job(self, job_id: str) -> ExportJob:
        """Return the job of this id; raise UnknownJobError where there is none."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM exports WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise UnknownJobError(job_id)
        return _job(row)

    def page(self, **conditions: Any) -> tuple[tuple[ExportJob, ...], int | None]:
        """Return the jobs that meet every condition that is not None, newest first, at most
        ``limit``, and where the next page begins: None on the last one.

        Conditions are datastore_id, name, status, submitted_before, submitted_after, and before: a
        former page's.
        """
        limit = conditions["limit"]
        with self._database.reading() as connection:
            rows = connection.execute(_PAGE, {**conditions, "limit": limit + 1}).fetchall()
        more = rows[limit - 1]["number"] if len(rows) > limit else None
        return tuple(_job(row) for row in rows[:limit]), more

    def unfinished(self, datastore_id: str) -> bool:
        """Return whether an export of this data store waits or runs."""
        query = "SELECT 1 FROM exports WHERE datastore_id = ? AND end_time IS NULL LIMIT 1"
        with self._database.reading() as connection:
            return connection.execute(query, (datastore_id,)).fetchone() is not None

    def recover(self) -> None:
        """Have what a killed runner left run again."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE exports SET status = ? WHERE end_time IS NULL", (JobStatus.SUBMITTED,)
            )

    def begin(self) -> ExportJob | None:
        """Return the job whose turn it is, IN_PROGRESS from now on; None where none waits."""
        with self._database.writing() as connection:
            row = connection.execute(
                "SELECT id FROM exports WHERE status = ? ORDER BY number LIMIT 1",
                (JobStatus.SUBMITTED,),
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "UPDATE exports SET status = ? WHERE id = ?", (JobStatus.IN_PROGRESS, row["id"])
            )
        return self.job(row["id"])

    def finish(self, job_id: str, status: JobStatus, message: str | None = None) -> None:
        """Record a job's last state, unless it has one."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE exports SET status = ?, message = ?, end_time = ? "
                "WHERE id = ? AND end_time IS NULL",
                (status, sound(message), time.time(), job_id),
            )


def _job(row: sqlite3.Row) -> ExportJob:
    columns = {name: row[name] for name in _FIELDS}
    return ExportJob(**columns | {"status": JobStatus(columns["status"])})
