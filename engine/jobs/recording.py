"""Recording: an import, written into the job store while it runs."""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..counting.progress import CancelEvent, OnProgress, Progress
from ..figures.job_figures import JobProgressReport
from ..job.importing import JobResult, run_import
from ..job_terms.job_choices import Choices
from ..job_terms.job_folder import job_folder_name
from ..job_terms.job_status import JobStatus
from ..process.process_identity import this_process
from ..reading.sources import SourceLike
from ..storage import normal, storage_for
from .database import Database, StateError, default_path
from .errors_by_rule import counted_findings, findings_of
from .job_row import ImportJob, Sample
from .store import JobStore, SupersededError, UnknownJobError

__all__ = ["Recording", "recorded_import"]

_log = logging.getLogger(__name__)

_CURVE = 300
"""About how many points of the curve there are when a job ends: one a second at first, ever fewer
as it goes on.
"""


class Recording:
    """The talk of a running job and the store: pass it as ``on_progress`` and as ``cancel``.

    A progress call that the store cannot take is worth a warning only. The job is to stop when it
    belongs to another process by now.
    """

    def __init__(
        self,
        jobs: JobStore,
        job: ImportJob,
        on_progress: OnProgress | None = None,
        cancel: CancelEvent | None = None,
    ) -> None:
        self._jobs = jobs
        self.job = job
        self._on_progress = on_progress
        self._cancel = cancel
        self._cancelled = False
        self._sampled_at = 0.0
        self._rules: Mapping[str, int] = {}
        self._began = time.time()

    def is_set(self) -> bool:
        """Return whether the job is to stop: the store says so, or the caller's own event."""
        return self._cancelled or (self._cancel is not None and self._cancel.is_set())

    def __call__(self, progress: Progress) -> None:
        try:
            self._record(progress)
        except SupersededError:
            self._cancelled = True
        except (sqlite3.Error, StateError) as error:
            _log.warning("the progress of job %s could not be recorded: %s", self.job.id, error)
        if self._on_progress is not None:
            self._on_progress(progress)

    def _record(self, progress: Progress) -> None:
        sample = self._sample(progress)
        self._jobs.report(self.job, progress.report.to_json(), _share(progress), sample)
        if sample is not None and progress.rules != self._rules:
            self._rules = progress.rules
            self._jobs.find(self.job, counted_findings(progress.rules))
        self._cancelled = self._jobs.cancelling(self.job)

    def _sample(self, progress: Progress) -> Sample | None:
        now = time.time()
        if progress.phase != "done" and now - self._sampled_at < max(
            1.0, (now - self._began) / _CURVE
        ):
            return None
        self._sampled_at = now
        report = progress.report
        return Sample(
            now,
            report.resources_scanned,
            report.resources_imported,
            report.resources_with_customer_error + progress.server_errors,
        )

    def finish(self, result: JobResult) -> None:
        """Record the job's last state, and its errors by rule."""
        self._jobs.report(
            self.job,
            result.progress.to_json(),
            1.0 if result.manifest else self._jobs.job(self.job.id).done,
        )
        self._jobs.find(self.job, findings_of(result.summary))
        self._jobs.finish(self.job, result.status, result.message)


def _share(progress: Progress) -> float:
    return progress.bytes_done / progress.bytes_total if progress.bytes_total else 1.0


def recorded_import(
    source: SourceLike | Sequence[SourceLike],
    output: SourceLike,
    choices: Choices,
    *,
    job_id: str | None = None,
    datastore_id: str = "0" * 32,
    state: str | os.PathLike[str] | None = None,
    name: str | None = None,
    on_progress: OnProgress | None = None,
    cancel: CancelEvent | None = None,
    **running: Any,
) -> JobResult:
    """Do what ``run_import`` does, which gets ``running`` too, recorded in the job store:
    ``bulkfhir jobs`` shows the job while it runs, and can cancel it.

    A store that cannot be written is worth a warning: the job runs all the same. Nothing is
    recorded of a job that never began (EngineError).

    A job that is gone on with finds its work where the store remembers it, unless the choices say
    where.

    state   the store's file; default: ``$XDG_STATE_HOME/bulkfhir/jobs.db``
    name    the job's name in the store
    """
    job_id = job_id or secrets.token_hex(16)
    import_it = partial(
        run_import, source, output, job_id=job_id, datastore_id=datastore_id, **running
    )
    try:
        jobs = JobStore(Database(state or default_path()))
    except StateError as error:
        _log.warning("this job is not recorded: %s", error)
        return import_it(choices=choices, on_progress=on_progress, cancel=cancel)
    job = _job(source, output, choices, job_id, datastore_id, name)
    if running.get("resume") and choices.work_folder is None:
        choices = replace(choices, work_folder=_remembered(jobs, job))
        job = replace(job, work_folder=choices.work_folder)
    recording = _OwnRecording(jobs, job, on_progress, cancel)
    try:
        result = import_it(choices=choices, on_progress=recording, cancel=recording)
        recording.finish(result)
    except KeyboardInterrupt:
        recording.interrupted()
        raise
    finally:
        jobs.database.close()
    return result


def _remembered(jobs: JobStore, job: ImportJob) -> str | None:
    """Return the work folder of the job that an earlier command recorded under this id."""
    try:
        earlier = jobs.job(job.id)
    except (UnknownJobError, sqlite3.Error, StateError):
        return None
    return earlier.work_folder if earlier.output_uri == job.output_uri else None


class _OwnRecording(Recording):
    """A recording of a job that the store did not begin: it is entered when it is under way, and
    goes on whatever happens to the store.
    """

    _entered = False
    _given_up = False

    def _record(self, progress: Progress) -> None:
        record = super()._record
        self._attempt(lambda: record(progress))

    def finish(self, result: JobResult) -> None:
        finish = super().finish
        self._attempt(lambda: finish(result))

    def interrupted(self) -> None:
        """Control-C is the user's way to cancel."""
        if self._entered:
            self._attempt(lambda: self._jobs.finish(self.job, JobStatus.CANCEL_COMPLETED))

    def _attempt(self, act: Callable[[], object]) -> None:
        if self._given_up:
            return
        try:
            if not self._entered:
                self.job = self._jobs.open(self.job)
                self._entered = True
            act()
        except (sqlite3.Error, StateError, SupersededError) as error:
            _log.warning("job %s goes on, but is no longer recorded: %s", self.job.id, error)
            self._given_up = True


def _job(
    source: SourceLike | Sequence[SourceLike],
    output: SourceLike,
    choices: Choices,
    job_id: str,
    datastore_id: str,
    name: str | None,
) -> ImportJob:
    sources = [source] if isinstance(source, str | os.PathLike) else list(source)
    place = normal(os.fspath(output))
    folder = storage_for(place).join(place, job_folder_name(datastore_id, job_id))
    return ImportJob(
        id=job_id,
        datastore_id=datastore_id,
        input_uri=", ".join(
            os.fspath(one)
            if os.fspath(one) == "-" or "://" in os.fspath(one)
            else str(Path(one).absolute())
            for one in sources
        ),
        output_uri=folder + "/",
        level=choices.level,
        submit_time=time.time(),
        name=name,
        kms_key_id=choices.encryption_key_id,
        progress=JobProgressReport().to_json(),
        origin="command",
        process=this_process(),
        work_folder=None if choices.work_folder is None else normal(choices.work_folder),
    )
