"""Log publication: a large log that several write is, byte by byte, the one that a single one
writes.
"""

from __future__ import annotations

import pickle
import random
from contextlib import closing

import pytest

from bulkfhir.engine.errors import StorageError
from bulkfhir.engine.executors import Heartbeat
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.job_terms.settings import Settings
from bulkfhir.engine.storage import storage_for
from bulkfhir.engine.writing import log_publication
from bulkfhir.engine.writing.line_numbers import LineNumbers, length_with_base
from bulkfhir.engine.writing.log_plans import LogPlan, Piece
from bulkfhir.engine.writing.log_publication import LogPublication
from bulkfhir.engine.writing.outcomes import FAILURE, SUCCESS, with_base

PLACES = ["local", "s3"]


@pytest.fixture(params=PLACES)
def settings(request, tmp_path):
    """The settings of a job on a disk, and of one on S3."""
    if request.param == "local":
        return Settings(Choices(), str(tmp_path / ".work"), str(tmp_path / "job"))
    bucket = request.getfixturevalue("bucket")
    return Settings(Choices(), f"{bucket}/job/.work", f"{bucket}/job")


@pytest.fixture
def small(monkeypatch):
    """Logs are large, and ranges and parts small, in so many bytes; S3's own limit is moto's."""

    def set_to(large, together, part):
        monkeypatch.setattr(log_publication, "_LARGE", large)
        monkeypatch.setattr(log_publication, "_RANGE", together)
        monkeypatch.setattr("bulkfhir.engine.storage.uploads.LEAST_PART", part)
        monkeypatch.setattr("moto.settings.S3_UPLOAD_PART_MIN_SIZE", part, raising=False)
        monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", part, raising=False)

    return set_to


def job(settings, shards, log=SUCCESS, broken=(), *, counted=True):
    """Leave the parts of shards of (numbers, lines); return the plan of their log, and the log."""
    pieces, expected, base = [], b"", 0
    for index, (numbers, lines) in enumerate(shards):
        data = b"".join(b'{"lineId":%d,"x":"%s"}\n' % (n, b"y" * (n % 9)) for n in numbers)
        settings.work_storage.put(settings.part_uri(index, log), data)
        told = LineNumbers()
        told.add(log, 0, numbers)
        numbered = dict(told.take()).get(log) if counted else None
        if data:
            length = length_with_base(len(data), numbered, base, lines)
            pieces.append(Piece(log, index, 0, len(data), base, length))
        expected += with_base(data, base)
        base += lines
    plan = LogPlan("a.ndjson", tuple(pieces), broken)
    return plan, expected + plan.closing(log)


def shards_of(seed, count, lines):
    chosen = random.Random(seed)
    sizes = [chosen.randrange(lines) for _ in range(count)]
    return [(sorted(chosen.sample(range(1, n + 1), chosen.randint(0, n))), n) for n in sizes]


def published(settings, plan, *, slots=3, backwards=False, twice=False):
    """Publish as workers would that share nothing; return how many tasks that took."""
    with closing(LogPublication(settings, slots)) as publication:
        tasks = list(pickle.loads(pickle.dumps(list(publication.tasks([[plan]])))))
        for task in reversed(tasks) if backwards else tasks:
            for _ in range(1 + twice):
                result = task.function(*task.arguments, Heartbeat())
            publication.add(pickle.loads(pickle.dumps(result)))
    return len(tasks)


def log_of(settings, log=SUCCESS):
    storage = storage_for(settings.job_folder)
    return storage.read(f"{settings.job_folder}/{log}/a.ndjson")


def names(settings):
    storage = storage_for(settings.job_folder)
    return [entry.uri for entry in storage.list(f"{settings.job_folder}/SUCCESS/")]


@pytest.mark.parametrize("part", [64, 1_000, 100_000])
@pytest.mark.parametrize("together", [1, 3_000])
@pytest.mark.parametrize("seed", range(4), ids=lambda seed: f"seed-{seed}")
def test_what_several_write_is_what_one_writes(tmp_path, small, seed, together, part):
    settings = Settings(Choices(), str(tmp_path / ".work"), str(tmp_path / "job"))
    small(1, together, part)
    plan, expected = job(settings, [([1], 1), *shards_of(seed, 12, 150)])
    assert published(settings, plan, backwards=seed % 2 == 1, twice=seed > 1) > 1
    assert log_of(settings) == expected
    assert names(settings) == [f"{settings.job_folder}/SUCCESS/a.ndjson"]


