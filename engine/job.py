"""The import job: list, shard, run, aggregate, publish."""

from __future__ import annotations

import concurrent.futures
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, get_args

from bulkfhir.validators import Level

from .across.duplicates import Duplicates, bucket_ranges, find_duplicates
from .checkpoint import Checkpoint, Plan
from .counting.progress import CancelEvent, OnProgress, Tracker
from .counting.summary import Summary
from .dispatch import run_shards
from .errors import ConfigurationError, EngineError, NotFound, StorageError
from .executors import Cancelled, Runner, Task, TaskFailure, check_executor, open_runner, run_all
from .figures import JobProgressReport
from .job_folder import ACCESS_CHECK, job_folder_name
from .job_status import JobStatus
from .judging.chosen_packages import check_packages
from .logs import log_crash
from .plugins import SINKS, VALIDATORS, load
from .reading.sources import Listing, SourceLike, find_inputs, source_uri
from .settings import Settings
from .shard import plan_shards
from .storage import Storage, normal, storage_for
from .writing.manifest import FileOutcome, Manifest, file_figures, outcomes_by_file
from .writing.parts import open_sink
from .writing.publish import LogPlan, publish_logs

__all__ = [
    "JobResult",
    "JobStatus",
    "Limits",
    "check_choices",
    "default_workers",
    "import_job",
    "shard_sizes",
]

Limits = Literal["healthlake", "none"]

_MAX_FILES = 10_000
_MAX_JOB_BYTES = 500 << 30
_MAX_FILE_BYTES = 5 << 30
_MAX_BINARY = 164 * 1000 * 1000
"""HealthLake's limits of an import job.

Whether its MB of a Binary are 10^6 bytes is not documented; those of its Manifest are.
"""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FEW_LINES = 500_000
"""Keys that one task looks through in well under a second."""

_MIN_SHARD, _MAX_SHARD = 4 << 20, 64 << 20


@dataclass(frozen=True, slots=True)
class JobResult:
    """How an import job ended.

    status      COMPLETED, COMPLETED_WITH_ERRORS (some resource or file failed), FAILED,
                CANCEL_COMPLETED
    message     why it FAILED
    job_folder  the job's own folder as a URI, ending in ``/``
    manifest    None unless the job was published
    summary     sums by resource type, by rule with examples, by file
    elapsed     seconds of wall time of this run
    """

    status: JobStatus
    message: str | None
    job_id: str
    datastore_id: str
    job_folder: str
    progress: JobProgressReport
    manifest: Manifest | None = None
    summary: Summary = field(default_factory=Summary)
    elapsed: float = 0.0


