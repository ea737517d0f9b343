"""Resources that come more than once in a job: counted and shown with both places, whatever the
workers, shards and sets in memory.
"""

from __future__ import annotations

import collections
import random
import tracemalloc

import pytest

from bulkfhir.engine import import_job
from bulkfhir.engine.across import duplicates as module
from bulkfhir.engine.across import key_runs
from bulkfhir.engine.across import keys as keys_module
from bulkfhir.engine.across.duplicates import Duplicates, bucket_ranges, find_duplicates
from bulkfhir.engine.across.keys import BUCKETS, KeyColumns, read_segments
from bulkfhir.engine.columns.rows import Rows
from bulkfhir.engine.executors import Heartbeat
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.job_terms.job_folder import KEYS, part_uri
from bulkfhir.engine.job_terms.settings import Settings
from bulkfhir.engine.storage import storage_for
from bulkfhir.engine.storage.local import LocalStorage
from tests.engine.test_resuming import AtShards

pytestmark = pytest.mark.usefixtures("fork_server")


@pytest.fixture
def run(tmp_path, toys):
    def job(source, **options):
        return import_job(source, tmp_path / "out", **({"judge": "toy", "workers": 1} | options))

    return job


def places(result):
    return [
        (
            found.first.file.rpartition("/")[2],
            found.first.line,
            found.last.file.rpartition("/")[2],
            found.last.line,
        )
        for found in result.summary.repeated
    ]


@pytest.fixture
def export(write, patient, tmp_path):
    """Two files; Patient/1 three times, Patient/2 twice but once rejected, Group/1 once, Patient/9
    twice within a file.
    """
    write(
        "in/a.ndjson",
        [
            patient("1"),
            b"",
            patient("2"),
            patient("9"),
            b'{"resourceType":"Group","id":"1"}',
            patient("9"),
        ],
    )
    write("in/b.ndjson", [patient("2", bad=1), patient("1"), patient("3"), patient("1")])
    return tmp_path / "in"


@pytest.mark.parametrize("options", [{}, {"shard_bytes": 40}, {"shard_bytes": 100, "workers": 2}])
def test_both_places_are_the_same_for_any_shards_and_workers(run, export, options):
    result = run(export, **options)
    assert result.summary.replaced == 3
    assert places(result) == [("a.ndjson", 1, "b.ndjson", 4), ("a.ndjson", 4, "a.ndjson", 6)]
    assert result.manifest.resources_imported == 8


def test_without_duplicates_nothing_is_said(run, write, patient):
    result = run(
        write("a.ndjson", [patient(str(number)) for number in range(200)]), shard_bytes=500
    )
    assert (result.summary.replaced, result.summary.repeated) == (0, ())