def test_a_log_is_whole_on_a_disk_and_on_s3(settings, small):
    small(1, 1, 5 << 20)
    shards = [(list(range(1, 100_001)), 100_000)] * 5
    plan, expected = job(settings, shards)
    assert published(settings, plan) == 1 + -(-len(expected) // (5 << 20)) > 3
    assert log_of(settings) == expected


def test_the_breaks_of_a_file_close_a_log_that_several_write(settings, small, tmp_path):
    small(1, 1, 5 << 20)
    broken = (("cut off " * 1_000_000, 400), ("ours", 500))
    plan, expected = job(settings, [([1, 2], 2), ([5], 9)], FAILURE, broken)
    assert published(settings, plan) > 2
    assert log_of(settings, FAILURE) == expected
    assert log_of(settings) == b""


def test_one_worker_writes_a_log_in_one_go(settings, small):
    small(1, 1, 64)
    plan, expected = job(settings, shards_of(1, 5, 100))
    assert published(settings, plan, slots=1) == 1
    assert log_of(settings) == expected


@pytest.mark.parametrize(("shards", "tasks"), [(30, 1), (10, 2)], ids=["many", "few"])
def test_pieces_that_nobody_counted_are_looked_at_where_they_are_few(
    tmp_path, small, shards, tasks
):
    settings = Settings(Choices(), str(tmp_path / ".work"), str(tmp_path / "job"))
    small(1, 1, 1 << 20)
    plan, expected = job(settings, [(list(range(1, 30)), 30)] * shards, counted=False)
    assert published(settings, plan) == tasks
    assert log_of(settings) == expected


@pytest.mark.parametrize("shift", [-1, 1])
@pytest.mark.parametrize("place", [0, 3, 6], ids=["first", "middle", "last"])
def test_a_piece_of_another_length_than_was_told_is_an_error_and_no_log(
    tmp_path, small, place, shift
):
    settings = Settings(Choices(), str(tmp_path / ".work"), str(tmp_path / "job"))
    small(1, 1, 500)
    plan, _ = job(settings, [(list(range(1, 100)), 100)] * 7)
    wrong = plan.pieces[place]
    object.__setattr__(wrong, "length", wrong.length + shift)
    with pytest.raises(StorageError):
        published(settings, plan)
    assert names(settings) == []


def test_what_is_not_finished_leaves_nothing(settings, small):
    small(1, 1, 5 << 20)
    plan, _ = job(settings, [(list(range(1, 200_001)), 200_000)] * 2)
    storage = storage_for(settings.job_folder)
    with closing(LogPublication(settings, 2)) as publication:
        some = list(publication.tasks([[plan]]))[:-1]
        for task in some:
            publication.add(task.function(*task.arguments, Heartbeat()))
    assert names(settings) == []
    if settings.job_folder.startswith("s3://"):
        bucket, _, key = settings.job_folder.removeprefix("s3://").partition("/")
        found = storage._client.call(
            "", lambda client: client.list_multipart_uploads(Bucket=bucket, Prefix=key)
        )
        assert "Uploads" not in found


def test_the_log_of_a_file_of_5_tb_has_ranges_of_a_part_each(tmp_path):
    settings = Settings(Choices(), str(tmp_path / ".work"), str(tmp_path / "job"))
    pieces = [Piece(SUCCESS, shard, 0, 7_000_000, 0, 7_000_000) for shard in range(77_344)]
    plan = LogPlan("a.ndjson", tuple(pieces), ())
    with closing(LogPublication(settings, 64)) as publication:
        ranges = [task.arguments[1] for task in publication.tasks([[plan]])][1:]
    assert len(ranges) == 8_000
    assert [number for one in ranges for number in one.parts] == list(range(1, 8_001))
    assert max(len(one.pieces) for one in ranges) == 11
