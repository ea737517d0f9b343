"""Probe: what is wrong with an engine's workers is one sentence before a line is read.

The workers are processes of another place: another folder stands for their S3, another start of
Python for their installation.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import importlib
import multiprocessing
import shutil
import threading

import pytest

from bulkfhir.engine import ConfigurationError, JobStatus, import_job, storage
from bulkfhir.engine.executors import probe

pytestmark = pytest.mark.usefixtures("toys")


@pytest.fixture
def places(toys):
    """What the workers can be begun with."""
    return importlib.import_module("other_places")


@pytest.fixture
def buckets(tmp_path, monkeypatch, write, patient):
    """This process's S3, a folder with one input; and another one with the same input in it."""
    here, there = tmp_path / "here", tmp_path / "there"
    write("here/in/a.ndjson", [patient(f"{number}") for number in range(20)])
    (here / "out").mkdir()
    (there / "out").mkdir(parents=True)
    monkeypatch.setenv(storage.S3_ROOT, str(here))
    monkeypatch.setattr(probe, "_PATIENCE", 300)  # a busy machine starts a process slowly
    storage._s3.cache_clear()
    yield here, there
    storage._s3.cache_clear()


def run(initializer, *arguments, workers=1, answers=None, output="s3://out/"):
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(
        workers, mp_context=context, initializer=initializer, initargs=arguments
    ) as executor:
        return import_job(
            "s3://in/", output, judge="toy", job_id="j", workers=answers, executor=executor
        )


def refused(buckets, says, initializer, *arguments, answers=None):
    with pytest.raises(ConfigurationError, match=says):
        run(initializer, *arguments, answers=answers)
    for bucket in buckets:
        assert not [*(bucket / "out").iterdir()]


def test_workers_that_share_everything_do_the_job(buckets, places):
    result = run(places.at, str(buckets[0]), workers=2)
    assert result.status is JobStatus.COMPLETED


def test_a_worker_without_bulkfhir(buckets, places):
    refused(buckets, "a worker has no bulkfhir: install bulkfhir", places.without_bulkfhir)


def test_a_worker_of_another_version(buckets, places):
    refused(buckets, r"a worker has bulkfhir 0\.0\.1, and this is", places.of_another_version)


def test_a_worker_that_does_not_see_the_input(buckets, places):
    (buckets[1] / "in").mkdir()
    refused(
        buckets, r"does not see s3://in/a\.ndjson: give every worker", places.at, str(buckets[1])
    )


def test_a_worker_that_sees_the_output_only_leaves_nothing_there(buckets, places, tmp_path):
    (buckets[1] / "in").mkdir()
    with pytest.raises(ConfigurationError, match=r"does not see s3://in/a\.ndjson"):
        run(places.at, str(buckets[1]), output=tmp_path / "disk")
    assert not (tmp_path / "disk").exists()


def test_a_worker_that_sees_another_input(buckets, places, write, patient):
    write("there/in/a.ndjson", [patient("other")])
    refused(buckets, r"sees another s3://in/a\.ndjson, of .* bytes", places.at, str(buckets[1]))


def test_a_worker_that_writes_elsewhere(buckets, places):
    (buckets[1] / "in").mkdir()
    (buckets[1] / "in" / "a.ndjson").hardlink_to(buckets[0] / "in" / "a.ndjson")
    refused(buckets, "is not there for this process: give every worker", places.at, str(buckets[1]))


def test_what_one_worker_wrote_goes_where_another_one_fails(buckets, places):
    said = "a worker does not answer: OSError: gone"
    refused(buckets, said, places.at_one_answer_only, str(buckets[0]), answers=2)


def test_workers_that_do_not_answer(buckets, monkeypatch):
    monkeypatch.setattr(probe, "_PATIENCE", 0.2)
    free = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as executor, contextlib.ExitStack() as stack:
        stack.callback(free.set)
        executor.submit(free.wait)
        with pytest.raises(ConfigurationError, match="1 of 1 workers have not answered within 0 s"):
            import_job("s3://in/", "s3://out/", judge="toy", executor=executor)
    shutil.rmtree(buckets[1])
