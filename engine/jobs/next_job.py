"""JobRunner: takes jobs from the store in their order and runs each in a process of its own."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from ..job_terms.job_status import JobStatus
from .job_process import JobProcess
from .job_row import ImportJob
from .options import RunOptions
from .store import JobStore, SupersededError

__all__ = ["JobRunner", "RunnerBusyError"]

_log = logging.getLogger(__name__)

_LOOK_AGAIN = 5.0
"""Seconds until the store is looked at without being told: for the case that one look failed."""


class RunnerBusyError(Exception):
    """Another process runs the jobs of this state file."""


class JobRunner:
    """Runs the jobs of one state file: first in, first out, one at a time per data store.

    A job lives in a session of its own (its process and the pool below it), so that the endpoint
    stays quick while it runs, and that a kill leaves nothing behind: the process ends itself,
    whole, when this one is gone.

    concurrent    jobs that run at once over all data stores
    environment   variables for the jobs, over this process's own; may still be changed
    drain         seconds that jobs get, all at once, to end by themselves when the runner stops
    """

    def __init__(
        self,
        jobs: JobStore,
        options: RunOptions,
        *,
        concurrent: int = 4,
        environment: Mapping[str, str] | None = None,
        drain: float = 20.0,
    ) -> None:
        self._jobs = jobs
        self._options = options
        self._concurrent = concurrent
        self.environment = dict(environment or {})
        self._drain = drain
        self._wake = threading.Event()
        self._stopping = False
        self._lock_file: IO[str] | None = None
        self._thread: threading.Thread | None = None
        self._running: dict[str, tuple[JobProcess, threading.Thread]] = {}
        self._guard = threading.Lock()

    def start(self) -> None:
        """Set right what a killed runner left behind, then run what waits.

        RunnerBusyError where another one is at work.
        """
        self._lock()
        for job_id in self._jobs.recover():
            _log.warning(
                "job %s was interrupted and runs again from its beginning",
                job_id,
                extra={"job_id": job_id},
            )
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="bulkfhir-runner", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for something to run, now."""
        self._wake.set()

    def stop(self) -> None:
        """Begin nothing more and interrupt what runs; interrupted jobs are QUEUED, and the next
        runner runs them again.
        """
        self._stopping = True
        self.wake()
        if self._thread is not None:
            self._thread.join()
        with self._guard:
            running = list(self._running.values())
        for process, _ in running:
            process.signal(signal.SIGTERM)
        until = time.monotonic() + self._drain
        for process, watcher in running:
            watcher.join(max(0, until - time.monotonic()))
            if watcher.is_alive():
                process.kill_session()
                watcher.join()
        if self._lock_file is not None:
            self._lock_file.close()

    def _lock(self) -> None:
        path = f"{self._jobs.database.path}.runner"
        # Not "w", which would empty the file of the runner that holds the lock.
        file = Path(path).open("a+", encoding="ascii")  # noqa: SIM115  # held, and so locked, for the runner's life
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip()
            file.close()
            raise RunnerBusyError(
                f"process {owner} runs the jobs of {self._jobs.database.path}: choose another "
                "state file, or end it"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._lock_file = file

    def _loop(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                self._jobs.close_abandoned()
                for job in self._jobs.claim(self._concurrent):
                    self._try(job)
            except Exception:  # noqa: BLE001  # the queue must outlive one failed look; it looks again
                _log.exception("the job queue could not be read")
            self._wake.wait(_LOOK_AGAIN)

    def _try(self, job: ImportJob) -> None:
        try:
            self._begin(job)
        except OSError as error:
            _log.exception("job %s could not begin", job.id, extra={"job_id": job.id})
            self._jobs.finish(
                job, JobStatus.FAILED, f"The import process could not be started: {error.strerror}"
            )

    def _begin(self, job: ImportJob) -> None:
        process = JobProcess(
            "bulkfhir.engine.jobs.child",
            str(self._jobs.database.path),
            job.id,
            str(job.attempt),
            environment=self.environment,
        )
        process.tell(json.dumps(self._options.to_json()).encode())
        watcher = threading.Thread(
            target=self._watch, args=(job, process), name=f"job-{job.id}", daemon=True
        )
        with self._guard:
            try:
                watcher.start()
            except RuntimeError:  # no thread is to be had
                process.kill_session()
                process.wait()
                raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
            self._running[job.id] = (process, watcher)
        _log.info("job %s begins", job.id, extra={"job_id": job.id, "process_id": process.id})

    def _watch(self, job: ImportJob, process: JobProcess) -> None:
        code = process.wait()
        while not self._settled(job, code) and not self._stopping:
            time.sleep(_LOOK_AGAIN)  # its data store waits for it
        with self._guard:
            del self._running[job.id]  # not before: who stops the runner waits for what is there
        self.wake()

    def _settled(self, job: ImportJob, code: int) -> bool:
        """Record the end of a job; return whether that went well: the disk may be full."""
        try:
            self._settle(job, code)
        except Exception:  # noqa: BLE001  # one job; the runner recovers it at its next start
            _log.exception("the end of job %s could not be recorded", job.id)
            return False
        return True

    def _settle(self, job: ImportJob, code: int) -> None:
        """Gives a job whose process ended without a last state the one it has to have."""
        try:
            if self._jobs.cancelling(job):
                self._jobs.finish(job, JobStatus.CANCEL_COMPLETED)
            elif self._stopping:
                self._jobs.requeue(job)
            else:
                cause = f"signal {-code}" if code < 0 else f"exit code {code}"
                self._jobs.finish(
                    job,
                    JobStatus.FAILED,
                    f"The import process ended with {cause} before the job was done",
                )
        except SupersededError:
            pass  # the process recorded the end itself
        ended = self._jobs.job(job.id)
        _log.info(
            "job %s is %s",
            job.id,
            ended.status,
            extra={"job_id": job.id, "status": str(ended.status)},
        )
