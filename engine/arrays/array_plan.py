"""Array plan: what is asked for becomes files from which any number of processes can work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import version

from ..errors import Incomplete
from ..job.job_start import JobId, Sizes, started_job
from ..job_terms.job_choices import Choices
from ..job_terms.job_folder import job_file, job_folder_name
from ..reading.sources import SourceLike, source_uri
from ..sharding.plan import Plan
from ..sharding.task_files import TOGETHER, TaskFiles, rows_of_tasks
from ..storage import normal, storage_for
from .array_job import ArrayJob, packages_here

__all__ = ["plan_array"]

_WORKERS = 256
"""Processes that a job is cut for where nobody says how many there will be."""


def plan_array(
    source: SourceLike | Sequence[SourceLike],
    output: SourceLike,
    choices: Choices,
    *,
    job_id: str | None = None,
    datastore_id: str = "0" * 32,
    workers: int | None = None,
    shard_bytes: int | None = None,
    include_all: bool = False,
    fail_on: Sequence[str] = (),
) -> str:
    """Write the plan of a job into its folder; return the URI of its ``job.json``. A second call
    with the same id, source and choices finds the plan of the first.

    workers   processes of all shares together, roughly: shards become small enough for them

    fail_on   findings that make the merge exit with 1

    Raises ConfigurationError for what cannot work, and Incomplete for a job that HealthLake's
    limits refuse.
    """
    name = JobId.of(job_id, datastore_id)
    choices = choices.absolute()
    if planned := _planned(output, name):
        planned.check_same(source_uri(source), choices)
        return planned.uri
    with started_job(
        source,
        output,
        choices,
        name,
        Sizes(workers or _WORKERS, shard_bytes),
        include_all=include_all,
        resume=job_id is not None,
    ) as job:
        if job.plan is None:
            raise Incomplete(job.refusal)
        _write_tasks(job.plan)
        array_job = ArrayJob(
            version("bulkfhir"),
            name.job,
            name.datastore,
            job.plan.settings,
            packages_here(choices),
            tuple(fail_on),
            job.plan.source_uri,
            len(job.plan.shards),
        )
        array_job.save()
        return array_job.uri


def _planned(output: SourceLike, name: JobId) -> ArrayJob | None:
    """Return the job that an earlier call has planned here."""
    place = normal(os.fspath(output))
    storage = storage_for(place)
    uri = job_file(storage.join(place, job_folder_name(name.datastore, name.job)))
    return ArrayJob.read(uri) if storage.stat(uri) is not None else None


def _write_tasks(plan: Plan) -> None:
    """Write what the shares read: the pieces of a small plan too, which stand in it alone."""
    files = TaskFiles.of(plan.settings)
    if len(plan.shards) <= TOGETHER:
        files.write(rows_of_tasks(plan.inputs, plan.shards, plan.groups))
    files.write_weights(plan.shards)
