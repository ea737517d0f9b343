"""ArrayState: how far an array job is, as its files tell whoever asks, from anywhere."""

from __future__ import annotations

import json
from typing import Any

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import NotFound
from ..figures.job_figures import LINE_FIGURES, LineFigures
from ..job.job_run import runs_named
from ..job_terms.job_folder import MANIFEST
from ..job_terms.job_status import JobStatus
from ..storage import storage_for
from ..writing.manifest import line_figures_of
from .array_job import ArrayJob
from .merge import end_of
from .share import Share
from .share_marks import ShareMark, ShareMarks

__all__ = ["ArrayState", "ShareState", "array_status", "state_of"]


@dataclass(frozen=True, slots=True)
class ShareState:
    """A share that was begun, and how many of its shards are done."""

    mark: ShareMark
    done: int

    @property
    def shards(self) -> int:
        """Return how many shards it has."""
        return self.mark.stop - self.mark.first

    def to_json(self) -> dict[str, Any]:
        """Return its members as JSON values."""
        return {
            "share": str(self.mark.share),
            "shards": self.shards,
            "done": self.done,
            "host": self.mark.host,
            "process": self.mark.process,
            "began": self.mark.began,
        }


@dataclass(frozen=True, slots=True)
class ArrayState:
    """Where an array job stands.

    status    SUBMITTED until a share begins, IN_PROGRESS until the last merge, then how it ended
    done      shards that are done
    missing   numbers of the others, in order
    shares    that were begun; none once the job has ended
    merged    shares whose logs are published; none once the job has ended
    figures   counts of the lines of the shards that are done
    """

    job: ArrayJob
    status: JobStatus
    done: int
    missing: tuple[int, ...]
    shares: tuple[ShareState, ...]
    merged: tuple[Share, ...]
    figures: LineFigures

    @property
    def not_begun(self) -> str:
        """Return which of the shares no process has begun, as text: those of the largest number of
        shares that any process was one of.
        """
        counts = {each.mark.share.count for each in self.shares}
        largest = max(counts, default=0)
        begun = {each.mark.share.number for each in self.shares if each.mark.share.count == largest}
        return runs_named([number for number in range(largest) if number not in begun])

    @property
    def published(self) -> bool:
        """Return whether the last merge has written the Manifest."""
        return self.status not in _UNDER_WAY

    @property
    def missing_named(self) -> str:
        """Return the numbers of the missing shards as text, such as ``3 to 7, 9``."""
        return runs_named(self.missing)

    def to_json(self) -> dict[str, Any]:
        """Return what is known as JSON values."""
        return {
            "plan": self.job.uri,
            "shards": self.job.shards,
            "done": self.done,
            "missing": self.missing_named,
            "shares": [share.to_json() for share in self.shares],
            "notBegun": self.not_begun,
            "merged": [str(share) for share in self.merged],
            "published": self.published,
        }


_UNDER_WAY = (JobStatus.SUBMITTED, JobStatus.IN_PROGRESS)


def array_status(job: ArrayJob) -> JobStatus:
    """Return the state of a job by few requests, however large it is."""
    if job.ended is not None or job.is_published():
        return JobStatus(end_of(job).status)
    return JobStatus.IN_PROGRESS if ShareMarks(job).begun() else JobStatus.SUBMITTED


def state_of(uri: str) -> ArrayState:
    """Return where the job of a ``job.json`` stands, of which every record is read.

    Raises ConfigurationError for what is no such file, StorageError.
    """
    job = ArrayJob.read(uri)
    status = array_status(job)
    if status not in _UNDER_WAY:
        return ArrayState(job, status, job.shards, (), (), (), _published(job))
    done, sums = bytearray(job.shards), dict.fromkeys(LINE_FIGURES, 0)
    for result in job.checkpoint.results(unreachable=True):
        done[result.index] = 1
        for name in LINE_FIGURES:
            sums[name] += getattr(result.totals, name)
    marks = ShareMarks(job)
    shares = tuple(ShareState(mark, sum(done[mark.first : mark.stop])) for mark in marks.shares())
    missing = tuple(index for index, flag in enumerate(done) if not flag)
    merged, _ = marks.published()
    figures = LineFigures(**sums)
    return ArrayState(job, status, sum(done), missing, shares, tuple(merged), figures)


def _published(job: ArrayJob) -> LineFigures:
    """Return the counts of a published job, by its Manifest; zeros where it is gone."""
    storage = storage_for(job.folder)
    try:
        manifest = json.loads(storage.read(storage.join(job.folder, MANIFEST)))
    except (NotFound, ValueError):
        return LineFigures()
    return line_figures_of(manifest)
