"""Rejected lines of an earlier job: where they lie."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigurationError, NotFound
from ..storage import normal, storage_for
from ..writing.rejected_lines import REJECTED
from .database import Database, default_path
from .store import JobStore, UnknownJobError

__all__ = ["rejected_of"]


def rejected_of(job: str) -> str:
    """Return the folder of the lines that a job rejected, by the job's id in the job store or by
    its folder.

    Raises ConfigurationError for a job that is not known, and for one that kept none.
    """
    folder = normal(job if "/" in job or Path(job).is_dir() else _folder(job)).rstrip("/")
    storage = storage_for(folder)
    place = storage.join(folder, REJECTED)
    try:
        kept = any(True for _ in storage.list(place + "/"))
    except NotFound:
        kept = False
    if not kept:
        raise ConfigurationError(
            f"{job}: this job kept no rejected lines; --rejected ndjson keeps them"
        )
    return place


def _folder(job: str) -> str:
    if default_path().exists():
        jobs = JobStore(Database(default_path()))
        try:
            return jobs.job(job).output_uri
        except UnknownJobError:
            pass
        finally:
            jobs.database.close()
    raise ConfigurationError(f"{job}: no such job; name its folder")