def import_job(
    source: SourceLike | Sequence[SourceLike],
    output: SourceLike,
    *,
    level: Level = "strict",
    workers: int | None = None,
    job_id: str | None = None,
    datastore_id: str = "0" * 32,
    unknown_profile: str = "error",
    warnings: bool = False,
    packages: Sequence[str] = (),
    default_versions: Sequence[str] = (),
    judge: str = "bulkfhir",
    validators: Sequence[str] = (),
    sink: str | None = None,
    shard_bytes: int | None = None,
    limits: Limits = "none",
    include_all: bool = False,
    resume: bool = False,
    executor: str | concurrent.futures.Executor = "local",
    encryption_key_id: str | None = None,
    values: bool = True,
    on_progress: OnProgress | None = None,
    cancel: CancelEvent | None = None,
) -> JobResult:
    """Validates every resource of the source and writes the output of a HealthLake import job.

    source, output     paths, ``file://`` or ``s3://``; the source may also be a glob, ``-``, or
                       several of them
    level              strict (profiles too), structure-only (base R4), minimal
    workers            processes; 1 works inside this process; default: one for each processor.
                       A cancelled or interrupted job kills processes at once; inside this process
                       it ends between two lines, and waits for the line that is being validated
    job_id             default: random. With ``resume`` it names the job to go on with
    unknown_profile    error | warning | ignore: what a meta.profile that is not known means, at
                       level strict
    warnings           warnings and information of accepted lines are counted too
    packages           FHIR packages with profiles: ``name#version``, ``.tgz`` files or folders
    default_versions   ``name#version``: which version of a package a bare canonical url means,
                       where several are given; else the first given
    judge, validators  names of entry points: who decides, and whose second opinion is counted
                       beside
    sink               where accepted resources go, by name (``ndjson``); None: nowhere
    shard_bytes        size of a byte range; decides no byte of the output
    limits             ``healthlake``: a job over HealthLake's limits is FAILED before a byte is
                       read; a Binary over its limit fails its own line
    include_all        the log, error and deleted files of a bulk export are read too
    resume             goes on where an interrupted job with this id stopped; a job that has no
                       record yet begins
    executor           ``local``, or any concurrent.futures.Executor (it must be able to import
                       bulkfhir, and reach source and output)
    encryption_key_id  stated in the Manifest; what is written to S3 is encrypted by it
    values             False: messages that may quote values of elements are left out of the
                       outcomes (those in ``redaction.WORDED`` and invariants stay)
    on_progress        called in this thread about twice a second, and once at the end
    cancel             an event; once it is set the job ends as CANCEL_COMPLETED and may be resumed

    Raises EngineError while nothing has begun: no such source, nothing to read, an output that
    cannot be written, a job folder that exists, options that cannot work. From then on every end is
    a JobResult; only KeyboardInterrupt passes through, after the workers are gone.
    """
    job_id = job_id or secrets.token_hex(16)
    check_choices(level, unknown_profile, workers, shard_bytes, judge, validators, sink)
    check_packages(packages, default_versions)
    check_executor(executor)
    if limits not in get_args(Limits):
        raise ConfigurationError(f"{limits}: limits are {' or '.join(get_args(Limits))}")
    for name in (job_id, datastore_id):
        if not _ID.fullmatch(name):
            raise ConfigurationError(
                f"{name}: an id is made of up to 64 letters, digits, '-', '_' and '.'"
            )
    place = normal(os.fspath(output))
    storage = storage_for(place, encryption_key_id)
    folder = storage.join(place, job_folder_name(datastore_id, job_id))
    checkpoint = Checkpoint(folder, encryption_key_id)
    settings = Settings(
        level=level,
        work_folder=checkpoint.work_folder,
        job_folder=folder,
        unknown_profile=unknown_profile,
        warnings=warnings,
        packages=tuple(packages),
        default_versions=tuple(default_versions),
        judge=judge,
        validators=tuple(validators),
        sink=sink,
        encryption_key_id=encryption_key_id,
        values=values,
        max_binary=_MAX_BINARY if limits == "healthlake" else None,
    )
    job = _Job(job_id, datastore_id, folder, storage, checkpoint)
    plan = checkpoint.load() if resume else None
    if plan is not None:
        job.check_same(plan, settings, source_uri(source))
        storage.sweep(folder)
    else:
        job.check_new(resume)
        with closing(find_inputs(source, include_all=include_all)) as listing:
            message = _over_limits(listing) if limits == "healthlake" else None
            if message:
                return job.failed(message)
            storage.put(storage.join(place, ACCESS_CHECK), b"")
            size = shard_sizes(shard_bytes, workers or default_workers(), _MAX_SHARD)
            plan = Plan(
                settings,
                listing.uri,
                listing.inputs,
                listing.skipped,
                tuple(plan_shards(listing.inputs, size)),
            )
            checkpoint.save(plan)
            return job.run(plan, executor, workers, on_progress, cancel)
    return job.run(plan, executor, workers, on_progress, cancel)


