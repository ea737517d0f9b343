"""Groups: many small files share a task, its parts and its record; no byte of the logs, and no row
of the sink, is another for it.
"""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from dataclasses import replace

import pytest

from bulkfhir.engine import JobStatus, import_job, validate_files
from bulkfhir.engine.job import job_start
from bulkfhir.engine.job_terms.job_folder import WORK
from bulkfhir.engine.reading.sources import InputFile
from bulkfhir.engine.sharding import shard, shard_groups
from bulkfhir.engine.sharding.checkpoint import Checkpoint
from bulkfhir.engine.sharding.shard import Shard, shard_sizes
from bulkfhir.engine.sharding.shard_groups import groups_left, plan_groups, split
from bulkfhir.engine.sharding.shard_list import plan_shards
from bulkfhir.engine.storage.s3_client import S3Client
from bulkfhir.engine.storage.sealed import sealed
from tests.engine.older_plans import bare_keys, in_layout_6

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("fork_server")]

MB = 1 << 20
JOB = "f" * 32
FOLDER = f"{'0' * 32}-FHIR_IMPORT-{JOB}"


def run(source, output, **more):
    options = {"judge": "toy", "job_id": JOB, "workers": 1, "sink": "ndjson"}
    return import_job(source, output, **options | more)


def published(tree, output):
    """The logs and the Manifest of a job, but for where it lies; the lines of the sink, sorted."""
    found = tree(output / FOLDER)
    logs = {name: data for name, data in found.items() if name.startswith(("SUCCESS", "FAILURE"))}
    manifest = json.loads(found["Manifest.json"])
    stored = sorted(
        (name.split("/")[1], line)
        for name, data in found.items()
        if name.startswith("resources")
        for line in data.splitlines()
    )
    figures = [value for name, value in manifest.items() if name.startswith(("number", "size"))]
    return logs, figures, stored


def planned(sizes, limit, shard=64 * MB):
    inputs = [
        InputFile(f"{number}", f"/{number}", size, "", f"{number}", None)
        for number, size in enumerate(sizes)
    ]
    shards = plan_shards(inputs, lambda _: shard)
    firsts = plan_groups(shards, lambda _: limit)
    return [[part.file for part in group] for group in groups_left(shards, firsts, frozenset())]


class TestPlan:
    def test_small_files_share_a_group_whatever_stands_between_them(self):
        sizes = [100, 3 * MB, 100, 100, 2 * MB, 100]
        assert planned(sizes, 64 * MB) == [[0, 1, 2, 3, 4, 5]]

    def test_a_large_file_is_as_many_groups_as_it_takes(self):
        assert planned([100, 232 * MB, 100], 128 * MB) == [[0, 1], [1, 1], [1, 2]]

    def test_a_file_weighs_what_it_takes_to_open_it(self):
        groups = planned([1] * 20_000, 64 * MB)
        assert {len(group) for group in groups[:-1]} == {1024}

    def test_the_users_own_size_is_that_of_a_group_too(self):
        assert planned([100] * 3, 10, shard=50) == [[0], [0], [1], [1], [2], [2]]

    def test_groups_become_smaller_towards_the_end(self):
        size = shard_sizes(None, 2, 1024 * MB)
        inputs = [InputFile("a", "/a", 4096 * MB, "", "a", None)]
        shards = plan_shards(inputs, shard_sizes(None, 2, 64 * MB))
        groups = list(groups_left(shards, plan_groups(shards, size), ()))
        sizes = [group[-1].end - group[0].start for group in groups]
        assert sizes[0] == 512 * MB
        assert sizes[-1] <= 8 * MB
        assert sum(sizes) == 4096 * MB


def shared(sizes, workers, ending=""):
    """The bytes of every group of a job that has a sink."""
    inputs = [
        InputFile(f"{number}", f"/{number}", size, "", f"{number}", ending or None)
        for number, size in enumerate(sizes)
    ]
    shards = plan_shards(inputs, shard_sizes(None, workers, 64 * MB))
    size = shard_sizes(None, workers, 1024 * MB, awaited=True)
    groups = groups_left(shards, plan_groups(shards, size, sharers=workers), ())
    return [
        sum((shard.end or sizes[shard.file]) - shard.start for shard in group) for group in groups
    ]


