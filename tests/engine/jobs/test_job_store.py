"""The job store: order, recovery, and who may speak for a job."""

from __future__ import annotations

import dataclasses
import os
import platform
import sqlite3
import stat
import subprocess
import threading
import time

import pytest

from bulkfhir.engine import import_job
from bulkfhir.engine.jobs import (
    Database,
    DatastoreStore,
    FinishedJobError,
    ImportJob,
    JobRunner,
    JobStatus,
    JobStore,
    RunnerBusyError,
    RunningJobError,
    RunOptions,
    Sample,
    StateError,
    SupersededError,
    UnknownJobError,
)
from bulkfhir.engine.jobs.recording import Recording
from bulkfhir.engine.process.process_identity import alive, this_process


@pytest.fixture
def jobs(tmp_path):
    return JobStore(Database(tmp_path / "state" / "jobs.db"))


def add(jobs, job_id, datastore="d1", **more):
    places = {"input_uri": "in", "output_uri": "out/"}
    job = ImportJob(
        id=job_id,
        datastore_id=datastore,
        level="strict",
        submit_time=time.time(),
        progress={"Figure": 0},
        **places,
        **more,
    )
    jobs.add(job)
    return job


def states(jobs):
    return {job.id: str(job.status) for job in jobs.page().jobs}


def test_one_job_at_a_time_per_data_store_first_in_first_out(jobs):
    for number in range(3):
        add(jobs, f"a{number}", "d1")
        add(jobs, f"b{number}", "d2")
    assert [job.id for job in jobs.claim(10)] == ["a0", "b0"]
    assert states(jobs) == {
        "a0": "IN_PROGRESS",
        "b0": "IN_PROGRESS",
        "a1": "QUEUED",
        "b1": "QUEUED",
        "a2": "QUEUED",
        "b2": "QUEUED",
    }
    assert jobs.claim(10) == ()
    jobs.finish(jobs.job("b0"), JobStatus.COMPLETED)
    assert [job.id for job in jobs.claim(10)] == ["b1"]


def test_the_limit_over_all_data_stores_holds_and_keeps_the_order(jobs):
    for name in "abc":
        add(jobs, name, f"d-{name}")
    assert [job.id for job in jobs.claim(2)] == ["a", "b"]
    assert jobs.claim(2) == ()
    jobs.finish(jobs.job("a"), JobStatus.FAILED, "why")
    assert [job.id for job in jobs.claim(2)] == ["c"]


def test_after_a_kill_jobs_run_again_in_their_old_place_and_cancelled_ones_are_cancelled(jobs):
    for name, datastore in (("run", "d1"), ("wait", "d1"), ("stop", "d2")):
        add(jobs, name, datastore)
    jobs.claim(10)
    jobs.report(jobs.job("run"), {"Figure": 5}, 0.5, Sample(time.time(), 5, 5, 0))
    jobs.cancel("stop")
    assert jobs.recover() == ("run",)
    assert states(jobs) == {"run": "QUEUED", "wait": "QUEUED", "stop": "CANCEL_COMPLETED"}
    (again,) = jobs.claim(10)
    assert (again.id, dict(again.progress), again.done, jobs.samples("run")) == (
        "run",
        {"Figure": 0},
        0.0,
        (),
    )


def test_an_earlier_attempt_can_change_nothing(jobs):
    add(jobs, "a")
    (first,) = jobs.claim(1)
    jobs.recover()
    with pytest.raises(SupersededError):
        jobs.report(first, {"Figure": 9}, 1.0)
    (second,) = jobs.claim(1)
    for late in (
        lambda: jobs.finish(first, JobStatus.COMPLETED),
        lambda: jobs.cancelling(first),
        lambda: jobs.requeue(first),
        lambda: jobs.find(first, []),
    ):
        with pytest.raises(SupersededError):
            late()
    jobs.finish(second, JobStatus.COMPLETED)
    with pytest.raises(SupersededError):
        jobs.finish(second, JobStatus.FAILED)
    assert jobs.job("a").status is JobStatus.COMPLETED


def test_cancelling_ends_what_waits_and_drains_what_runs(jobs):
    add(jobs, "run")
    add(jobs, "wait")
    (job,) = jobs.claim(1)
    assert not jobs.cancelling(job)
    waiting = jobs.cancel("wait")
    assert (waiting.status, waiting.end_time is not None) == (JobStatus.CANCEL_COMPLETED, True)
    assert jobs.cancel("run").status is JobStatus.CANCEL_SUBMITTED
    assert jobs.cancelling(job)
    assert jobs.job("run").status is JobStatus.CANCEL_IN_PROGRESS
    assert jobs.cancel("run").status is JobStatus.CANCEL_IN_PROGRESS
    jobs.finish(job, JobStatus.CANCEL_COMPLETED)
    with pytest.raises(FinishedJobError):
        jobs.cancel("run")
    with pytest.raises(UnknownJobError):
        jobs.cancel("none")


