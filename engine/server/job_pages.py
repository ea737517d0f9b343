"""The job pages in the browser and the JSON they read."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import Any

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

from ..jobs import (
    FINISHED,
    ElsewhereError,
    FinishedJobError,
    ImportJob,
    JobStatus,
    JobStore,
    UnknownJobError,
)
from .exchange import Request, Response, as_json
from .job_files import file_response, listing_response

__all__ = ["JobPages"]

_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src "
        "data:; connect-src 'self'; form-action 'self'"
    ),
    "Cache-Control": "no-cache",
}
_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
}
_ROWS = 100
_NUMBER = lazy_pattern(r"[0-9]{1,18}")
"""A number that SQLite has room for."""


class JobPages:
    """``/`` lists the jobs, ``/jobs/ID`` shows one; ``/api/…`` is what their scripts read and no
    interface for others.
    """

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Response]]] = [
            ("GET", re.compile(r"/"), lambda _: _asset("index.html")),
            ("GET", re.compile(r"/jobs/[^/]+"), lambda _: _asset("job.html")),
            (
                "GET",
                re.compile(r"/assets/(style\.css|page\.js|list\.js|job\.js)"),
                lambda _, name: _asset(name),
            ),
            ("GET", re.compile(r"/api/jobs"), self._list),
            ("GET", re.compile(r"/api/jobs/([^/]+)"), self._job),
            (
                "GET",
                re.compile(r"/api/jobs/([^/]+)/files"),
                lambda _, job_id: listing_response(self._jobs.job(job_id)),
            ),
            ("POST", re.compile(r"/api/jobs/([^/]+)/cancel"), self._cancel),
            (
                "GET",
                re.compile(r"/jobs/([^/]+)/files/(.+)", re.DOTALL),
                lambda _, job_id, name: file_response(self._jobs.job(job_id), name),
            ),
        ]

    def respond(self, request: Request) -> Response | None:
        """Return the answer, None where this is no address of the pages."""
        method = "GET" if request.method == "HEAD" else request.method
        for verb, pattern, act in self._routes:
            match = pattern.fullmatch(request.path)
            if match and verb == method:
                try:
                    return act(request, *match.groups())
                except UnknownJobError:
                    return as_json(404, {"message": "There is no such job"})
        return None

    def _list(self, request: Request) -> Response:
        status, before = request.query.get("status") or None, request.query.get("before")
        if (status is not None and status not in set(JobStatus)) or (
            before is not None and not _NUMBER.fullmatch(before)
        ):
            return as_json(400, {"message": "status or before is none"})
        page = self._jobs.page(
            datastore_id=request.query.get("datastore") or None,
            status=status,
            before=int(before) if before else None,
            limit=_ROWS,
        )
        return as_json(200, {"jobs": [_shown(job) for job in page.jobs], "before": page.before})

    def _job(self, _: Request, job_id: str) -> Response:
        job = self._jobs.job(job_id)
        shown = {
            "job": _shown(job),
            "samples": [dataclasses.asdict(sample) for sample in self._jobs.samples(job_id)],
            "findings": list(job.findings),
            "done": job.done,
            "finished": job.status in FINISHED,
            "cancellable": job.origin != "array"
            and job.status in (JobStatus.SUBMITTED, JobStatus.QUEUED, JobStatus.IN_PROGRESS),
        }
        return as_json(200, shown)

    def _cancel(self, request: Request, job_id: str) -> Response:
        # A page of another site can send a plain POST, but not this header without being asked
        # first.
        if "x-bulkfhir-page" not in request.headers:
            return as_json(403, {"message": "Only the job page may do this"})
        try:
            job = self._jobs.cancel(job_id)
        except (ElsewhereError, FinishedJobError) as error:
            return as_json(409, {"message": str(error)})
        return as_json(200, {"job": _shown(job)})


def _shown(job: ImportJob) -> dict[str, Any]:
    seconds = (job.end_time or time.time()) - job.start_time if job.start_time else None
    return job.properties() | {"begun": job.start_time, "seconds": seconds}


@lru_cache(maxsize=16)
def _asset(name: str) -> Response:
    body = resources.files(__package__).joinpath("pages", name).read_bytes()
    return Response(200, _PAGE_HEADERS | {"Content-Type": _TYPES[name.rpartition(".")[2]]}, body)