class TestPlanWithASink:
    @pytest.mark.parametrize("workers", [1, 2, 3, 8, 64])
    @pytest.mark.parametrize("total", [52, 63, 64, 65, 100, 127, 130, 1000, 10_000])
    def test_groups_hold_32_mb_but_for_those_that_workers_wait_for(self, total, workers):
        groups = shared([total * MB], workers)
        assert sum(groups) == total * MB
        assert len(groups) >= min(workers, total // 4)
        if len(groups) > workers:
            assert min(groups) >= 32 * MB

    def test_one_worker_makes_one_group_of_what_is_little(self):
        assert shared([52 * MB], 1) == [52 * MB]
        assert len(shared([52 * MB], 2)) == 2

    def test_workers_have_groups_beside_an_archive_that_cannot_be_cut(self):
        assert shared([900 * MB, *[8 * MB] * 6], 4, "gz") == [900 * MB, *[16 * MB] * 3]

    def test_no_group_is_smaller_than_without_a_sink(self):
        assert shared([4096 * MB], 2)[0] == 512 * MB


SHARDS = tuple(Shard(number, number, f"/{number}", "", 0, 1) for number in range(40))


def test_what_is_left_of_a_group_stands_in_rows():
    left = groups_left(SHARDS[:9], (0, 3, 7), {0, 4, 7, 8})
    assert [[shard.index for shard in group] for group in left] == [[1, 2], [3], [5, 6]]


def test_a_lost_group_is_done_in_pieces():
    pieces = split(SHARDS)
    assert sum(pieces, ()) == SHARDS
    assert {len(piece) for piece in pieces} == {3, 1}
    assert [len(piece) for piece in split(SHARDS[:5])] == [1] * 5


@pytest.fixture
def source(toys, write, patient, tmp_path):
    """Forty small files, a larger one of several shards among them, some lines of it bad."""
    chance = random.Random(5)
    for number in range(40):
        count = 200 if number == 20 else chance.randrange(5)
        lines = [
            patient(f"{number}-{line}", **({"bad": 1} if chance.random() < 0.2 else {}))
            for line in range(count)
        ]
        write(f"in/{number:02}.ndjson", lines)
    return tmp_path / "in"


@pytest.fixture
def expected(source, tree, tmp_path):
    """What a job leaves that has a group for every shard."""
    run(source, tmp_path / "one-by-one", shard_bytes=900)
    return published(tree, tmp_path / "one-by-one")


@pytest.fixture
def grouped(monkeypatch):
    """Makes groups of so many bytes of shards that are small."""

    def of(size):
        plan = job_start.plan_groups
        monkeypatch.setattr(
            job_start,
            "plan_groups",
            lambda shards, *_, **__: plan(shards, lambda _: size),
        )

    return of


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("size", [70 << 10, 300 << 10, MB, 64 * MB])
def test_no_byte_of_the_output_depends_on_the_groups(
    source, expected, tree, tmp_path, grouped, size, workers
):
    grouped(size)
    result = run(source, tmp_path / "out", workers=workers, shard_bytes=900)
    assert published(tree, tmp_path / "out") == expected
    assert result.summary.replaced == 0
    parts = {path.name for path in tmp_path.glob("out/*/resources/Patient/*")}
    assert len(parts) <= max(2, 60 * (64 << 10) // size + 1)


def test_examples_and_duplicates_are_told_by_file_and_line(source, patient, write, tmp_path):
    write("in/39.ndjson", [b"", patient("0-0"), patient("x"), patient("20-7", bad=1), patient("x")])
    results = [
        run(source, tmp_path / f"out{size}", shard_bytes=size).summary for size in (900, None)
    ]
    assert results[0] == results[1]
    assert ("39.ndjson", 3) in [
        (found.first.file.rpartition("/")[2], found.first.line) for found in results[0].repeated
    ]


class At:
    """An event that is set once there are so many records."""

    def __init__(self, folder, count):
        self._folder, self._count = folder, count

    def is_set(self):
        return len(list((self._folder / WORK).glob("0*.json"))) >= self._count


@pytest.mark.parametrize("workers", [1, 3])
def test_a_sink_changes_the_groups_and_no_byte_of_the_logs(
    write, toys, patient, tree, tmp_path, workers, monkeypatch
):
    """Bounds a thousand times smaller than they are, of data so much smaller."""
    monkeypatch.setattr(shard, "_MIN_SHARD", 4 << 10)
    monkeypatch.setattr(shard_groups, "_OPENING", 1)
    monkeypatch.setattr(shard_groups, "_SHARE", 64 << 10)
    lines = [patient(f"{number}", **({} if number % 9 else {"bad": 1})) for number in range(4000)]
    source = write("a.ndjson", lines)
    logs = []
    for sink in (None, "ndjson"):
        output = tmp_path / f"out-{sink}"
        run(source, output, sink=sink, workers=workers)
        logs.append(published(tree, output)[:2])
    assert logs[0] == logs[1]
    parts = [path.stat().st_size for path in tmp_path.glob("out-ndjson/*/resources/Patient/*")]
    assert len(parts) >= workers
    assert min(parts) >= 0.8 * min(32 << 10, source.stat().st_size // workers)


@pytest.mark.parametrize("records", [1, 3, 6])
def test_a_job_that_was_stopped_goes_on_with_the_groups_it_has(
    source, expected, tree, tmp_path, grouped, records
):
    grouped(300 << 10)
    output = tmp_path / "out"
    result = run(source, output, shard_bytes=900, cancel=At(output / FOLDER, records))
    assert result.status is JobStatus.CANCEL_COMPLETED
    assert run(source, output, resume=True).status is JobStatus.COMPLETED_WITH_ERRORS
    assert published(tree, output) == expected


def test_what_a_lost_group_left_in_the_sink_is_taken_back(
    source, expected, tree, tmp_path, grouped
):
    """Its worker had put its parts in their places, and was killed before the record: the resumed
    job does what is left of the group, under another number.
    """
    grouped(300 << 10)
    output = tmp_path / "out"
    run(source, output, shard_bytes=900, cancel=At(output / FOLDER, 3))
    work = output / FOLDER / WORK
    record = max(work.glob("0*.json"))
    record.unlink()
    stale = output / FOLDER / "resources/Group"
    stale.mkdir()
    (stale / f"part-{record.stem}.ndjson").write_bytes(b"{}\n")
    assert run(source, output, resume=True).status is JobStatus.COMPLETED_WITH_ERRORS
    assert published(tree, output) == expected


def test_a_file_that_kills_its_worker_costs_its_group_nothing_else(
    toys, write, patient, tree, tmp_path
):
    for number in range(40):
        write(f"in/{number:02}.ndjson", [patient(f"{number}")])
    write("in/17.ndjson", [patient("17", die=1)])
    result = run(tmp_path / "in", tmp_path / "out", workers=2)
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    manifest = result.manifest
    assert (manifest.resources_imported, manifest.resources_with_server_error) == (39, 1)
    assert len(published(tree, tmp_path / "out")[2]) == 39


def test_an_archive_that_cannot_be_trusted_costs_its_group_nothing_else(
    toys, write, patient, tree, tmp_path
):
    for number in range(12):
        data = gzip.compress(patient(f"{number}") + b"\n" + patient(f"{number}b") + b"\n")
        path = write(f"in/{number:02}.ndjson.gz", [])
        path.write_bytes(data[:-8] + bytes(4) + data[-4:] if number in (0, 5, 6, 11) else data)
    for workers in (1, 2):
        output = tmp_path / f"out{workers}"
        result = run(tmp_path / "in", output, workers=workers)
        assert result.manifest.files_read_with_customer_error == 4
        assert result.manifest.resources_imported == 16
        lines = [json.loads(line)["id"] for _, line in published(tree, output)[2]]
        assert sorted(lines) == sorted(
            f"{number}{end}"
            for number in range(12)
            if number not in (0, 5, 6, 11)
            for end in ("", "b")
        )
        assert len(list((output / FOLDER / "SUCCESS").iterdir())) == 12


def test_a_group_is_done_again_without_the_shards_behind_a_files_break(
    toys, write, patient, held, gate, tree, tmp_path, grouped
):
    """The file breaks in one group, and the next holds the rest of it and other files."""
    large = write("in/a.ndjson", held(60))
    for name in "bcd":
        write(f"in/{name}.ndjson", [patient(name)])
    grouped(128 << 10)
    changed = []

    def change(progress):
        if not changed and progress.report.resources_scanned:
            changed.append(True)
            large.write_bytes(large.read_bytes() + b"\n")
            gate.touch()

    size = large.stat().st_size // 5
    result = run(tmp_path / "in", tmp_path / "out", shard_bytes=size, on_progress=change)
    assert changed
    logs, _, stored = published(tree, tmp_path / "out")
    logged = [
        json.loads(line)["resourceId"]
        for name, data in logs.items()
        if name.startswith("SUCCESS")
        for line in data.splitlines()
    ]
    assert sorted(json.loads(line)["id"] for _, line in stored) == sorted(logged)
    assert set("bcd") < set(logged)
    assert result.manifest.files_read_with_customer_error == 1
    assert result.summary.replaced == 0


def test_findings_come_in_the_order_of_the_input(source, tmp_path):
    def found(**options):
        with validate_files(source, judge="toy", **options) as validation:
            return [
                (finding.file.rpartition("/")[2], finding.line, finding.offset)
                for finding in validation
            ]

    alone = found(shard_bytes=900)
    assert len(alone) > 40
    assert found() == found(workers=2) == alone


def test_a_record_of_a_group_without_its_parts_is_that_group_again(
    source, expected, tree, tmp_path, grouped
):
    grouped(300 << 10)
    output = tmp_path / "out"
    run(source, output, shard_bytes=900, cancel=At(output / FOLDER, 3))
    (output / FOLDER / WORK / "000000.keys").write_bytes(b"")
    assert run(source, output, resume=True).status is JobStatus.COMPLETED_WITH_ERRORS
    assert published(tree, output) == expected


def test_a_plan_without_groups_is_gone_on_with(source, expected, tree, tmp_path, monkeypatch):
    """Layout 5, as the version before this one left it: a group and a record for every shard."""
    output = tmp_path / "out"
    run(source, output, shard_bytes=900, cancel=At(output / FOLDER, 6))
    checkpoint = Checkpoint(str(output / FOLDER))
    plan = checkpoint.load()
    assert list(plan.groups) == list(range(len(plan.shards)))
    path = output / FOLDER / WORK / "plan.json"
    data = in_layout_6(json.loads(path.read_text()))
    del data["groups"]
    path.write_bytes(sealed({**data, "version": 5}))
    for record in (output / FOLDER / WORK).glob("0*.json"):
        (entry,) = json.loads(record.read_text())["shards"]
        if (keys := record.with_suffix(".keys")).exists():
            keys.write_bytes(bare_keys(keys.read_bytes()))
        sizes = [
            (name, record.with_suffix(f".{name}").stat().st_size)
            for name, _ in json.loads(record.read_text())["sizes"]
        ]
        old = {"totals": {"scanned": 0}, **entry, "parts": [n for n, _ in entry.pop("pieces", ())]}
        record.write_bytes(sealed({**old, "broken": None, "sizes": sizes}))
    settings = replace(plan.settings, layout=6)
    assert checkpoint.load() == replace(plan, settings=settings)
    assert run(source, output, resume=True).status is JobStatus.COMPLETED_WITH_ERRORS
    assert published(tree, output) == expected


@pytest.fixture
def requests_of(monkeypatch):
    """Operation -> the keys that it was asked for, of all requests that an act takes."""

    def of(act):
        asked = defaultdict(list)
        call = S3Client.call

        def counted(self, uri, function, **more):
            def with_client(client):
                return function(_Counting(client, asked))

            return call(self, uri, with_client, **more)

        with monkeypatch.context() as patch:
            patch.setattr(S3Client, "call", counted)
            act()
        return asked

    return of


class _Counting:
    """A client of boto3 that notes what it is asked for."""

    def __init__(self, client, asked):
        self._client, self._asked = client, asked

    def __getattr__(self, name):
        method = getattr(self._client, name)
        if name in ("meta", "exceptions"):
            return method

        def noted(*arguments, **options):
            self._asked[name].append(options.get("Key", ""))
            return method(*arguments, **options)

        return noted


@pytest.mark.parametrize("large", [(), range(7, 100, 20)], ids=["all small", "large between"])
def test_a_small_file_on_s3_takes_two_requests(toys, s3, bucket, patient, requests_of, large):
    """Beyond what every job takes: more files are two requests more for each."""
    name, counts = bucket.removeprefix("s3://"), []
    for count in (10, 30):
        for number in range(count):
            line = patient(str(number)) + b"\n"
            body = line * 2_000 if number in large else line
            s3.put_object(Bucket=name, Key=f"in{count}/{number:02}.ndjson", Body=body)
        output = f"{bucket}/out{count}/"
        asked = requests_of(lambda: run(f"{bucket}/in{count}/", output, sink=None))  # noqa: B023
        assert len([key for key in asked["put_object"] if "/SUCCESS/" in key]) == count
        # The lease is renewed every 15 seconds, which is no matter of files.
        keys = [key for keys in asked.values() for key in keys]
        counts.append(sum(not key.endswith(f"{WORK}/lock") for key in keys))
    assert counts[1] - counts[0] == 2 * 20


def test_a_shard_on_s3_is_read_by_one_request(toys, s3, bucket, patient, requests_of):
    """Its last line too, which ends in the next shard. One request more looks into the file."""
    body = b"".join(patient(str(number), text="y" * 900) + b"\n" for number in range(300))
    s3.put_object(Bucket=bucket.removeprefix("s3://"), Key="in/a.ndjson", Body=body)
    asked = requests_of(
        lambda: run(f"{bucket}/in/", f"{bucket}/out/", sink=None, shard_bytes=50_000)
    )
    assert asked["get_object"].count("in/a.ndjson") == 1 + -(-len(body) // 50_000) == 7
