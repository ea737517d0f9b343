"""JobFacts: what a report is made of, when a job is published."""

from __future__ import annotations

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..counting.summary import Summary
from ..figures.job_figures import JobProgressReport, Moment
from ..job_terms.job_choices import Choices, ReportWish
from ..job_terms.job_status import JobStatus
from ..writing.manifest import Manifest

__all__ = ["JobFacts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """A published job.

    folder    the job's own folder, as a URI
    finished  seconds since the epoch
    elapsed   seconds of wall time of the run that ended the job
    earlier   resources that earlier runs of the job accepted
    curve     what was read as time went on, in the run that read last
    """

    wish: ReportWish
    job_id: str
    datastore_id: str
    status: JobStatus
    folder: str
    source: str
    choices: Choices
    manifest: Manifest
    progress: JobProgressReport
    summary: Summary
    finished: float
    elapsed: float
    earlier: int = 0
    curve: tuple[Moment, ...] = ()
