"""JobAnswers: what the operations of imports and of exports answer alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from ..job_terms.job_status import JobStatus
from ..jobs import Datastore, DatastoreStatus, UnknownJobError
from .constraints import allowed_text
from .errors import not_found, validation
from .model import service
from .paging import PAGE_SIZE, next_token, position

__all__ = ["must_be_active", "page_answer", "page_asked", "properties_of", "started", "the_job"]


class _Job(Protocol):
    """A job of either kind."""

    @property
    def datastore_id(self) -> str: ...

    def properties(self) -> dict[str, Any]: ...


_AnyJob = TypeVar("_AnyJob", bound=_Job)


def must_be_active(store: Datastore, kind: str) -> None:
    """Raise ValidationException where a data store takes no jobs.

    kind   with its article: ``an import``
    """
    if store.status() is not DatastoreStatus.ACTIVE:
        raise validation(
            f"Data store {store.id} is {store.status()}: {kind} needs one that is ACTIVE"
        )


def started(job_id: str, status: JobStatus | str, store: Datastore) -> dict[str, Any]:
    """Return the answer to the start of a job."""
    return {"JobId": job_id, "JobStatus": str(status), "DatastoreId": store.id}


def the_job(find: Callable[[str], _AnyJob], job_id: str, store: Datastore, kind: str) -> _AnyJob:
    """Return a job of a data store; raise ResourceNotFoundException where it has no such job."""
    try:
        job = find(job_id)
    except UnknownJobError:
        job = None
    if job is None or job.datastore_id != store.id:
        raise not_found(f"Data store {store.id} has no {kind} job {job_id}")
    return job


def page_asked(operation: str, request: Mapping[str, Any], store: Datastore) -> dict[str, Any]:
    """Return what a list asks of the store of jobs: its filters, where it goes on, how many."""
    return {
        "datastore_id": store.id,
        "name": request.get("JobName"),
        "status": request.get("JobStatus"),
        "submitted_before": request.get("SubmittedBefore"),
        "submitted_after": request.get("SubmittedAfter"),
        "before": position(operation, request),
        "limit": request.get("MaxResults", PAGE_SIZE),
    }


def page_answer(
    operation: str,
    request: Mapping[str, Any],
    member: str,
    jobs: list[dict[str, Any]],
    before: int | None,
) -> dict[str, Any]:
    """Return a page: its jobs under the name of their member, and a token where more follow."""
    answer: dict[str, Any] = {member: jobs}
    if before is not None:
        answer["NextToken"] = next_token(operation, request, before)
    return answer


def properties_of(job: _Job) -> dict[str, Any]:
    """Return what is answered of one job."""
    properties = job.properties()
    if "Message" in properties:
        # The model allows letters, digits and a few signs: clients that check answers would refuse
        # the rest.
        properties["Message"] = allowed_text(service().shape_for("Message"), properties["Message"])
    return properties