def test_only_finished_jobs_are_forgotten(jobs):
    add(jobs, "a")
    with pytest.raises(RunningJobError):
        jobs.remove("a")
    jobs.claim(1)
    jobs.report(jobs.job("a"), {}, 0.1, Sample(1.0, 1, 1, 0))
    jobs.finish(jobs.job("a"), JobStatus.COMPLETED)
    jobs.remove("a")
    with pytest.raises(UnknownJobError):
        jobs.job("a")
    assert jobs.samples("a") == ()


def test_a_command_whose_process_is_gone_has_failed(jobs):
    gone = subprocess.Popen(["true"])
    gone.wait()
    living = jobs.open(add_later("living", process=this_process()))
    elsewhere = jobs.open(add_later("elsewhere", process=f"another-machine:{gone.pid}:1"))
    dead = jobs.open(add_later("dead", process=f"{platform.node()}:{gone.pid}:1"))
    jobs.close_abandoned()
    assert states(jobs) == {"living": "IN_PROGRESS", "elsewhere": "IN_PROGRESS", "dead": "FAILED"}
    assert jobs.claim(10) == ()
    again = jobs.open(dataclasses.replace(dead, process=this_process()))
    assert (again.status, again.attempt, again.message) == (JobStatus.IN_PROGRESS, 2, None)
    assert (living.attempt, elsewhere.attempt) == (1, 1)


def add_later(job_id, process):
    return ImportJob(
        id=job_id,
        datastore_id="d",
        input_uri="in",
        output_uri="out/",
        level="strict",
        submit_time=time.time(),
        origin="command",
        process=process,
    )


def test_a_process_id_that_belongs_to_another_process_by_now_is_not_alive():
    assert alive(this_process())
    if this_process().endswith(":"):
        pytest.skip("this system tells no start times")
    assert not alive(f"{platform.node()}:{os.getpid()}:1")


def test_many_writers_lose_nothing(tmp_path):
    path = tmp_path / "jobs.db"
    Database(path)

    def write(number):
        store = JobStore(Database(path))
        for step in range(20):
            add(store, f"{number}-{step}", f"d{number}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(JobStore(Database(path)).page(limit=1000).jobs) == 80


def test_the_state_file_is_closed_to_others_and_in_wal(jobs):
    path = jobs.database.path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_state_file_that_cannot_be_used_says_which_and_why(tmp_path):
    (tmp_path / "text").write_text("this is no database, whatever its name")
    with pytest.raises(StateError, match="text cannot be used"):
        Database(tmp_path / "text")
    with pytest.raises(StateError, match="cannot be used"):
        Database(tmp_path / "text" / "below")
    later = sqlite3.connect(tmp_path / "later.db")
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(StateError, match="layout 99"):
        Database(tmp_path / "later.db")


def test_two_runners_on_one_state_file_are_refused(jobs):
    first = JobRunner(jobs, RunOptions())
    first.start()
    try:
        with pytest.raises(RunnerBusyError, match=str(os.getpid())):
            JobRunner(JobStore(Database(jobs.database.path)), RunOptions()).start()
    finally:
        first.stop()
    second = JobRunner(jobs, RunOptions())
    second.start()
    second.stop()


def test_jobs_and_data_stores_share_a_file(jobs):
    stores = DatastoreStore(jobs.database)
    made = stores.create(settings={})
    add(jobs, "a", made.id)
    assert jobs.unfinished(made.id)


def test_a_running_job_shows_its_errors_by_rule(jobs, tmp_path):
    source = tmp_path / "in.ndjson"
    source.write_bytes(
        b'{"resourceType":"Patient","id":"1","active":"no"}\n{"resourceType":"Patient","id":"2","active":"no"}\n{"resourceType":"Nobody"}\n'
    )
    add(jobs, "j")
    (job,) = jobs.claim(1)
    recording = Recording(jobs, job)
    import_job(source, tmp_path / "out", level="structure-only", workers=1, on_progress=recording)
    shown = [
        (found["severity"], found["count"], found["examples"]) for found in jobs.job("j").findings
    ]
    assert ("error", 2, []) in shown
    assert jobs.job("j").status is JobStatus.IN_PROGRESS
