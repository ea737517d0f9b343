"""Merge: what the shares of an array job left becomes its logs, and last of all its Manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice

from ..counting.progress import OnProgress
from ..errors import ConfigurationError, EngineError
from ..executors import (
    Runner,
    TaskFailure,
    default_workers,
    no_tick,
    open_runner,
    run_all,
    working,
)
from ..job.job_run import JobResult, JobRun, refuse_missing
from ..job_terms.job_choices import ReportWish
from ..job_terms.job_folder import MANIFEST
from ..job_terms.job_status import JobStatus
from ..sharding.file_outcomes import OutcomesByFile
from ..sharding.plan import Plan
from ..sharding.results import Results
from ..storage import storage_for
from ..writing.log_plans import LogPlan, digest_of, log_plans
from ..writing.log_publication import LogPublication
from ..writing.manifest import status_of
from .array_job import ArrayEnd, ArrayJob
from .share import Share
from .share_marks import ShareMarks

__all__ = ["end_array", "end_of", "merge_array", "merge_share"]

_AT_ONCE = 8 << 20
"""Bytes of a log for which a process more is worth its start."""


def merge_share(uri: str, share: Share, *, workers: int | None = None) -> int:
    """Publish the logs of a share of the files, once all shards are done; return how many files.
    May be run any number of times.

    Raises Incomplete, and publishes nothing, while shards are missing.
    """
    job = ArrayJob.read(uri)
    if job.ended is not None or job.is_published():
        return 0
    job.check()
    plan = _plan(job)
    if plan.ending is not None:
        return 0  # a merge has published all of them, and was stopped before its last step
    results = Results(plan.shards)
    for result in job.checkpoint.results(unreachable=True):
        results.add(result)
    refuse_missing(results.missing(), len(plan.shards))
    cut = share.cut(map(_weight, _log_plans(plan, results)))
    mine = list(islice(_log_plans(plan, results), cut.start, cut.stop))
    if not mine:
        return 0
    count = workers or min(default_workers(), max(len(mine), sum(map(_weight, mine)) // _AT_ONCE))
    with (
        working(open_runner("local", count)) as runner,
        closing(LogPublication(plan.settings, count)) as publication,
    ):
        for task, result in run_all(runner, publication.tasks(mine), no_tick):
            if isinstance(result, TaskFailure):
                raise EngineError(f"{task.key}: its logs could not be published: {result.message}")
            publication.add(result)
    ShareMarks(job).publish(share, map(digest_of, mine))
    return sum(map(len, mine))


def merge_array(
    uri: str,
    *,
    workers: int | None = None,
    take_over: bool = False,
    report: ReportWish | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[ArrayJob, JobResult | None]:
    """Publish what no share has published yet, and the Manifest. Return the job, and how it ended;
    None where an earlier merge has ended it.

    report   the report that is written once the job is published; None: none

    Raises Incomplete, and publishes nothing, while shards are missing.
    """
    job = ArrayJob.read(uri)
    if job.ended is not None or job.is_published():
        return job, None
    job.check()
    checkpoint, choices = job.checkpoint, job.settings.choices

    def open_workers(tasks: int) -> Runner:
        count = workers or min(default_workers(), tasks)
        return open_runner("local", count, plug_ins=choices.plug_ins)

    claim = checkpoint.claim(take_over=take_over)
    try:
        plan = _plan(job)
        storage = storage_for(job.folder, choices.encryption_key_id)
        _, published = ShareMarks(job).published()
        run = JobRun(
            job.job_id, job.datastore_id, job.folder, storage, checkpoint, published, report
        )
        return job, run.run(plan, open_workers, on_progress, None, claim)
    finally:
        claim.release()


def end_array(job: ArrayJob, status: str, exit_code: int) -> None:
    """Write how a job ended into its ``job.json``, for whoever merges it again."""
    replace(job, ended=ArrayEnd(status, exit_code)).save()


def end_of(job: ArrayJob) -> ArrayEnd:
    """Return how a published job ended: by its ``job.json``, or where the merge was stopped before
    it wrote that, by the Manifest.
    """
    if job.ended is not None:
        return job.ended
    storage = storage_for(job.folder)
    status = status_of(json.loads(storage.read(storage.join(job.folder, MANIFEST))))
    return ArrayEnd(str(status), 0 if status is JobStatus.COMPLETED else 1)


def _plan(job: ArrayJob) -> Plan:
    plan = job.checkpoint.load()
    if plan is None:
        raise ConfigurationError(f"{job.folder}: the plan of this job is gone: plan it anew")
    return plan


def _log_plans(plan: Plan, results: Results) -> Iterator[tuple[LogPlan, ...]]:
    return log_plans(OutcomesByFile(plan.inputs, plan.shards.files, results), results)


def _weight(plans: Sequence[LogPlan]) -> int:
    """Return the bytes of some logs, and what it costs to open them."""
    return sum((64 << 10) + sum(piece.size or 0 for piece in plan.pieces) for plan in plans)
