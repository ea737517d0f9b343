"""Followed: a task in a process that shares no memory with the job shows where it is while it runs,
logs here, and stops when its run does; nothing of that stays.
"""

from __future__ import annotations

import concurrent.futures
import logging
import multiprocessing
import os
import platform
import threading
import time

import pytest

from bulkfhir.engine import EngineError, JobStatus, import_job, validate_files
from bulkfhir.engine.executors import followed, followed_runner
from bulkfhir.engine.executors.foreign import Foreign
from bulkfhir.engine.executors.live_folder import LiveFolder, TaskReport
from bulkfhir.engine.executors.task_log import LogLine, TaskLog
from bulkfhir.engine.figures.job_figures import LiveFigures

pytestmark = pytest.mark.usefixtures("toys")

ONE_TASK = {"judge": "toy", "shard_bytes": 700, "task_bytes": 100_000_000}
"""Some ten lines a shard, and all shards in one task."""


def new_pool():
    return concurrent.futures.ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context("spawn")
    )


@pytest.fixture(scope="module")
def pool():
    """Another process, which shares the disk."""
    with new_pool() as executor:
        yield executor


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Reports are written and read more often than every two seconds."""
    monkeypatch.setattr(followed_runner, "_PERIOD", 0.05)


class Onlooker:
    """Keeps what was scanned before any task had ended, and calls ``act`` at the first of it."""

    def __init__(self, act=lambda: None):
        self.scanned, self._act = [], act

    def __call__(self, progress):
        scanned = progress.report.resources_scanned
        if progress.phase == "reading" and not progress.shards_done and scanned:
            if not self.scanned:
                self._act()
            self.scanned.append(scanned)


def files_below(folder):
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def gated(write, patient, gate, name="in/a.ndjson"):
    """An input of a hundred lines, the fiftieth of which waits for a file."""
    lines = [patient(f"{number}") for number in range(100)]
    lines[50] = patient("50", **{"await": str(gate)})
    return write(name, lines)


def test_figures_are_seen_before_the_only_task_ends(pool, write, patient, tmp_path):
    gate = tmp_path / "gate"
    onlooker = Onlooker(gate.touch)  # without any figures the job would never end
    result = import_job(
        gated(write, patient, gate),
        tmp_path / "out",
        executor=pool,
        on_progress=onlooker,
        **ONE_TASK,
    )
    assert result.manifest.resources_scanned == 100
    assert 0 < onlooker.scanned[0] <= 50
    assert all(count <= 100 for count in onlooker.scanned)
    assert not [name for name in files_below(tmp_path / "out") if ".work" in name]


def test_figures_are_seen_by_way_of_s3(bucket, s3, write, patient, tmp_path):
    gate = tmp_path / "gate"
    onlooker = Onlooker(gate.touch)
    source = gated(write, patient, gate)
    with new_pool() as executor:
        result = import_job(
            source, f"{bucket}/out/", executor=executor, on_progress=onlooker, **ONE_TASK
        )
    assert result.status is JobStatus.COMPLETED
    assert 0 < onlooker.scanned[0] <= 50
    kept = s3.list_objects_v2(Bucket=bucket.removeprefix("s3://"))["Contents"]
    assert not [one["Key"] for one in kept if ".work" in one["Key"]]


def test_a_validation_is_followed_too(pool, write, patient, tmp_path):
    gate = tmp_path / "gate"
    onlooker = Onlooker(gate.touch)
    source = gated(write, patient, gate)
    with validate_files(source, executor=pool, on_progress=onlooker, **ONE_TASK) as found:
        assert not list(found)
    assert 0 < onlooker.scanned[0] <= 50


def test_a_running_task_stops_when_its_job_is_cancelled(pool, write, patient, tree, tmp_path):
    awake = tmp_path / "awake"
    lines = [patient(f"{number}") for number in range(50)]
    lines += [patient(f"{number}", nap=str(awake)) for number in range(50, 249)]
    lines.append(patient("last", mark=str(tmp_path / "last")))  # after 200 seconds
    source = write("in/a.ndjson", lines)
    cancel, options = threading.Event(), {"job_id": "j", "executor": pool, **ONE_TASK}
    result = import_job(
        source, tmp_path / "out", cancel=cancel, on_progress=Onlooker(cancel.set), **options
    )
    assert (result.status, result.manifest) == (JobStatus.CANCEL_COMPLETED, None)
    assert not (tmp_path / "last").exists()
    assert not [name for name in files_below(tmp_path / "out") if "/live/" in name]

    awake.touch()
    assert import_job(source, tmp_path / "out", resume=True, **options).manifest is not None
    there = tree(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "elsewhere")
    import_job(source, tmp_path / "out", judge="toy", job_id="j", workers=1)
    assert there == tree(tmp_path / "out")


def test_log_lines_say_where_they_come_from(pool, write, patient, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG, "bulkfhir")
    gate = tmp_path / "gate"
    lines = [patient("a", log="first"), *(patient(f"{number}") for number in range(50))]
    lines += [patient("g", **{"await": str(gate)}), patient("z", log="last")]
    early = []

    def at_first_figures():
        early.extend(one.getMessage() for one in caplog.records if one.name == "bulkfhir.toys")
        gate.touch()

    source = write("in/a.ndjson", lines)
    import_job(
        source,
        tmp_path / "out",
        executor=pool,
        on_progress=Onlooker(at_first_figures),
        **ONE_TASK,
    )
    told = [one for one in caplog.records if one.name == "bulkfhir.toys"]
    worker = told[0].process
    assert worker != os.getpid()
    assert [(one.getMessage(), one.levelname, one.host, one.process) for one in told] == [
        (f"{text} from process {worker}", "WARNING", platform.node(), worker)
        for text in ("first", "last")
    ]
    assert early == [told[0].getMessage()]  # while its task was under way
    assert {one.task for one in told} == {0}
    assert "from process" not in capfd.readouterr().err  # the worker prints none of it itself
    assert any(" lines of " in one.getMessage() for one in caplog.records)


def test_a_log_has_room_for_warnings_behind_a_flood():
    log = TaskLog()
    for number in range(10_000):
        log.add(record(logging.DEBUG, f"line {number}"))
    log.add(record(logging.WARNING, "it matters"))
    log.add(record(logging.ERROR, "x" * 1_000_000))
    kept = log.lines
    assert [line.text for line in kept if line.level == logging.WARNING] == ["it matters"]
    assert kept[0].text == "line 0"
    assert sum(len(line.text) for line in kept) < 150_000
    assert len(kept) + log.dropped == 10_002


def record(level, text):
    return logging.LogRecord("bulkfhir.toys", level, "toys.py", 1, text, (), None)


@pytest.fixture
def runner(tmp_path):
    """A runner on a thread of this process, and the folder of its run."""
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        made = followed(Foreign(threads, 2), str(tmp_path))
        yield made, made._folder
        made.close()


def waiting(gate, beat):
    """A task that is under way until it is told to end."""
    while not gate.is_set():
        beat.check()
        time.sleep(0.01)
    return "done"


def report(task, attempt, scanned, *texts):
    lines = tuple(LogLine("bulkfhir.toys", logging.WARNING, 1.0, text) for text in texts)
    return TaskReport(task, attempt, "far", 7, LiveFigures(scanned=scanned), lines)


def heard(runner, folder, slot, written):
    """Have a report read, whatever the task itself writes over it."""
    for _ in range(10_000):
        folder.put(slot, written)
        if runner.counters.sums().scanned == written.figures.scanned:
            return True
        time.sleep(0.005)
    return False


def test_a_task_that_an_engine_tries_twice_counts_once(runner, caplog):
    made, folder = runner
    gate = threading.Event()
    future = made.submit(0, waiting, gate)
    assert heard(made, folder, 0, report(0, "one", 500, "begins"))
    assert heard(made, folder, 0, report(0, "two", 30, "begins again"))
    assert heard(made, folder, 0, report(0, "one", 700, "begins", "goes on"))
    gate.set()
    assert future.result() == "done"
    assert made.counters.sums() == LiveFigures()
    told = [one.getMessage() for one in caplog.records if one.name == "bulkfhir.toys"]
    assert told == ["begins", "begins again", "goes on"]


class Death(Exception):
    """The worker of a task has died."""


class Mortal(Foreign):
    """An engine whose tasks are under way until the test lets their workers die."""

    def __init__(self):
        super().__init__(concurrent.futures.ThreadPoolExecutor(1), 1)
        self.tasks = []

    def submit(self, slot, /, function, *arguments):
        self.tasks.append(concurrent.futures.Future())
        return self.tasks[-1]

    def lost(self, error):
        return isinstance(error, Death)


def test_what_a_dead_worker_had_counted_does_not_count(tmp_path, caplog):
    engine = Mortal()
    made = followed(engine, str(tmp_path))
    first = made.submit(0, waiting, None)
    assert heard(made, made._folder, 0, report(0, "one", 500, "begins"))
    engine.tasks[0].set_exception(Death())
    assert made.lost(first.exception())
    assert made.counters.sums() == LiveFigures()
    second = made.submit(0, waiting, None)  # the slot's report is the dead one's still
    assert heard(made, made._folder, 0, report(1, "two", 20, "begins"))
    engine.tasks[1].set_exception(RuntimeError("the cluster is gone\nwith details"))
    with pytest.raises(EngineError, match="the executor failed: RuntimeError: the cluster is gone"):
        second.result()
    made.close(kill=True)
    assert [one.task for one in caplog.records if one.name == "bulkfhir.toys"] == [0, 1]
    assert not files_below(tmp_path)


def test_what_an_earlier_task_of_the_slot_left_is_not_shown(runner):
    made, folder = runner
    first, second = threading.Event(), threading.Event()
    made.submit(1, waiting, first)
    assert heard(made, folder, 1, report(0, "one", 500))
    first.set()
    made.submit(1, waiting, second)
    folder.put(1, report(0, "one", 900))
    assert heard(made, folder, 1, report(1, "one", 3))
    second.set()


def test_a_task_of_a_run_that_another_process_took_over_stops(runner, tmp_path):
    made, folder = runner
    future = made.submit(0, waiting, threading.Event())
    LiveFolder.open(str(tmp_path), None)
    with pytest.raises(EngineError, match="another process goes on with the job"):
        future.result()
    assert not folder.is_open()


def test_reports_are_few_however_many_slots_there_are(tmp_path):
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        made = followed(Foreign(threads, 4_000), str(tmp_path))
        assert made._period == 250  # 16 a second
        made.close()
    assert not files_below(tmp_path)