class _Job:
    """One run of one job: the wall around it, and its stages."""

    def __init__(
        self, job_id: str, datastore_id: str, folder: str, storage: Storage, checkpoint: Checkpoint
    ) -> None:
        self._job_id, self._datastore_id = job_id, datastore_id
        self._folder, self._storage, self._checkpoint = folder, storage, checkpoint
        self._uri = storage.public(folder) + "/"

    def check_new(self, resume: bool) -> None:
        try:
            first = next(self._storage.list(self._folder + "/"), None)
        except NotFound:
            return
        if first is not None:
            why = "it is complete" if resume else "choose another job id, or resume it"
            raise ConfigurationError(f"{self._folder}: this job folder exists already; {why}")

    def check_same(self, plan: Plan, settings: Settings, source: str) -> None:
        if plan.source_uri != source:
            raise ConfigurationError(
                f"this job was begun with the source {plan.source_uri} and cannot be resumed with "
                f"{source}"
            )
        for name in Settings.__slots__:
            before, now = getattr(plan.settings, name), getattr(settings, name)
            if before != now:
                raise ConfigurationError(
                    f"this job was begun with {name.replace('_', ' ')} {before!r} and cannot be "
                    f"resumed with {now!r}"
                )

    def failed(self, message: str) -> JobResult:
        return JobResult(
            JobStatus.FAILED,
            message,
            self._job_id,
            self._datastore_id,
            self._uri,
            JobProgressReport(),
        )

    def run(
        self,
        plan: Plan,
        executor: str | concurrent.futures.Executor,
        workers: int | None,
        on_progress: OnProgress | None,
        cancel: CancelEvent | None,
    ) -> JobResult:
        count = workers or min(default_workers(), len(plan.shards))
        opened = _opened(
            executor, count, self._storage, self._folder, plug_ins=plan.settings.plug_ins
        )
        with opened as runner:
            tracker = Tracker(plan.inputs, plan.shards, runner.counters, on_progress, cancel)
            try:
                return self._stages(plan, runner, tracker)
            except Cancelled:
                return self._stopped(JobStatus.CANCEL_COMPLETED, None, runner, tracker)
            except StorageError as error:
                return self._stopped(
                    JobStatus.FAILED, f"cannot write the output: {error}", runner, tracker
                )
            except EngineError as error:
                return self._stopped(JobStatus.FAILED, str(error), runner, tracker)
            except Exception as error:  # noqa: BLE001 the wall around one job: a bug ends it with a status, its record stays
                log_crash("the job failed", error)
                return self._stopped(
                    JobStatus.FAILED, f"internal error: {type(error).__name__}", runner, tracker
                )

    def _stages(self, plan: Plan, runner: Runner, tracker: Tracker) -> JobResult:
        results = self._checkpoint.results()
        for result in results.values():
            tracker.add(result, earlier=True)
        missing = [shard for shard in plan.shards if shard.index not in results]
        for result in run_shards(runner, plan.settings, missing, tracker.tick):
            if result.broken and result.broken.status == 500:
                self._discard(plan, [result.index])
                self._checkpoint.save_result(result)
            results[result.index] = result
            tracker.add(result)
        outcomes = outcomes_by_file(
            plan.inputs,
            [shard.file for shard in plan.shards],
            [results[shard.index] for shard in plan.shards],
        )
        tracker.phase = "publishing"
        duplicates = self._publish(plan, outcomes, runner, tracker)
        manifest = Manifest.of(
            plan.source_uri, self._uri, plan.settings.encryption_key_id, outcomes
        )
        self._storage.put(self._storage.join(self._folder, "Manifest.json"), manifest.to_bytes())
        self._checkpoint.delete()
        return self._completed(plan, outcomes, manifest, duplicates, tracker)

    def _publish(
        self, plan: Plan, outcomes: Sequence[FileOutcome], runner: Runner, tracker: Tracker
    ) -> Duplicates:
        self._discard(plan, [index for outcome in outcomes for index in outcome.dropped])
        logs = [
            Task(outcome.file.log_name, publish_logs, (plan.settings, _log_plan(outcome)))
            for outcome in outcomes
        ]
        duplicates = Duplicates()
        for task, result in run_all(
            runner, [*logs, *_duplicate_tasks(plan.settings, outcomes, runner.slots)], tracker.tick
        ):
            if isinstance(result, TaskFailure):
                what = (
                    "duplicates could not be looked for"
                    if isinstance(task.key, range)
                    else f"{task.key}: its logs could not be published"
                )
                raise EngineError(f"{what}: {result.message}")
            duplicates += result or Duplicates()
        return duplicates

    def _completed(
        self,
        plan: Plan,
        outcomes: Sequence[FileOutcome],
        manifest: Manifest,
        duplicates: Duplicates,
        tracker: Tracker,
    ) -> JobResult:
        summary = Summary.of(outcomes, plan.skipped, duplicates)
        report = tracker.report(summary.totals, file_figures(outcomes))
        clean = (
            manifest.resources_imported == manifest.resources_scanned
            and manifest.files_read_with_success == manifest.scanned_files
        )
        status = JobStatus.COMPLETED if clean else JobStatus.COMPLETED_WITH_ERRORS
        tracker.finish(report)
        return JobResult(
            status,
            None,
            self._job_id,
            self._datastore_id,
            self._uri,
            report,
            manifest,
            summary,
            tracker.elapsed,
        )

    def _stopped(
        self, status: JobStatus, message: str | None, runner: Runner, tracker: Tracker
    ) -> JobResult:
        report = tracker.progress().report
        runner.close(kill=True)
        self._sweep()
        return JobResult(
            status,
            message,
            self._job_id,
            self._datastore_id,
            self._uri,
            report,
            elapsed=tracker.elapsed,
        )

    def _sweep(self) -> None:
        with suppress(StorageError):
            self._storage.sweep(self._folder)

    def _discard(self, plan: Plan, indexes: Sequence[int]) -> None:
        """Takes the resources of shards that do not count out of the sink again."""
        sink = open_sink(plan.settings) if indexes else None
        for index in indexes if sink else ():
            sink.discard(index)  # type: ignore[union-attr]


