"""The process of a job: who reaps it, and that nobody signals it once its id may be another's."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import pytest

from bulkfhir.engine.jobs import Database, JobRunner, JobStatus, JobStore, RunOptions
from bulkfhir.engine.jobs.job_process import JobProcess
from tests.engine.jobs.test_job_store import add

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
