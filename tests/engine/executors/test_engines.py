"""Engines: by name, as a callable, as an executor; what each is asked, and what is lost on them."""

from __future__ import annotations

import concurrent.futures
import logging
import threading

import pytest

from bulkfhir.engine import ConfigurationError, EngineError, JobStatus, import_job
from bulkfhir.engine.dispatching.worker import run_group
from bulkfhir.engine.executors.foreign import Foreign
from bulkfhir.engine.job.job_start import Sizes

pytestmark = pytest.mark.usefixtures("toys")


class Death(Exception):
    """The worker of a task has died."""


class Spot(Foreign):
    """An engine whose workers die: while ``deaths`` of a task lasts, given its number."""

    apart = True

    def __init__(self, deaths):
        super().__init__(concurrent.futures.ThreadPoolExecutor(2), 2)
        self.deaths = deaths
        self.tried = []
        self._lock = threading.Lock()

    def submit(self, slot, /, function, *arguments):
        _, task, *given = arguments
        if task is run_group:
            group = tuple(shard.index for shard in given[1])
            with self._lock:
                self.tried.append(group)
            if self.deaths(group, self.tried.count(group)):
                future = concurrent.futures.Future()
                future.set_exception(Death())
                return future
        return super().submit(slot, function, *arguments)

    def lost(self, error):
        return isinstance(error, Death)

    def restart(self):
        return True


@pytest.fixture
def job(write, patient, tmp_path, tree):
    """Runs a job of a hundred lines in tasks of some shards, and answers its result and bytes."""
    source = write("a.ndjson", [patient(f"{number}") for number in range(100)])

    def of(executor, name="out", **options):
        result = import_job(
            source,
            tmp_path / name,
            judge="toy",
            job_id="j",
            shard_bytes=500,
            task_bytes=200_000,
            executor=executor,
            **options,
        )
        logs = {
            place.partition("/")[2]: data
            for place, data in tree(tmp_path / name).items()
            if "SUCCESS" in place or "FAILURE" in place
        }
        return result, logs

    return of


def test_a_task_whose_worker_is_lost_is_tried_again(job, caplog):
    engine = Spot(lambda group, tries: tries == 1)
    with caplog.at_level(logging.WARNING):
        result, logs = job(lambda: engine)
    assert result.status is JobStatus.COMPLETED
    assert logs == job("local", "local", workers=1)[1]
    assert {engine.tried.count(group) for group in engine.tried} == {2}
    assert "a worker was lost; its task is tried again" in caplog.text


def test_a_task_that_loses_every_worker_is_done_shard_by_shard(job):
    engine = Spot(lambda group, _: len(group) > 1)
    result, logs = job(lambda: engine)
    assert result.status is JobStatus.COMPLETED
    assert logs == job("local", "local", workers=1)[1]
    assert max(map(len, engine.tried)) > 1


def test_a_shard_that_loses_every_worker_alone_is_given_up(job):
    result, _ = job(lambda: Spot(lambda group, _: 1 in group))
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    assert 0 < result.manifest.resources_with_server_error < 20
    assert result.manifest.resources_scanned == 100


def test_an_error_of_the_engine_is_one_sentence(job):
    class Broken(Spot):
        def lost(self, error):
            return False

    result, _ = job(lambda: Broken(lambda *_: True))
    assert result.status is JobStatus.FAILED
    assert result.message == "the executor failed: Death: ; resume the job to go on"


def test_a_callable_gets_the_options(job):
    result, _ = job(concurrent.futures.ThreadPoolExecutor, executor_options={"max_workers": 3})
    assert result.status is JobStatus.COMPLETED


POOL = {"factory": "concurrent.futures:ThreadPoolExecutor"}


@pytest.mark.parametrize("number", ["3", 3], ids=["text", "number"])
def test_futures_makes_an_executor_of_a_name(job, number):
    result, _ = job("futures", executor_options=POOL | {"max_workers": number})
    assert result.status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "factory=module:callable"),
        ({"factory": "concurrent.futures"}, "factory=module:callable"),
        ({"factory": "no.such:thing"}, "no executor comes of this"),
        ({"factory": "concurrent.futures:NoSuch"}, "no executor comes of this"),
        (POOL | {"max_workers": "x"}, "^max_workers=x: a whole number from 1 on is needed$"),
        (POOL | {"max_workers": 0}, "^max_workers=0: a whole number from 1 on is needed$"),
        (POOL | {"colour": "red"}, "no executor comes of colour=red: "),
        ({"factory": "builtins:dict"}, "makes no concurrent.futures.Executor"),
    ],
    ids=[
        "none",
        "no-callable",
        "no-module",
        "no-name",
        "no-number",
        "no-worker",
        "no-option",
        "no-executor",
    ],
)
def test_futures_that_make_no_executor_are_refused(job, options, says, tmp_path):
    with pytest.raises(ConfigurationError, match=says):
        job("futures", executor_options=options)
    assert not (tmp_path / "out").exists()


def test_an_engine_refuses_options_that_it_does_not_take(job):
    with pytest.raises(EngineError, match="the executor dask has no such option; it has address"):
        job("dask", executor_options={"adress": "x"})


def test_slots_are_asked_of_the_executor():
    with concurrent.futures.ThreadPoolExecutor(16) as executor:
        assert Foreign(executor, None).slots == 16
        assert Foreign(executor, 3).slots == 3


def test_tasks_are_no_larger_than_asked_for(job):
    engine = Spot(lambda *_: False)
    job(lambda: engine)
    assert sum(map(len, engine.tried)) > len(engine.tried) > 1
    assert Sizes(2, task_bytes=7).task_bytes == 7
