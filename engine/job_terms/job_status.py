"""JobStatus: the states of an import job, in the words of the HealthLake API, and the moves between
them.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ACTIVE", "FINISHED", "WAITING", "JobStatus"]


class JobStatus(StrEnum):
    """SUBMITTED -> (QUEUED) -> IN_PROGRESS -> COMPLETED | COMPLETED_WITH_ERRORS | FAILED.

    HealthLake's own import cannot be cancelled; this engine can, and uses the CANCEL_ states of the
    shared enum: CANCEL_SUBMITTED (asked for) -> CANCEL_IN_PROGRESS (draining) -> CANCEL_COMPLETED |
    CANCEL_FAILED.
    """

    SUBMITTED = "SUBMITTED"
    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCEL_SUBMITTED = "CANCEL_SUBMITTED"
    CANCEL_IN_PROGRESS = "CANCEL_IN_PROGRESS"
    CANCEL_COMPLETED = "CANCEL_COMPLETED"
    CANCEL_FAILED = "CANCEL_FAILED"


WAITING = frozenset({JobStatus.SUBMITTED, JobStatus.QUEUED})
"""States in which no byte has been read yet."""

ACTIVE = frozenset(
    {JobStatus.IN_PROGRESS, JobStatus.CANCEL_SUBMITTED, JobStatus.CANCEL_IN_PROGRESS}
)
"""States in which the job has a process of its own and holds its data store."""

FINISHED = frozenset(JobStatus) - WAITING - ACTIVE
"""States that nothing leaves."""
