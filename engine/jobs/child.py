"""The process of one job: ``python -m bulkfhir.engine.jobs.child STATE JOB ATTEMPT``, begun by
the runner with the run options on standard input.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from dataclasses import replace
from types import FrameType

from ..errors import EngineError
from ..figures.job_figures import JobProgressReport
from ..job.importing import JobResult, JobStatus, run_import
from ..job_terms.job_choices import default_versions
from ..job_terms.job_folder import job_folder_name
from ..process.garbage import collect_seldom
from ..process.log_lines import show_logs
from ..process.own_process import end_with_job, end_with_parent
from ..sharding.checkpoint import Checkpoint
from ..storage import normal, storage_for
from .database import Database
from .datastores import DatastoreStore, UnknownDatastoreError
from .job_row import ImportJob
from .options import RunOptions
from .recording import Recording
from .store import JobStore, SupersededError

_log = logging.getLogger(__name__)


def main(state: str, job_id: str, attempt: str) -> None:
    """Run the job and record its end.

    Leaves it as it is when the runner asks to stop: the runner then queues it again.
    """
    collect_seldom()
    # Without a buffer: the thread below may still be reading when the interpreter ends, and must
    # hold no lock then.
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        options = RunOptions.from_json(json.loads(stdin.readline()))
    show_logs(options.log_format, options.log_level)
    end_with_job()
    end_with_parent(_kill_all)
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Control-C at the terminal is the runner's to handle
    jobs = JobStore(Database(state))
    job = jobs.job(job_id)
    if job.attempt != int(attempt):
        return
    recording = Recording(jobs, job, cancel=stopped)
    try:
        options = _of_its_data_store(jobs.database, job, _in_its_work_folder(jobs, job, options))
        result = _run(job, options, recording)
        if result.status is JobStatus.CANCEL_COMPLETED and not jobs.cancelling(job):
            return
        if result.status is JobStatus.CANCEL_COMPLETED:  # the API has no way to go on with it
            place = options.choices.work_folder
            Checkpoint(job.output_uri.rstrip("/"), job.kms_key_id, place).delete()
        recording.finish(result)
    except SupersededError:
        _log.warning("job %s belongs to another process by now", job_id)


def _in_its_work_folder(jobs: JobStore, job: ImportJob, options: RunOptions) -> RunOptions:
    """Return the options with the work folder of the job's first attempt, which is recorded."""
    if job.work_folder is None:
        given = options.choices.work_folder
        jobs.work_in(job, None if given is None else normal(given))
        return options
    return replace(options, choices=replace(options.choices, work_folder=job.work_folder))


def _of_its_data_store(database: Database, job: ImportJob, options: RunOptions) -> RunOptions:
    """Return the options with the packages that a bare profile url means in the job's data store,
    before those that mean it for the whole server.
    """
    try:
        own = DatastoreStore(database).datastore(job.datastore_id).default_packages
    except UnknownDatastoreError:
        return options
    versions = default_versions(options.choices.default_versions) | default_versions(own)
    chosen = tuple("#".join(item) for item in versions.items())
    return replace(options, choices=replace(options.choices, default_versions=chosen))


def _run(job: ImportJob, options: RunOptions, recording: Recording) -> JobResult:
    folder = job_folder_name(job.datastore_id, job.id)
    output = job.output_uri.removesuffix(f"{folder}/")
    try:
        # What an earlier attempt left is deleted, or gone on with where the output may refuse that.
        resume = job.attempt > 1 and options.choices.work_folder is not None
        if job.attempt > 1 and not resume:
            storage_for(job.output_uri, job.kms_key_id).delete_folder(job.output_uri)
        choices = replace(
            options.choices,
            level=job.level,  # type: ignore[arg-type]  # the API's enum, checked when the job came
            encryption_key_id=job.kms_key_id,
        )
        return run_import(
            job.input_uri,
            output,
            choices,
            workers=options.workers,
            job_id=job.id,
            datastore_id=job.datastore_id,
            contract=True,
            take_over=True,  # the store has seen to it that no other process runs this job
            on_progress=recording,
            cancel=recording,
            resume=resume,
            report=options.report and replace(options.report, name=job.name),
            keep_access_check=True,
        )
    except EngineError as error:
        return _failed(job, str(error))
    except Exception as error:  # noqa: BLE001  # the wall around one job: it FAILED, the log says why
        _log.exception("job %s failed", job.id)
        return _failed(job, f"internal error: {type(error).__name__}")


def _failed(job: ImportJob, message: str) -> JobResult:
    return JobResult(
        JobStatus.FAILED, message, job.id, job.datastore_id, job.output_uri, JobProgressReport()
    )


def _kill_all() -> None:
    """Kill this process and its pool."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
