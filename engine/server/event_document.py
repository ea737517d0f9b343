"""The document of an event, as HealthLake sends it to Amazon EventBridge.

The names in ``detail-type`` and the source are those that EventBridge's reference lists. Of the
detail it shows datastoreId, jobId, submitTime and inputDataConfig; nothing else is in it here.
``resources`` is this engine's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from ..jobs import Happening, ImportJob

__all__ = ["event_document"]

_STATES: Final = {
    "Import Job": frozenset(
        "SUBMITTED QUEUED IN_PROGRESS COMPLETED COMPLETED_WITH_ERRORS FAILED".split()
    ),
    "Data Store": frozenset("CREATING ACTIVE DELETING DELETED".split()),
}
"""The states that the service tells of. An import of its own cannot be cancelled."""


def event_document(
    happening: Happening,
    job: Callable[[str], ImportJob],
    arn: Callable[[str], str],
    region: str,
    account: str,
) -> dict[str, Any] | None:
    """Return the event of a happening; None for one that the service does not tell of.

    job   returns the job of an id
    arn   returns the ARN of the data store of an id
    """
    if happening.status not in _STATES[happening.kind]:
        return None
    of_job = happening.kind == "Import Job"
    detail = _of_job(job(happening.subject)) if of_job else {"datastoreId": happening.subject}
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


def _of_job(job: ImportJob) -> Mapping[str, Any]:
    return {
        "jobId": job.id,
        "submitTime": _time(job.submit_time, "milliseconds"),
        "datastoreId": job.datastore_id,
        "inputDataConfig": {"s3Uri": job.input_uri},
    }


def _time(at: float, precision: str) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=precision).replace("+00:00", "Z")
