"""The process of a job: who reaps it, and that nobody signals it once its id may be another's."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable

import pytest

from bulkfhir.engine.jobs import (
    Database,
    ExportJob,
    ExportRunner,
    ExportStore,
    ImportJob,
    JobRunner,
    JobStatus,
    JobStore,
    RunOptions,
    next_export,
    next_job,
)
from bulkfhir.engine.jobs.job_process import JobProcess
from tests.engine.jobs.test_job_store import add
from tests.server.conftest import wait_for

pytestmark = pytest.mark.long

IDLE = "bulkfhir.engine.jobs.child"
"""A module that does nothing as long as it is told nothing."""


@pytest.fixture
def jobs(tmp_path):
    return JobStore(Database(tmp_path / "jobs.db"))


@pytest.fixture
def stopping(monkeypatch) -> threading.Event:
    """Set once a runner that stops has signalled its jobs and waits for one of them."""
    joined, join = threading.Event(), threading.Thread.join

    def joining(thread: threading.Thread, timeout: float | None = None) -> None:
        if thread.name.startswith("job-"):
            joined.set()
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", joining)
    return joined


def stopped(jobs: JobStore, comes: threading.Event, **environment: str) -> JobStatus:
    """Begin a job, stop the runner when something has come, and return what is recorded then."""
    add(jobs, "a")
    runner = JobRunner(jobs, RunOptions(), environment=environment)
    runner.start()
    assert comes.wait(180)
    runner.stop()
    return jobs.job("a").status


def test_a_job_that_ends_as_the_runner_stops_waits_for_the_next_start(jobs, stopping, monkeypatch):
    ended, waitid = threading.Event(), os.waitid

    def late(kind: int, process: int, options: int) -> object:
        os.kill(process, signal.SIGKILL)
        waitid(kind, process, options)
        ended.set()
        assert stopping.wait(180)
        return waitid(kind, process, options)

    monkeypatch.setattr(os, "waitid", late)
    assert stopped(jobs, ended) is JobStatus.QUEUED


def test_the_runner_stops_after_the_end_of_each_job_is_recorded(jobs, stopping, monkeypatch):
    ended, cancelling = threading.Event(), jobs.cancelling

    def late(job: object) -> bool:
        ended.set()
        assert stopping.wait(180)
        return cancelling(job)

    monkeypatch.setattr(jobs, "cancelling", late)
    assert stopped(jobs, ended, PYTHONHOME=os.devnull) is JobStatus.QUEUED


def test_jobs_that_do_not_end_by_themselves_are_killed_after_one_drain(jobs, monkeypatch):
    for name in ("a", "b", "c"):
        add(jobs, name, f"of-{name}")
    runner, begun = JobRunner(jobs, RunOptions(), drain=0.5), threading.Event()
    waited, begin, join = list[float](), runner._begin, threading.Thread.join

    def stopped(job: ImportJob) -> None:
        begin(job)
        runner._running[job.id][0].signal(signal.SIGSTOP)
        if len(runner._running) == 3:
            begun.set()

    def joining(thread: threading.Thread, timeout: float | None = None) -> None:
        waited.append(timeout or 0)
        join(thread, timeout)

    monkeypatch.setattr(runner, "_begin", stopped)
    runner.start()
    assert begun.wait(180)
    monkeypatch.setattr(threading.Thread, "join", joining)
    runner.stop()
    assert {job.status for job in jobs.page().jobs} == {JobStatus.QUEUED}
    assert sum(waited) <= 0.5


def test_a_job_that_no_thread_can_await_has_failed_and_the_next_one_begins(jobs, monkeypatch):
    add(jobs, "a", "of-a")
    add(jobs, "b", "of-b")
    start, left = threading.Thread.start, list[JobProcess]()

    def refused(thread: threading.Thread) -> None:
        if thread.name == "job-a":
            left.append(thread._args[1])
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refused)
    runner = JobRunner(jobs, RunOptions(), environment={"PYTHONHOME": os.devnull})
    runner.start()
    wait_for(lambda: jobs.job("b").status is JobStatus.FAILED, "the end of the next job")
    runner.stop()
    assert jobs.job("a").message == (
        "The import process could not be started: Resource temporarily unavailable"
    )
    (process,) = left
    with pytest.raises(ProcessLookupError):
        os.kill(process.id, 0)


def export_of(jobs: JobStore) -> ExportStore:
    """Return a store with one export, which waits."""
    exports = ExportStore(jobs.database)
    with jobs.database.writing() as connection:
        job = ExportJob(
            id="e",
            datastore_id="d",
            output_uri="out/",
            kms_key_id="key",
            role_arn="role",
            submit_time=time.time(),
        )
        exports.add(job, connection)
    return exports


def once_full(method: Callable[..., None]) -> Callable[..., None]:
    """Let a method find the disk full the first time."""
    calls = list[object]()

    def finish(*given: object) -> None:
        calls.append(given)
        if len(calls) == 1:
            raise sqlite3.OperationalError("database or disk is full")
        method(*given)

    return finish


def test_an_end_that_could_not_be_recorded_is_once_there_is_room(jobs, monkeypatch):
    monkeypatch.setattr(next_job, "_LOOK_AGAIN", 0.01)
    monkeypatch.setattr(jobs, "finish", once_full(jobs.finish))
    add(jobs, "a")
    runner = JobRunner(jobs, RunOptions(), environment={"PYTHONHOME": os.devnull})
    runner.start()
    wait_for(lambda: jobs.job("a").status is JobStatus.FAILED, "the end of the job")
    runner.stop()


def test_an_export_whose_end_could_not_be_recorded_runs_again(jobs, monkeypatch):
    monkeypatch.setattr(next_export, "_LOOK_AGAIN", 0.01)
    exports = export_of(jobs)
    monkeypatch.setattr(exports, "finish", once_full(exports.finish))
    runner = ExportRunner(jobs.database, exports, RunOptions(), {"PYTHONHOME": os.devnull})
    runner.start()
    wait_for(lambda: exports.job("e").status is JobStatus.FAILED, "the end of the export")
    runner.stop()


def test_an_export_whose_process_cannot_be_started_has_failed(jobs, monkeypatch):
    exports = export_of(jobs)
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    runner = ExportRunner(jobs.database, exports, RunOptions(), {})
    runner.start()
    wait_for(lambda: exports.job("e").status is JobStatus.FAILED, "the end of the export")
    runner.stop()
    assert exports.job("e").message == (
        "The export process could not be started: No such file or directory"
    )


@pytest.mark.parametrize("system", ["tells-of-an-end", "has-no-waitid"])
def test_who_signals_a_process_that_has_ended_takes_its_end_from_nobody(
    system: str, monkeypatch
) -> None:
    process, waitid = JobProcess(IDLE, environment={}), os.waitid
    if system == "has-no-waitid":  # macOS before Python 3.13
        monkeypatch.delattr(os, "waitid")
    process.signal(signal.SIGKILL)
    waitid(os.P_PID, process.id, os.WEXITED | os.WNOWAIT)
    process.signal(signal.SIGTERM)
    waitid(os.P_PID, process.id, os.WEXITED | os.WNOWAIT | os.WNOHANG)  # still to be reaped
    assert process.wait() == -signal.SIGKILL


def test_a_process_that_the_system_reaps_is_awaited_all_the_same():
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        process = JobProcess(IDLE, environment={})
        process.signal(signal.SIGKILL)
        assert process.wait() == 0  # nobody can tell
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.parametrize("send", [lambda process: process.signal(0), JobProcess.kill_session])
def test_nobody_signals_a_process_that_has_been_reaped(
    send: Callable[[JobProcess], None], monkeypatch
) -> None:
    process = JobProcess(IDLE, environment={})
    process.kill_session()
    assert process.wait() == -signal.SIGKILL
    monkeypatch.setattr(os, "kill", None)
    monkeypatch.setattr(os, "killpg", None)
    send(process)
