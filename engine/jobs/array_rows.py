"""Array rows: array jobs in the job store of the machine that planned them. Their processes run
anywhere and know of no store; where they stand is read from the job's own files.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from typing import Final

from ..arrays import ArrayJob, ArrayState, array_status, state_of
from ..errors import ConfigurationError, NotFound, StorageError
from ..job_terms.job_folder import job_file
from ..job_terms.job_status import FINISHED, JobStatus
from .database import Database, StateError, default_path
from .job_row import ImportJob
from .store import JobStore

__all__ = ["array_of", "array_row", "look_again", "progress_of", "record_plan"]

_MOST: Final = 50
"""Jobs that are looked at again before a list: each is two or three requests of a store."""

_COUNTED: Final = 1_000
"""Shards of a job whose records are read before a list, by 32 threads: on S3 a second at the most.
Of a larger one the list has the counts of the last look.
"""

_log = logging.getLogger(__name__)


def record_plan(uri: str) -> None:
    """Enter the planned job of a ``job.json`` into the job store, unless it is there. A store that
    cannot be written is worth a warning.
    """
    row = array_row(ArrayJob.read(uri))
    try:
        jobs = JobStore(Database(default_path()))
        try:
            jobs.enter(row)
        finally:
            jobs.database.close()
    except sqlite3.IntegrityError:
        _log.warning("this job is not recorded: %s is the id of another job here", row.id)
    except (sqlite3.Error, StateError) as error:
        _log.warning("this job is not recorded: %s", error)


def array_row(job: ArrayJob) -> ImportJob:
    """Return an array job as the store keeps it, submitted now."""
    choices = job.settings.choices
    return ImportJob(
        id=job.job_id,
        datastore_id=job.datastore_id,
        input_uri=job.source,
        output_uri=job.folder + "/",
        level=choices.level,
        submit_time=time.time(),
        kms_key_id=choices.encryption_key_id,
        origin="array",
        work_folder=choices.work_folder,
    )


def look_again(jobs: JobStore) -> None:
    """Record how far the array jobs are that had not ended when they were looked at last."""
    for row in jobs.arrays_under_way(_MOST):
        place = _place(row)
        try:
            job = ArrayJob.read(place)
            status = array_status(job)
            counted = status is not JobStatus.SUBMITTED and job.shards <= _COUNTED
            if counted or status in FINISHED:
                _note(jobs, row, state_of(place))
            elif status is not row.status:
                jobs.note(row.id, status, row.progress)
        except NotFound:
            jobs.note(row.id, JobStatus.FAILED, row.progress, "Its job.json is gone")
        except (ConfigurationError, StorageError) as error:
            _log.warning("job %s: %s", row.id, error)


def array_of(jobs: JobStore, row: ImportJob) -> tuple[ImportJob, ArrayState | None]:
    """Return a row as it is now, and where its job stands; None where its ``job.json`` is gone.

    Raises ConfigurationError and StorageError.
    """
    try:
        state = state_of(_place(row))
    except NotFound:
        return jobs.note(row.id, JobStatus.FAILED, row.progress, "Its job.json is gone"), None
    return _note(jobs, row, state), state


def progress_of(state: ArrayState) -> dict[str, float]:
    """Return what is counted of a job under the names of JobProgressReport."""
    return {
        "TotalNumberOfResourcesScanned": state.figures.scanned,
        "TotalNumberOfResourcesImported": state.figures.imported,
        "TotalNumberOfResourcesWithCustomerError": state.figures.customer_errors,
    }


def _note(jobs: JobStore, row: ImportJob, state: ArrayState) -> ImportJob:
    return row if row.status in FINISHED else jobs.note(row.id, state.status, progress_of(state))


def _place(row: ImportJob) -> str:
    return job_file(row.output_uri.rstrip("/"))
