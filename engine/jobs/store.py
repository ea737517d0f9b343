"""JobStore: import jobs in the state file, from submission to their last state."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..job_terms.job_status import ACTIVE, FINISHED, WAITING, JobStatus
from ..process.process_identity import alive
from .database import Database, StateError
from .job_row import ImportJob, Sample
from .sound_text import read_json, sound

__all__ = [
    "ElsewhereError",
    "FinishedJobError",
    "JobPage",
    "JobStore",
    "RunningJobError",
    "SupersededError",
    "UnknownJobError",
]

_FIELDS = tuple(field.name for field in fields(ImportJob))
_INSERT = """
INSERT INTO jobs (id, datastore_id, status, name, level, input_uri, output_uri, kms_key_id,
  role_arn, submit_time, start_time, end_time,
  message, progress, done, findings, origin, process, attempt, work_folder)
VALUES (:id, :datastore_id, :status, :name, :level, :input_uri, :output_uri, :kms_key_id, :role_arn,
  :submit_time, :start_time, :end_time,
  :message, :progress, :done, :findings, :origin, :process, :attempt,
  :work_folder)
"""
_PAGE = """
SELECT * FROM jobs
WHERE (:datastore_id IS NULL OR datastore_id = :datastore_id)
  AND (:name IS NULL OR name = :name)
  AND (:status IS NULL OR status = :status)
  AND (:submitted_before IS NULL OR submit_time < :submitted_before)
  AND (:submitted_after IS NULL OR submit_time > :submitted_after)
  AND (:before IS NULL OR number < :before)
ORDER BY number DESC LIMIT :limit
"""


class UnknownJobError(LookupError):
    """No job has this id."""


class FinishedJobError(Exception):
    """The job has reached its last state."""


class ElsewhereError(Exception):
    """The job is run by processes that do not ask the store."""


class RunningJobError(Exception):
    """The job has not reached its last state."""


class SupersededError(Exception):
    """The job was begun anew since, or ended, or is gone: this attempt no longer speaks for it."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, newest first, and where the next page begins: None on the last one."""

    jobs: tuple[ImportJob, ...]
    before: int | None


def _states(states: Iterable[JobStatus]) -> str:
    """A set of states as the JSON array that ``json_each`` reads."""
    return json.dumps(sorted(states))


def _job(row: sqlite3.Row) -> ImportJob:
    columns = {name: row[name] for name in _FIELDS}
    try:
        columns["status"] = JobStatus(columns["status"])
        columns["progress"] = read_json(columns["progress"])
        columns["findings"] = tuple(read_json(columns["findings"]))
    except (ValueError, TypeError) as error:  # zeroed pages can leave rows of nothing
        raise StateError(f"a job in the state file is damaged: {error}") from None
    return ImportJob(**columns)


