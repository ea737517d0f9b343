"""Publish: parts become the logs of their file, with the file's own line numbers."""

from __future__ import annotations

import pytest

from bulkfhir.engine.errors import StorageError
from bulkfhir.engine.executors import Cancelled, Heartbeat, LiveCounters
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.job_terms.job_folder import part_uri
from bulkfhir.engine.job_terms.settings import Settings
from bulkfhir.engine.storage import storage_for
from bulkfhir.engine.writing import publish
from bulkfhir.engine.writing.log_plans import LogPlan, Piece
from bulkfhir.engine.writing.publish import publish_logs


@pytest.fixture
def settings(tmp_path):
    return Settings(Choices(), str(tmp_path / ".work"), str(tmp_path))


@pytest.fixture
def part(settings):
    """Writes a part: lines with these numbers."""
    storage = storage_for(settings.work_folder)

    def write(index, name, *numbers):
        data = b"".join(b'{"lineId":%d,"x":1}\n' % number for number in numbers)
        storage.put(part_uri(storage, settings.work_folder, index, name), data)

    return write


def logs(tree, folder):
    return {name: data for name, data in tree(folder).items() if not name.startswith(".work")}


def test_lines_are_numbered_over_the_shards_of_their_file(settings, part, tree, tmp_path):
    part(0, "SUCCESS", 1, 3)
    part(1, "SUCCESS", 1)
    part(1, "FAILURE", 2)
    plan = LogPlan(
        "in/a.ndjson",
        (
            Piece("SUCCESS", 0, 0, 38, 0),
            Piece("SUCCESS", 1, 0, None, 3),
            Piece("FAILURE", 1, 0, None, 3),
        ),
        (),
    )
    publish_logs(settings, [plan], (), Heartbeat())
    expected = {
        "SUCCESS/in/a.ndjson": b'{"lineId":1,"x":1}\n{"lineId":3,"x":1}\n{"lineId":4,"x":1}\n',
        "FAILURE/in/a.ndjson": b'{"lineId":5,"x":1}\n',
    }
    assert logs(tree, tmp_path) == expected
    publish_logs(settings, [plan], (), Heartbeat())
    assert logs(tree, tmp_path) == expected


def test_files_that_share_a_part_get_their_own_pieces(settings, part, tree, tmp_path):
    part(0, "SUCCESS", 1, 2, 1, 1)
    plans = [
        LogPlan("a.ndjson", (Piece("SUCCESS", 0, 0, 38, 0),), ()),
        LogPlan("c.ndjson", (Piece("SUCCESS", 0, 57, 19, 0),), ()),
        LogPlan("b.ndjson", (Piece("SUCCESS", 0, 38, 19, 6),), ()),
    ]
    publish_logs(settings, plans, (), Heartbeat())
    assert logs(tree, tmp_path) == {
        "SUCCESS/a.ndjson": b'{"lineId":1,"x":1}\n{"lineId":2,"x":1}\n',
        "SUCCESS/b.ndjson": b'{"lineId":7,"x":1}\n',
        "SUCCESS/c.ndjson": b'{"lineId":1,"x":1}\n',
    }


def test_a_part_that_ends_before_its_last_piece_is_an_error(settings, part):
    part(0, "SUCCESS", 1)
    plan = LogPlan("a.ndjson", (Piece("SUCCESS", 0, 0, 38, 0),), ())
    with pytest.raises(StorageError, match="it ends early"):
        publish_logs(settings, [plan], (), Heartbeat())


def test_a_file_of_nothing_has_an_empty_success_log(settings, tree, tmp_path):
    publish_logs(settings, [LogPlan("a.ndjson", (), ())], (), Heartbeat())
    assert logs(tree, tmp_path) == {"SUCCESS/a.ndjson": b""}


def test_the_breaks_of_a_file_close_its_failure_log(settings, part, rows, tmp_path):
    part(0, "FAILURE", 1)
    plan = LogPlan(
        "a.ndjson", (Piece("FAILURE", 0, 0, None, 0),), (("cut off", 400), ("ours", 500))
    )
    publish_logs(settings, [plan], (), Heartbeat())
    line, *closing = rows(tmp_path / "FAILURE/a.ndjson")
    assert line["lineId"] == 1
    assert [row["UpdateResourceResponse"]["statusCode"] for row in closing] == [400, 500]
    assert all("lineId" not in row for row in closing)


@pytest.mark.parametrize("size", [1, 7, 19, 20, 1000])
def test_lines_are_whole_however_the_parts_are_read(
    settings, part, rows, tmp_path, monkeypatch, size
):
    monkeypatch.setattr(publish, "BLOCK_BYTES", size)
    part(0, "SUCCESS", *range(1, 12))
    plan = LogPlan("a.ndjson", (Piece("SUCCESS", 0, 0, None, 90),), ())
    publish_logs(settings, [plan], (), Heartbeat())
    numbers = [row["lineId"] for row in rows(tmp_path / "SUCCESS/a.ndjson")]
    assert numbers == list(range(91, 102))


def test_a_cancelled_job_publishes_no_half_log(settings, part, tree, tmp_path):
    part(0, "SUCCESS", 1)
    counters = LiveCounters([0] * LiveCounters.size(1))
    counters.stop()
    with pytest.raises(Cancelled):
        publish_logs(
            settings,
            [LogPlan("a.ndjson", (Piece("SUCCESS", 0, 0, None, 0),), ())],
            (),
            Heartbeat(counters),
        )
    assert logs(tree, tmp_path) == {}


def test_a_validation_has_no_logs(tmp_path):
    with pytest.raises(ValueError, match="no logs"):
        publish_logs(
            Settings(Choices(), str(tmp_path)), [LogPlan("a.ndjson", (), ())], (), Heartbeat()
        )


def test_a_whole_part_becomes_a_log_without_a_copy(settings, part, tree, tmp_path):
    part(0, "SUCCESS", 1, 2)
    part(1, "SUCCESS", 1, 2, 3)
    plans = [
        LogPlan("a.ndjson", (Piece("SUCCESS", 0, 0, 38, 0),), ()),
        LogPlan("b.ndjson", (Piece("SUCCESS", 1, 0, 38, 0),), ()),
        LogPlan("c.ndjson", (Piece("SUCCESS", 1, 38, 19, 0),), ()),
    ]
    for _ in range(2):
        publish_logs(settings, plans, (), Heartbeat())
    assert logs(tree, tmp_path) == {
        "SUCCESS/a.ndjson": b'{"lineId":1,"x":1}\n{"lineId":2,"x":1}\n',
        "SUCCESS/b.ndjson": b'{"lineId":1,"x":1}\n{"lineId":2,"x":1}\n',
        "SUCCESS/c.ndjson": b'{"lineId":3,"x":1}\n',
    }
    assert (tmp_path / "SUCCESS/a.ndjson").samefile(tmp_path / ".work/000000.SUCCESS")
    assert (tmp_path / "SUCCESS/b.ndjson").stat().st_nlink == 1
