"""A function of AWS Lambda that S3 calls for each new object, and that imports it.

RESULTS says where to: an s3:// prefix of another bucket than the one that calls, or the function
would be called for its own results.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import unquote_plus

from bulkfhir import JobStatus, import_job

__all__ = ["handler"]


def handler(event: dict[str, Any], context: object) -> list[dict[str, Any]]:
    """Import the objects that an event of S3 names, and return what came of each.

    Raises RuntimeError where a job failed, so that Lambda tries the event again; that goes on where
    the first try was. The event by which S3 tries a new notification names no objects.
    """
    return [_imported(record["s3"]) for record in event.get("Records", ())]


def _imported(told: dict[str, Any]) -> dict[str, Any]:
    source = f"s3://{told['bucket']['name']}/{unquote_plus(told['object']['key'])}"
    job = import_job(
        source,
        os.environ["RESULTS"],
        level="structure-only",
        workers=1,  # Lambda has no shared memory for more processes
        job_id=told["object"]["sequencer"],  # one for each time that an object was written
        resume=True,
    )
    if job.manifest is None:
        raise RuntimeError(f"{source}: {job.message or job.status.value}")
    return {
        "source": source,
        "clean": job.status is JobStatus.COMPLETED,
        "accepted": job.summary.totals.imported,
        "results": job.job_folder,
    }