@contextmanager
def _opened(
    executor: str | concurrent.futures.Executor,
    workers: int,
    storage: Storage,
    folder: str,
    *,
    plug_ins: bool,
) -> Iterator[Runner]:
    """A runner whose workers are gone at the end, however it comes; killed where it is an
    exception.
    """
    runner = open_runner(executor, workers, plug_ins=plug_ins)
    try:
        yield runner
    except BaseException:
        runner.close(kill=True)
        with suppress(StorageError):
            storage.sweep(folder)
        raise
    runner.close()


def check_choices(
    level: str,
    unknown_profile: str,
    workers: int | None,
    shard_bytes: int | None,
    judge: str,
    validators: Sequence[str],
    sink: str | None,
) -> None:
    """Refuses options that cannot work, before anything is listed."""
    if level not in get_args(Level):
        raise ConfigurationError(f"{level}: no such level; levels are {', '.join(get_args(Level))}")
    if unknown_profile not in ("error", "warning", "ignore"):
        raise ConfigurationError(
            f"{unknown_profile}: an unknown profile can be an error, a warning, or one to ignore"
        )
    if workers is not None and workers < 1:
        raise ConfigurationError(f"{workers}: at least one worker is needed")
    if shard_bytes is not None and shard_bytes < 1:
        raise ConfigurationError(f"{shard_bytes}: a shard holds at least one byte")
    for name in (judge, *validators):
        load(VALIDATORS, name)
    if sink is not None:
        load(SINKS, sink)


def default_workers() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def shard_sizes(given: int | None, workers: int, largest: int) -> Callable[[int], int]:
    """Bytes left -> bytes of the next shard: ever smaller towards the end, so that no worker waits
    long for the last, yet never so small that a shard's own cost shows. The user's own size is what
    it is.
    """
    return lambda left: given or max(_MIN_SHARD, min(largest, left // (workers * 4)))


def _log_plan(outcome: FileOutcome) -> LogPlan:
    parts = tuple(
        (shard.index, base, shard.parts)
        for shard, base in zip(outcome.shards, outcome.bases, strict=True)
    )
    return LogPlan(
        outcome.file.log_name,
        parts,
        tuple((broken.message, broken.status) for broken in outcome.breaks),
    )


def _duplicate_tasks(settings: Settings, outcomes: Sequence[FileOutcome], slots: int) -> list[Task]:
    """One for each slot, or a single one where there is little to look through."""
    shards = tuple(
        shard.index for outcome in outcomes for shard in outcome.shards if shard.totals.imported
    )
    lines = sum(outcome.totals.imported for outcome in outcomes)
    ranges = bucket_ranges(slots if lines > _FEW_LINES else 1)
    return (
        [
            Task(range(first, end), find_duplicates, (settings, shards, lines, first, end))
            for first, end in ranges
        ]
        if lines > 1
        else []
    )


def _over_limits(listing: Listing) -> str | None:
    if len(listing.inputs) > _MAX_FILES:
        return (
            f"The job has {len(listing.inputs):,} input files; HealthLake's limit is {_MAX_FILES:,}"
        )
    if listing.size > _MAX_JOB_BYTES:
        return (
            f"The job has {listing.size:,} bytes of input; HealthLake's limit is {_MAX_JOB_BYTES:,}"
        )
    for file in listing.inputs:
        if file.size > _MAX_FILE_BYTES:
            return (
                f"{file.name} has {file.size:,} bytes; HealthLake's limit for a file is "
                f"{_MAX_FILE_BYTES:,}"
            )
    return None
