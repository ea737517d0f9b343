"""ExportRunner: takes export jobs in their order, one at a time, and runs each in a process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from ..job_terms.job_status import JobStatus
from .database import Database
from .exports import ExportJob, ExportStore
from .job_process import JobProcess
from .options import RunOptions

__all__ = ["ExportRunner"]

_log = logging.getLogger(__name__)

_LOOK_AGAIN = 5.0
"""Seconds until the store is looked at without being told."""


class ExportRunner:
    """Runs the exports of one state file, whose imports this process runs too.

    options       of the process's log lines; no other holds for exports
    environment   variables for the exports, over this process's own; may still be changed
    """

    def __init__(
        self,
        database: Database,
        exports: ExportStore,
        options: RunOptions,
        environment: Mapping[str, str],
    ) -> None:
        self._state, self._exports, self._environment = database.path, exports, environment
        self._logs = options.log_format, options.log_level
        self._wake = threading.Event()
        self._stopping = False
        self._process: JobProcess | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run what waits, and again what a killed runner left."""
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="bulkfhir-exports", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for something to run, now."""
        self._wake.set()

    def stop(self) -> None:
        """Interrupt what runs: it runs again after the next start."""
        self._stopping = True
        self.wake()
        process = self._process
        if process is not None:
            process.kill_session()
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                self._exports.recover()  # also what this runner could not record the end of
                while not self._stopping and (job := self._exports.begin()) is not None:
                    self._run(job)
            except Exception:  # noqa: BLE001  # the queue must outlive one failed look; it looks again
                _log.exception("the queue of exports could not be read")
            self._wake.wait(_LOOK_AGAIN)

    def _run(self, job: ExportJob) -> None:
        module = "bulkfhir.engine.jobs.export_child"
        try:
            process = JobProcess(
                module, str(self._state), job.id, *self._logs, environment=self._environment
            )
        except OSError as error:
            _log.exception("export %s could not begin", job.id, extra={"job_id": job.id})
            cause = f"The export process could not be started: {error.strerror}"
            self._exports.finish(job.id, JobStatus.FAILED, cause)
            return
        self._process = process
        if self._stopping:
            process.kill_session()
        code = process.wait()
        self._process = None
        if not self._stopping:
            cause = f"The export process ended with code {code} before the job was done"
            self._exports.finish(job.id, JobStatus.FAILED, cause)
