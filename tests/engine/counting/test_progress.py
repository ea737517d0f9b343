"""Progress: finished shards and those in the making are one sum, shown now and then."""

from __future__ import annotations

import threading
from array import array

import pytest

from bulkfhir.engine.counting.progress import Tracker
from bulkfhir.engine.executors import Cancelled, LiveCounters
from bulkfhir.engine.figures.job_figures import FileFigures, LineFigures, LiveFigures
from bulkfhir.engine.figures.totals import Totals
from bulkfhir.engine.reading.sources import InputFile
from bulkfhir.engine.sharding.shard import Break, Shard, ShardResult
from bulkfhir.engine.sharding.shard_list import ShardList

PLAIN = InputFile("a.ndjson", "a.ndjson", 1000, "", "a.ndjson", None)
ARCHIVE = InputFile("b.ndjson.gz", "b.ndjson.gz", 300, "", "b.ndjson", "gz")
INPUTS = [PLAIN, ARCHIVE]
SHARDS = ShardList.of(
    INPUTS,
    [
        Shard(0, 0, PLAIN.uri, "", 0, 600),
        Shard(1, 0, PLAIN.uri, "", 600, 1000),
        Shard(2, 1, ARCHIVE.uri, "", 0, None, "gz"),
    ],
)
FIRST = Totals(scanned=10, imported=7, customer_errors=2, server_errors=1, rules={"error a": 2})


@pytest.fixture
def counters():
    return LiveCounters(array("q", bytes(8 * LiveCounters.size(2))))


@pytest.fixture
def tracker(counters):
    return Tracker(INPUTS, SHARDS, counters, None, None)


def test_nothing_is_done_at_first(tracker):
    progress = tracker.progress()
    assert (progress.phase, progress.bytes_done, progress.bytes_total) == ("reading", 0, 1300)
    assert (progress.shards_done, progress.shards_total) == (0, 3)
    assert (progress.report.scanned_files, progress.report.scanned_files_mb) == (2, 0.0013)
    assert progress.report.resources_scanned == 0


def test_finished_shards_and_those_in_the_making_are_added_up(tracker, counters):
    tracker.add(ShardResult(0, 10, FIRST))
    counters.show(0, LiveFigures(scanned=5, imported=4, server_errors=1, bytes_read=50))
    counters.show(1, LiveFigures(scanned=1, customer_errors=1, bytes_read=7))
    progress = tracker.progress()
    report = progress.report
    assert (report.resources_scanned, report.resources_imported) == (16, 11)
    assert report.resources_with_customer_error == 3
    assert (progress.server_errors, progress.bytes_done) == (2, 657)
    assert progress.rules == {"error a": 2}


def test_an_archive_counts_when_it_is_done_and_a_file_once(tracker):
    tracker.add(ShardResult(2, 10, FIRST))
    assert (tracker.progress().bytes_done, tracker.progress().report.imported_files) == (300, 1)
    tracker.add(ShardResult(0, 10, FIRST))
    tracker.add(ShardResult(1, 10, FIRST))
    assert (tracker.progress().bytes_done, tracker.progress().report.imported_files) == (1300, 2)


@pytest.mark.parametrize(("status", "files"), [(400, 1), (500, 0)], ids=["customer", "server"])
def test_a_file_that_breaks_counts_for_whose_fault_it_is(tracker, status, files):
    tracker.add(ShardResult(0, 0, broken=Break("why", status)))
    assert tracker.progress().report.files_read_with_customer_error == files


def test_what_an_earlier_run_imported_is_no_throughput_of_this_one(tracker):
    tracker.add(ShardResult(0, 10, FIRST), earlier=True)
    report = tracker.progress().report
    assert (report.resources_imported, report.throughput) == (7, 0.0)
    tracker.add(ShardResult(1, 10, FIRST))
    assert tracker.progress().report.throughput > 0


def test_the_callback_is_called_seldom_and_once_at_the_end(counters):
    seen = []
    tracker = Tracker([PLAIN, ARCHIVE], SHARDS, counters, seen.append, None)
    for _ in range(100):
        tracker.tick()
    assert [progress.phase for progress in seen] == ["reading"]
    tracker.add(ShardResult(0, 10, FIRST))
    files = FileFigures.of([(1000, 200, 7), (300, 200, 0)])
    tracker.finish(tracker.report(LineFigures(scanned=10, imported=7), files))
    last = seen[-1]
    assert (last.phase, last.bytes_done, last.shards_done) == ("done", 1300, 3)
    assert (last.report.resources_imported, last.server_errors) == (7, 1)


def test_a_tick_raises_once_the_job_is_to_stop(counters):
    cancel = threading.Event()
    tracker = Tracker([PLAIN, ARCHIVE], SHARDS, counters, None, cancel)
    tracker.tick()
    cancel.set()
    with pytest.raises(Cancelled):
        tracker.tick()


def test_without_shared_memory_only_finished_shards_count():
    tracker = Tracker([PLAIN, ARCHIVE], SHARDS, None, None, None)
    tracker.add(ShardResult(0, 10, FIRST))
    assert tracker.progress().report.resources_scanned == 10