class JobStore:
    """The jobs of one state file; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # What callers ask for

    def add(self, job: ImportJob, connection: sqlite3.Connection | None = None) -> None:
        """Record a new job, inside the caller's transaction where one is given."""
        if connection is None:
            with self.database.writing() as own:
                self.add(job, own)
            return
        values = sound(asdict(job))
        values |= {name: json.dumps(values[name]) for name in ("progress", "findings")}
        connection.execute(_INSERT, values)

    def job(self, job_id: str) -> ImportJob:
        """Return the job of this id; raise UnknownJobError where there is none."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise UnknownJobError(job_id)
        return _job(row)

    def page(
        self,
        *,
        datastore_id: str | None = None,
        name: str | None = None,
        status: str | None = None,
        submitted_before: float | None = None,
        submitted_after: float | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> JobPage:
        """Return jobs that meet every condition given, newest first.

        ``before`` is a former page's: jobs added meanwhile do not shift it.
        """
        conditions = {
            "datastore_id": datastore_id,
            "name": name,
            "status": status,
            "submitted_before": submitted_before,
            "submitted_after": submitted_after,
            "before": before,
            "limit": limit + 1,
        }
        with self.database.reading() as connection:
            rows = connection.execute(_PAGE, conditions).fetchall()
        more = rows[limit - 1]["number"] if len(rows) > limit else None
        return JobPage(tuple(_job(row) for row in rows[:limit]), more)

    def samples(self, job_id: str) -> tuple[Sample, ...]:
        """Return where the job stood over time, oldest first."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT at, scanned, imported, failed FROM samples WHERE job_id = ? ORDER BY at",
                (job_id,),
            ).fetchall()
        return tuple(Sample(*row) for row in rows)

    def counts(self) -> dict[JobStatus, int]:
        """Return how many jobs are in each state."""
        with self.database.reading() as connection:
            rows = dict(
                connection.execute("SELECT status, COUNT(*) FROM jobs GROUP BY status").fetchall()
            )
        return {status: rows.get(status, 0) for status in JobStatus}

    def completed(self, datastore_id: str) -> tuple[ImportJob, ...]:
        """Return the endpoint's imports into a data store that are complete, in their order."""
        query = (
            "SELECT * FROM jobs WHERE datastore_id = ? AND origin = 'endpoint' AND status IN "
            "(SELECT value FROM json_each(?)) ORDER BY number"
        )
        ended = _states({JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_ERRORS})
        with self.database.reading() as connection:
            return tuple(map(_job, connection.execute(query, (datastore_id, ended)).fetchall()))

    def unfinished(self, datastore_id: str) -> bool:
        """Return whether a job of this data store waits or runs, other than an array job, of which
        nothing is known here.
        """
        query = (
            "SELECT 1 FROM jobs WHERE datastore_id = ? AND origin <> 'array' AND status IN "
            "(SELECT value FROM json_each(?)) LIMIT 1"
        )
        with self.database.reading() as connection:
            return (
                connection.execute(query, (datastore_id, _states(WAITING | ACTIVE))).fetchone()
                is not None
            )

    def cancel(self, job_id: str) -> ImportJob:
        """Ask for the end of a job: one that waits ends at once, one that runs drains.

        Raises FinishedJobError when it is too late, and ElsewhereError for an array job.
        """
        with self.database.writing() as connection:
            row = connection.execute(
                "SELECT status, origin FROM jobs WHERE id = ?", (job_id,)
            ).fetchone()
            if row is None:
                raise UnknownJobError(job_id)
            status = JobStatus(row["status"])
            if status in FINISHED:
                raise FinishedJobError(f"job {job_id} is {status}")
            if row["origin"] == "array":
                raise ElsewhereError(
                    f"job {job_id} is an array job: cancel its array where it was submitted; "
                    "without a last merge nothing is published"
                )
            if status in WAITING:
                connection.execute(
                    "UPDATE jobs SET status = ?, end_time = ? WHERE id = ?",
                    (JobStatus.CANCEL_COMPLETED, time.time(), job_id),
                )
            elif status is JobStatus.IN_PROGRESS:
                connection.execute(
                    "UPDATE jobs SET status = ? WHERE id = ?", (JobStatus.CANCEL_SUBMITTED, job_id)
                )
        return self.job(job_id)

    def remove(self, job_id: str) -> None:
        """Forget a finished job, or an array job, finished or not. Its output stays where it is."""
        job = self.job(job_id)
        if job.status not in FINISHED and job.origin != "array":
            raise RunningJobError(f"job {job_id} is {job.status}")
        with self.database.writing() as connection:
            connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
            # Else its request, sent again, would be answered with a job that nobody knows.
            connection.execute("DELETE FROM client_tokens WHERE answer = ?", (job_id,))

    def remove_older(self, moment: float) -> list[str]:
        """Forget the finished jobs submitted before a moment, in seconds since 1970, at once.

        Returns their ids, the oldest first.
        """
        with self.database.writing() as connection:
            rows = connection.execute(
                "SELECT id FROM jobs WHERE submit_time < ? "
                "AND status IN (SELECT value FROM json_each(?)) ORDER BY number",
                (moment, _states(FINISHED)),
            ).fetchall()
            for row in rows:
                connection.execute("DELETE FROM jobs WHERE id = ?", (row["id"],))
                connection.execute("DELETE FROM client_tokens WHERE answer = ?", (row["id"],))
        return [row["id"] for row in rows]

    # What the runner does

    def claim(self, limit: int) -> tuple[ImportJob, ...]:
        """Begin the jobs whose turn it is: first in, first out, one at a time per data store,
        ``limit`` in all.

        The jobs returned are IN_PROGRESS with a new attempt; those that must wait are QUEUED.
        """
        begun: list[str] = []
        with self.database.writing() as connection:
            held = {row["datastore_id"] for row in self._of_endpoint(connection, ACTIVE)}
            room = limit - len(held)
            for row in self._of_endpoint(connection, WAITING):
                if row["datastore_id"] not in held and len(begun) < room:
                    begun.append(row["id"])
                    self._begin(connection, row)
                elif row["status"] != JobStatus.QUEUED:
                    connection.execute(
                        "UPDATE jobs SET status = ? WHERE id = ?", (JobStatus.QUEUED, row["id"])
                    )
                held.add(row["datastore_id"])  # one that waits lets no later one pass
        return tuple(self.job(job_id) for job_id in begun)

    def _of_endpoint(
        self, connection: sqlite3.Connection, states: Iterable[JobStatus]
    ) -> list[sqlite3.Row]:
        query = (
            "SELECT * FROM jobs WHERE origin = 'endpoint' AND status IN (SELECT value FROM "
            "json_each(?)) ORDER BY number"
        )
        return connection.execute(query, (_states(states),)).fetchall()

    def _begin(
        self, connection: sqlite3.Connection, row: sqlite3.Row, process: str | None = None
    ) -> None:
        zeros = json.dumps(dict.fromkeys(json.loads(row["progress"]), 0))
        connection.execute("DELETE FROM samples WHERE job_id = ?", (row["id"],))
        connection.execute(
            "UPDATE jobs SET status = ?, attempt = attempt + 1, start_time = ?, end_time = NULL, "
            "message = NULL, progress = ?, done = 0, findings = '[]', "
            "process = ? WHERE id = ?",
            (JobStatus.IN_PROGRESS, time.time(), zeros, process, row["id"]),
        )

    def recover(self) -> tuple[str, ...]:
        """Set right what a killed runner left: jobs that ran are QUEUED again in their old place,
        those being cancelled are cancelled.

        Returns the ids of the jobs that will run again. Only the one runner of a state file may
        call this, before it begins any job.
        """
        with self.database.writing() as connection:
            again = []
            for row in self._of_endpoint(connection, ACTIVE):
                if row["status"] == JobStatus.IN_PROGRESS:
                    self._requeue(connection, row["id"])
                    again.append(row["id"])
                else:
                    connection.execute(
                        "UPDATE jobs SET status = ?, end_time = ? WHERE id = ?",
                        (JobStatus.CANCEL_COMPLETED, time.time(), row["id"]),
                    )
        return tuple(again)

    def requeue(self, job: ImportJob) -> None:
        """Put an interrupted job back in its old place, to run again from its beginning."""
        with self.database.writing() as connection:
            self._owned(connection, job)
            self._requeue(connection, job.id)

    def _requeue(self, connection: sqlite3.Connection, job_id: str) -> None:
        # The attempt is raised here, so that a process left over from before can report nothing
        # from now on.
        connection.execute(
            "UPDATE jobs SET status = ?, attempt = attempt + 1 WHERE id = ?",
            (JobStatus.QUEUED, job_id),
        )

    # What the process that runs a job reports

    def open(self, job: ImportJob) -> ImportJob:
        """Record a job that its own process runs; one of this id that was recorded before goes on
        under a new attempt.
        """
        with self.database.writing() as connection:
            row = connection.execute("SELECT * FROM jobs WHERE id = ?", (job.id,)).fetchone()
            if row is None:
                self.add(job, connection)
                row = connection.execute("SELECT * FROM jobs WHERE id = ?", (job.id,)).fetchone()
            self._begin(connection, row, job.process)
            self._work_in(connection, job.id, job.work_folder)
        return self.job(job.id)

    def work_in(self, job: ImportJob, folder: str | None) -> None:
        """Record where the work of a job lies, for the attempt that goes on with it."""
        with self.database.writing() as connection:
            self._owned(connection, job)
            self._work_in(connection, job.id, folder)

    def _work_in(self, connection: sqlite3.Connection, job_id: str, folder: str | None) -> None:
        connection.execute("UPDATE jobs SET work_folder = ? WHERE id = ?", (sound(folder), job_id))

    def close_abandoned(self) -> None:
        """End the jobs of commands whose process is gone without a word."""
        with self.database.reading() as connection:
            query = (
                "SELECT * FROM jobs WHERE origin = 'command' AND status IN (SELECT value FROM "
                "json_each(?))"
            )
            jobs = [_job(row) for row in connection.execute(query, (_states(ACTIVE),)).fetchall()]
        for job in jobs:
            if job.process is None or not alive(job.process):
                with contextlib.suppress(SupersededError):
                    self.finish(job, JobStatus.FAILED, "The process that ran the job is gone")

    def report(
        self,
        job: ImportJob,
        progress: Mapping[str, float],
        done: float,
        sample: Sample | None = None,
    ) -> None:
        """Record how far the job is, and a point of its curve where one is given."""
        with self.database.writing() as connection:
            self._owned(connection, job)
            connection.execute(
                "UPDATE jobs SET progress = ?, done = ? WHERE id = ?",
                (json.dumps(dict(progress)), done, job.id),
            )
            if sample is not None:
                connection.execute(
                    "INSERT INTO samples (job_id, at, scanned, imported, failed) VALUES (?, ?, ?, "
                    "?, ?)",
                    (job.id, sample.at, sample.scanned, sample.imported, sample.failed),
                )

    def find(self, job: ImportJob, findings: Sequence[Mapping[str, Any]]) -> None:
        """Record the errors by rule, with their first examples."""
        with self.database.writing() as connection:
            self._owned(connection, job)
            connection.execute(
                "UPDATE jobs SET findings = ? WHERE id = ?",
                (json.dumps([sound(dict(finding)) for finding in findings]), job.id),
            )

    def cancelling(self, job: ImportJob) -> bool:
        """Return whether the job's end was asked for; from then on it is CANCEL_IN_PROGRESS."""
        status = self._status(job)
        if status is JobStatus.CANCEL_SUBMITTED:
            with self.database.writing() as connection:
                self._owned(connection, job)
                connection.execute(
                    "UPDATE jobs SET status = ? WHERE id = ?",
                    (JobStatus.CANCEL_IN_PROGRESS, job.id),
                )
        return status in (JobStatus.CANCEL_SUBMITTED, JobStatus.CANCEL_IN_PROGRESS)

    def finish(self, job: ImportJob, status: JobStatus, message: str | None = None) -> ImportJob:
        """Record the job's last state."""
        with self.database.writing() as connection:
            self._owned(connection, job)
            connection.execute(
                "UPDATE jobs SET status = ?, message = ?, end_time = ? WHERE id = ?",
                (status, sound(message), time.time(), job.id),
            )
        return self.job(job.id)

    def _status(self, job: ImportJob) -> JobStatus:
        with self.database.reading() as connection:
            return self._owned(connection, job)

    def _owned(self, connection: sqlite3.Connection, job: ImportJob) -> JobStatus:
        row = connection.execute(
            "SELECT status FROM jobs WHERE id = ? AND attempt = ?", (job.id, job.attempt)
        ).fetchone()
        if row is None or row["status"] not in ACTIVE:
            raise SupersededError(f"attempt {job.attempt} of job {job.id} is over")
        return JobStatus(row["status"])

    # What is found of array jobs

    def enter(self, job: ImportJob) -> None:
        """Record a job that is planned, unless one of its id and place is here. One that lay in
        another place is forgotten, if it is an array job too.

        Raises sqlite3.IntegrityError for the id of another kind of job.
        """
        with self.database.writing() as connection:
            connection.execute(
                "DELETE FROM jobs WHERE id = ? AND origin = 'array' AND output_uri <> ?",
                (job.id, sound(job.output_uri)),
            )
            here = connection.execute(
                "SELECT 1 FROM jobs WHERE id = ? AND origin = 'array'", (job.id,)
            ).fetchone()
            if here is None:
                self.add(job, connection)

    def arrays_under_way(self, limit: int) -> tuple[ImportJob, ...]:
        """Return the array jobs that are not known to have ended, the newest first."""
        query = (
            "SELECT * FROM jobs WHERE origin = 'array' AND status IN (SELECT value FROM "
            "json_each(?)) ORDER BY number DESC LIMIT ?"
        )
        with self.database.reading() as connection:
            rows = connection.execute(query, (_states(WAITING | ACTIVE), limit)).fetchall()
        return tuple(map(_job, rows))

    def note(
        self,
        job_id: str,
        status: JobStatus,
        progress: Mapping[str, float],
        message: str | None = None,
    ) -> ImportJob:
        """Record how far an array job was found to be; return it."""
        end_time = time.time() if status in FINISHED else None
        with self.database.writing() as connection:
            connection.execute(
                "UPDATE jobs SET status = ?, progress = ?, message = ?, end_time = ? "
                "WHERE id = ? AND origin = 'array'",
                (status, json.dumps(dict(progress)), sound(message), end_time, job_id),
            )
        return self.job(job_id)