def test_the_lines_after_a_files_break_are_not_counted(run, write, held, gate, rows, tmp_path):
    source = write("in/a.ndjson", held(40, **{f"n{n}": {"id": str(n % 4)} for n in range(40)}))
    changed = []

    def change(progress):
        if not changed and progress.report.resources_scanned:
            changed.append(progress)
            source.write_bytes(source.read_bytes() + b"\n")
            gate.touch()

    result = run(source, shard_bytes=source.stat().st_size // 4, on_progress=change)
    assert changed
    (log,) = tmp_path.glob("out/*/SUCCESS/a.ndjson")
    ids = [row["resourceId"] for row in rows(log)]
    assert 4 < len(ids) < 40
    assert result.summary.replaced == len(ids) - 4


def test_a_resumed_job_finds_the_duplicates_of_its_earlier_run(run, write, patient, tmp_path):
    source = write("a.ndjson", [patient(str(number % 50)) for number in range(100)])
    stop = AtShards(tmp_path / "out" / f"{'0' * 32}-FHIR_IMPORT-j", 3)
    assert run(source, job_id="j", shard_bytes=300, cancel=stop).status == "CANCEL_COMPLETED"
    result = run(source, job_id="j", resume=True)
    assert result.summary.replaced == 50
    assert places(result) == [
        ("a.ndjson", 1, "a.ndjson", 51),
        ("a.ndjson", 2, "a.ndjson", 52),
        ("a.ndjson", 3, "a.ndjson", 53),
    ]


@pytest.mark.parametrize("at_once", [1, 50, 700, 1 << 30])
@pytest.mark.parametrize("tasks", [1, 3, BUCKETS])
@pytest.mark.parametrize("together", [False, True], ids=["apart", "together"])
def test_sets_of_any_size_and_any_number_of_tasks_find_the_same(
    tmp_path, monkeypatch, at_once, tasks, together
):
    """Against a plain dictionary."""
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    settings = Settings(Choices(), str(tmp_path))
    chance, last, first, total = random.Random(7), {}, {}, 0
    for shard in range(5):
        keys = KeyColumns()
        for line in range(100):
            key = str(chance.randrange(300))
            keys.add(Rows.of([line], 0, ["Patient"], [key]))
            first.setdefault(key, (shard, line))
            last[key] = (shard, line)
            total += 1
        storage_for(str(tmp_path)).put(
            part_uri(storage_for(str(tmp_path)), str(tmp_path), shard, KEYS), keys.take()
        )
    groups = range(5)
    if together:
        monkeypatch.setattr(key_runs, "RUN_KEYS", 200)
        runs = key_runs.runs_of(dict.fromkeys(range(5), 100))
        assert runs == [(0, 1), (2, 3), (4,)]
        for run in runs:
            key_runs.put_together(settings, run, Heartbeat())
        groups = [run[0] for run in runs]
    found = sum(
        (
            find_duplicates(settings, groups, total, buckets, together, Heartbeat())
            for buckets in bucket_ranges(tasks)
        ),
        Duplicates(),
    )
    repeated = sorted((first[key], last[key]) for key in first if first[key] != last[key])
    assert found == Duplicates(total - len(first), tuple(repeated[:3]))


def test_memory_is_bounded_by_the_keys_of_one_set(tmp_path, monkeypatch):
    """100,000 keys, about 4,000 in a set: far less than all of them take."""
    storage = storage_for(str(tmp_path))
    for shard in range(10):
        keys = KeyColumns()
        keys.add(
            Rows.of(
                range(10_000),
                0,
                ["Patient"] * 10_000,
                [f"{shard}-{number}" for number in range(10_000)],
            )
        )
        storage.put(part_uri(storage, str(tmp_path), shard, KEYS), keys.take())

    def peak(at_once):
        monkeypatch.setattr(module, "_AT_ONCE", at_once)
        monkeypatch.setattr(module, "_SPOOLED", 1000)
        tracemalloc.start()
        assert (
            find_duplicates(
                Settings(Choices(), str(tmp_path)),
                range(10),
                100_000,
                (0, BUCKETS),
                False,
                Heartbeat(),
            )
            == Duplicates()
        )
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(4000) < peak(1_000_000) / 3


def test_a_shard_of_many_lines_leaves_its_keys_in_segments(run, write, patient, monkeypatch):
    monkeypatch.setattr(keys_module, "_SEGMENT", 10)
    source = write(
        "a.ndjson", [patient(str(number % 90), text="x" * 20_000) for number in range(150)]
    )
    result = run(source)
    assert result.summary.replaced == 60
    assert places(result)[0] == ("a.ndjson", 1, "a.ndjson", 91)


def test_a_type_and_an_id_make_the_key(tmp_path):
    """Also ids that a foreign judge let pass."""
    keys = KeyColumns()
    pairs = [
        ("Patient", "1"),
        ("Group", "1"),
        ("Patient", "11"),
        ("Patient", "\ud800"),
        ("Patient", "x" * 4000),
        ("Patient", "y" * 4000),
    ]
    for line, (name, key) in enumerate(pairs):
        keys.add(Rows.of([line], 0, [name], [key]))
    path = tmp_path / "keys"
    path.write_bytes(keys.take())
    (segment,) = read_segments(storage_for(str(path)), str(path))
    keys, lines = segment.between(0, BUCKETS)
    assert sorted(lines.cast("I")) == list(range(len(pairs)))
    assert len({bytes(keys[at : at + 12]) for at in range(0, len(keys), 12)}) == len(pairs)


def test_each_byte_of_the_keys_is_read_once_and_each_of_a_run_by_one_task(tmp_path, monkeypatch):
    """16 tasks over 40 groups: beside the keys only a header of a run is read, by each task."""
    settings = Settings(Choices(), str(tmp_path))
    storage, size = storage_for(str(tmp_path)), 0
    for group in range(40):
        keys = KeyColumns()
        keys.add(Rows.of(range(500), 0, ["Patient"] * 500, [f"{group}-{n}" for n in range(500)]))
        part = keys.take()
        size += len(part)
        storage.put(part_uri(storage, str(tmp_path), group, KEYS), part)
    read = collections.Counter()
    open_whole = LocalStorage.open

    def counted(self, uri, *place, **more):
        reader = open_whole(self, uri, *place, **more)
        given = reader.read

        def read_counted(wanted):
            data = given(wanted)
            read[uri.rpartition(".")[2]] += len(data)
            return data

        reader.read = read_counted
        return reader

    monkeypatch.setattr(LocalStorage, "open", counted)
    monkeypatch.setattr(key_runs, "RUN_KEYS", 5_000)
    runs = key_runs.runs_of(dict.fromkeys(range(40), 500))
    for run in runs:
        key_runs.put_together(settings, run, Heartbeat())
    firsts = [run[0] for run in runs]
    for buckets in bucket_ranges(16):
        find_duplicates(settings, firsts, 20_000, buckets, True, Heartbeat())
    assert read["keys"] == size
    header = 8 * (BUCKETS + 1)
    whole = sum(path.stat().st_size - header for path in tmp_path.glob("*.run"))
    assert read["run"] == whole + header * len(runs) * 16


@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_of_many_lines_puts_its_keys_together_first(
    run, write, patient, monkeypatch, workers
):
    monkeypatch.setattr("bulkfhir.engine.job.job_run._FEW_LINES", 10)
    monkeypatch.setattr(key_runs, "RUN_KEYS", 20)
    together = []
    monkeypatch.setattr(
        "bulkfhir.engine.job.job_run.runs_of",
        lambda keys: together.append(key_runs.runs_of(keys)) or together[-1],
    )
    source = write("a.ndjson", [patient(str(number % 90)) for number in range(150)])
    result = run(source, shard_bytes=300, workers=workers)
    assert (result.status, result.summary.replaced) == ("COMPLETED", 60)
    assert places(result)[0] == ("a.ndjson", 1, "a.ndjson", 91)
    assert len(together) == (workers > 1)
    assert not together or len(together[0]) > 3
