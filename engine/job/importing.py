"""The import job: what is asked for becomes a plan, and the plan is run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Protocol

from bulkfhir.validators import Level

from ..counting.progress import CancelEvent, OnProgress
from ..executors import (
    Executor,
    Runner,
    check_executor,
    default_workers,
    followed,
    is_local,
    open_runner,
    probe_workers,
    working,
)
from ..job_terms.job_choices import Choices, Limits, ReportWish
from ..job_terms.job_status import JobStatus
from ..job_terms.settings import Settings
from ..reading.sources import InputFile, SourceLike
from ..storage import StoredObject
from .job_run import JobResult
from .job_start import JobId, Sizes, started_job
from .keywords import checked_keywords
from .refusals import refuse_unusable

__all__ = ["JobResult", "JobStatus", "Limits", "Onlooker", "import_job", "run_import"]


class Onlooker(Protocol):
    """Whoever looks on while a job runs, to measure it."""

    def runner(self, runner: Runner) -> Runner:
        """Return what the job is to take for its runner."""
        ...

    def sizes(self, sizes: Sizes) -> Sizes:
        """Return what is to plan the job; it plans once the inputs are listed."""
        ...


class _Nobody:
    def runner(self, runner: Runner) -> Runner:
        return runner

    def sizes(self, sizes: Sizes) -> Sizes:
        return sizes


_NOBODY = _Nobody()


@checked_keywords
def import_job(
    source: SourceLike | Sequence[SourceLike],
    output: SourceLike,
    *,
    level: Level = "strict",
    workers: int | None = None,
    job_id: str | None = None,
    datastore_id: str = "0" * 32,
    unknown_profile: str = "error",
    terminology: str = "reference",
    warnings: bool = False,
    profiles: Sequence[str] = (),
    packages: Sequence[str] = (),
    default_versions: Sequence[str] = (),
    judge: str = "bulkfhir",
    validators: Sequence[str] = (),
    sink: str | None = None,
    sink_options: Mapping[str, str] | None = None,
    table: str | None = None,
    table_options: Mapping[str, str] | None = None,
    rejected: str | None = None,
    shard_bytes: int | None = None,
    task_bytes: int | None = None,
    limits: Limits = "none",
    include_all: bool = False,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    checks: bool = False,
    targets: Sequence[SourceLike] = (),
    resume: bool = False,
    take_over: bool = False,
    executor: Executor = "local",
    executor_options: Mapping[str, object] | None = None,
    encryption_key_id: str | None = None,
    work_folder: SourceLike | None = None,
    values: bool = True,
    max_issues: int = 1_000,
    report: bool = False,
    report_values: bool = False,
    on_progress: OnProgress | None = None,
    cancel: CancelEvent | None = None,
) -> JobResult:
    """Validate every resource of the source and write the output of a HealthLake import job.

    Where several texts may be given, one alone is one.

    source, output     paths, ``file://`` or ``s3://``; the source may also be a glob, ``-``, or
                       several of them
    level              strict (profiles too), structure-only (base R4), minimal
    workers            processes; 1 works inside this process; default: one for each processor.
                       A cancelled or interrupted job kills processes at once; inside this process
                       it ends between two lines, and waits for the line that is being validated
    job_id             default: random. With ``resume`` it names the job to go on with
    unknown_profile    error | warning | ignore: what a meta.profile that is not known means, at
                       level strict
    terminology        reference | r4: how value sets are read where HL7's validator and R4 differ
    warnings           warnings and information of accepted lines are counted too
    profiles           at level strict, canonical urls of profiles that every resource of their
                       type follows beside those that it names
    packages           FHIR packages with profiles: ``name#version``, ``.tgz`` files or folders
    default_versions   ``name#version``: which version of a package a bare canonical url means,
                       where several are given; else the first given
    judge, validators  names of entry points: who decides, and whose second opinion is counted
                       beside
    sink               where accepted resources go, by name (``ndjson``); None: nowhere
    sink_options       options of the sink by name, such as ``{"compression": "gz"}`` for ndjson;
                       they stand in the job's folder while it runs, which is no place for a secret
    table              ``iceberg`` or ``delta``: the parts of the sink parquet, which this asks for,
                       are committed to a table a resource type; None: to none
    table_options      options of the table by name, such as ``{"mode": "append"}``
    rejected           ``ndjson``: rejected lines are kept in ``rejected/<Type>/``, bytes untouched,
                       beside what was found in each; they are patient data. None: nowhere
    shard_bytes        size of a byte range; decides no byte of the output
    task_bytes         of the shards in a row that a worker does as one task, at the most; default:
                       a gigabyte on a cluster, else about one shard
    limits             ``healthlake``: a job over HealthLake's limits is FAILED before a byte is
                       read; a Binary over its limit fails its own line
    include_all        the log, error and deleted files of a bulk export are read too
    include, exclude   patterns: only files that match one of the first are read, whatever they are
                       called, and none that matches one of the second. ``*.ndjson`` is about
                       names, ``tmp/`` about folders, ``2024/**`` about paths below the source
    checks             references, duplicates and business identifiers are looked at over the whole
                       job: ``summary.checks``, and the table ``checks.parquet`` in the job's
                       folder. Never a verdict
    targets            folders of NDJSON, or of the sink parquet, whose resources count as present
                       for the checks
    resume             goes on where an interrupted job with this id stopped; a job that has no
                       record yet begins. What came through a pipe is kept in the job's folder
    take_over          goes on at once with a job on S3 that another process held, and that may
                       still run: it must not. Without it that is refused until the other has not
                       renewed its lease for a minute
    executor           ``local``; ``dask``, ``ray``, ``spark``, ``futures`` or another installed
                       engine; any concurrent.futures.Executor; a callable that makes one of the
                       options. Its workers must be able to import bulkfhir, and reach source and
                       output, which is tried before work begins
    executor_options   options of the executor by name, such as ``{"address": …}`` for dask. Of
                       ``local``: ``nice``, 0 to 19, how far its processes stand back
    encryption_key_id  stated in the Manifest; what is written to S3 is encrypted by it
    work_folder        where the job keeps its parts and its plan while it runs, instead of in its
                       own folder below the output: then nothing of the output is read or deleted.
                       ``resume`` needs the same
    values             False: values of elements are masked in the messages of the outcomes; what
                       a plug-in says as plain text is left out
    max_issues         issues shown of a line at the most, errors first, then one that says how
                       many more there are; 0 shows all. Counts are always of all
    report             report.html and report.json are written into the job's folder at last: what
                       was found, for a person and for a program, without any value of the data
    report_values      the report may quote values of the data
    on_progress        called in this thread about twice a second, and once at the end
    cancel             an event; once it is set the job ends as CANCEL_COMPLETED and may be resumed

    Raises EngineError while nothing has begun: no such source, nothing to read, an output that
    cannot be written, a job folder that exists, options that cannot work. From then on every end is
    a JobResult; only KeyboardInterrupt passes through, after the workers are gone.
    """
    return run_import(
        source,
        output,
        Choices(
            level=level,
            unknown_profile=unknown_profile,
            terminology=terminology,
            warnings=warnings,
            profiles=tuple(profiles),
            packages=tuple(packages),
            default_versions=tuple(default_versions),
            judge=judge,
            validators=tuple(validators),
            values=values,
            max_issues=max_issues,
            sink=sink,
            sink_options=tuple(sorted((sink_options or {}).items())),
            table=table,
            table_options=tuple(sorted((table_options or {}).items())),
            rejected=rejected,
            limits=limits,
            encryption_key_id=encryption_key_id,
            work_folder=None if work_folder is None else os.fspath(work_folder),
            include=tuple(include),
            exclude=tuple(exclude),
            checks=checks,
            targets=tuple(os.fspath(place) for place in targets),
        ),
        workers=workers,
        job_id=job_id,
        datastore_id=datastore_id,
        shard_bytes=shard_bytes,
        task_bytes=task_bytes,
        include_all=include_all,
        resume=resume,
        take_over=take_over,
        executor=executor,
        executor_options=executor_options,
        report=ReportWish(values=report_values) if report or report_values else None,
        on_progress=on_progress,
        cancel=cancel,
    )


def run_import(
    source: SourceLike | Sequence[SourceLike],
    output: SourceLike,
    choices: Choices,
    *,
    workers: int | None = None,
    job_id: str | None = None,
    datastore_id: str = "0" * 32,
    shard_bytes: int | None = None,
    task_bytes: int | None = None,
    include_all: bool = False,
    contract: bool = False,
    resume: bool = False,
    take_over: bool = False,
    executor: Executor = "local",
    executor_options: Mapping[str, object] | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelEvent | None = None,
    report: ReportWish | None = None,
    keep_access_check: bool = False,
    onlooker: Onlooker = _NOBODY,
) -> JobResult:
    """Do what ``import_job`` does, with the choices as one record.

    report      the report that is written once the job is published; None: none
    keep_access_check   the file by which access to the output was tried stays, as HealthLake's does
    contract    an input is what HealthLake's contract calls one, and no source is a glob
    onlooker    who stands between the job and its workers, and says how the inputs are cut
    """
    check_executor(executor, executor_options)
    name = JobId.of(job_id, datastore_id)
    local = is_local(executor)
    with ExitStack() as stack:
        cluster = None
        if not local:
            refuse_unusable(choices, workers, shard_bytes, task_bytes)
            opened = open_runner(executor, workers, executor_options)
            cluster = stack.enter_context(working(opened))

        def open_workers(groups: int) -> Runner:
            if cluster is not None:
                return onlooker.runner(
                    followed(cluster, job.checkpoint.work_folder, choices.encryption_key_id)
                )
            count = workers or min(default_workers(), groups)
            return onlooker.runner(
                open_runner("local", count, executor_options, plug_ins=choices.plug_ins)
            )

        def before_work(settings: Settings, inputs: Sequence[InputFile]) -> None:
            if cluster is not None:
                first = StoredObject(inputs[0].uri, inputs[0].size, inputs[0].etag)
                probe_workers(cluster, settings.work_folder, first, choices.encryption_key_id)

        sizes = Sizes(cluster.slots if cluster else workers, shard_bytes, task_bytes, not local)
        job = stack.enter_context(
            started_job(
                source,
                output,
                choices,
                name,
                onlooker.sizes(sizes),
                include_all=include_all,
                contract=contract,
                resume=resume,
                take_over=take_over,
                report=report,
                keep_access_check=keep_access_check,
                before_work=before_work,
            )
        )
        if job.plan is None:
            return job.run.failed(job.refusal)
        return job.run.run(job.plan, open_workers, on_progress, cancel, job.claim)
