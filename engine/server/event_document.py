"""The document of an event, as HealthLake sends it to Amazon EventBridge.

The names in ``detail-type`` and the source are those that EventBridge's reference lists. Of the
detail it shows datastoreId, jobId, submitTime and, of imports, inputDataConfig; there is no more in
it here. ``resources`` is this engine's choice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from ..jobs import ExportJob, ExportStore, Happening, ImportJob, JobStore

__all__ = ["event_document"]

_OF_JOBS: Final = frozenset(
    "SUBMITTED QUEUED IN_PROGRESS COMPLETED COMPLETED_WITH_ERRORS FAILED".split()
)
_STATES: Final = {
    "Import Job": _OF_JOBS,
    "Export Job": _OF_JOBS,
    "Data Store": frozenset("CREATING ACTIVE DELETING DELETED".split()),
}
"""The states that the service tells of. An import of its own cannot be cancelled."""


def event_document(
    happening: Happening,
    jobs: JobStore,
    exports: ExportStore,
    arn: Callable[[str], str],
    region: str,
    account: str,
) -> dict[str, Any] | None:
    """Return the event of a happening; None for one that the service does not tell of.

    Raises UnknownJobError for a job that was forgotten meanwhile.

    arn   returns the ARN of the data store of an id
    """
    if happening.status not in _STATES[happening.kind]:
        return None
    detail: dict[str, Any] = {"datastoreId": happening.subject}
    if happening.kind == "Import Job":
        job = jobs.job(happening.subject)
        detail = _of_job(job) | {"inputDataConfig": {"s3Uri": job.input_uri}}
    elif happening.kind == "Export Job":
        detail = _of_job(exports.job(happening.subject))
    state = happening.status.replace("_", " ").title()
    return {
        "version": "0",
        "id": str(UUID(happening.id)),
        "detail-type": f"{happening.kind} {state}",
        "source": "aws.healthlake",
        "account": account,
        "time": _time(happening.at, "seconds"),
        "region": region,
        "resources": [arn(str(detail["datastoreId"]))],
        "detail": detail,
    }


def _of_job(job: ImportJob | ExportJob) -> dict[str, Any]:
    return {
        "jobId": job.id,
        "submitTime": _time(job.submit_time, "milliseconds"),
        "datastoreId": job.datastore_id,
    }


def _time(at: float, precision: str) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=precision).replace("+00:00", "Z")
