"""Resuming: one process a job, records that can be trusted, inputs that are looked at again, and a
last step that may be killed anywhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bulkfhir.engine import ConfigurationError, JobStatus, import_job
from bulkfhir.engine.job_terms.job_folder import LOCK, PLAN, WORK
from bulkfhir.engine.job_terms.settings import PLAN_LAYOUT
from bulkfhir.engine.sharding.checkpoint import Checkpoint
from bulkfhir.engine.storage import local, storage_for
from bulkfhir.engine.storage.sealed import sealed, unsealed
from tests.engine.test_survival import gone, start, wait_for

pytestmark = pytest.mark.usefixtures("toys")

JOB = "f" * 32
FOLDER = f"{'0' * 32}-FHIR_IMPORT-{JOB}"


def run(source, output, **more):
    options = {"judge": "toy", "job_id": JOB, "workers": 1, "shard_bytes": 300, "sink": "ndjson"}
    return import_job(source, output, **options | more)


@pytest.fixture
def source(write, patient, tmp_path):
    for name in ("a", "b"):
        write(
            f"in/{name}.ndjson",
            [
                patient(f"{name}{number}", **({"bad": 1} if number % 9 == 0 else {}))
                for number in range(40)
            ],
        )
    return tmp_path / "in"


@pytest.fixture
def expected(source, tree, tmp_path):
    """The output of a job that nothing happened to."""
    run(source, tmp_path / "calm")
    return outcome(tree, tmp_path / "calm")


def outcome(tree, output):
    return {name: data for name, data in tree(output / FOLDER).items() if name != "Manifest.json"}


class AtShards:
    """An event that is set once so many shards are finished."""

    def __init__(self, folder, count):
        self._folder, self._count = folder, count

    def is_set(self):
        return len(list((self._folder / WORK).glob("0*.json"))) >= self._count


@pytest.fixture
def half_done(source, expected, tmp_path):
    """The output folder of a job that was cancelled half way, and its work folder."""
    output = tmp_path / "out"
    result = run(source, output, cancel=AtShards(output / FOLDER, 6))
    assert result.status is JobStatus.CANCEL_COMPLETED
    return output, output / FOLDER / WORK


class TestOneProcess:
    def test_a_second_run_and_a_resume_of_a_running_job_are_refused(
        self, source, expected, tree, tmp_path
    ):
        output, refused = tmp_path / "out", []

        def try_again(_progress):
            for more in ({}, {"resume": True}, {"resume": True, "take_over": True}):
                with pytest.raises(ConfigurationError) as error:
                    run(source, output, **more)
                refused.append(str(error.value))

        result = run(source, output, on_progress=try_again)
        assert result.status is JobStatus.COMPLETED_WITH_ERRORS
        assert "exists already" in refused[0]
        for said in refused[1:3]:
            assert "this job is running: process " in said
        assert outcome(tree, output) == expected

    def test_a_job_that_was_killed_is_gone_on_with_at_once(self, write, held, gate, tmp_path):
        slow, output = write("slow/a.ndjson", held(50)), tmp_path / "out"
        process = start(tmp_path, slow, output, JOB, 1, 500)
        wait_for((output / FOLDER / WORK / "000001.json").exists)
        with pytest.raises(ConfigurationError, match=f"process {process.pid} of "):
            run(slow, output, resume=True)
        process.kill()
        process.communicate()
        assert gone(process.pid)
        gate.touch()
        assert run(slow, output, resume=True).manifest.resources_imported == 50
        assert not (output / FOLDER / WORK).exists()

    def test_a_job_that_lost_its_hold_publishes_nothing(self, source, tmp_path):
        output = tmp_path / "out"
        lock = output / FOLDER / WORK / LOCK
        result = run(source, output, on_progress=lambda _: lock.unlink(missing_ok=True))
        assert (result.status, result.manifest) == (JobStatus.FAILED, None)
        assert result.message == "the lock of this job was removed while it ran"
        assert not (output / FOLDER / "Manifest.json").exists()
        assert run(source, output, resume=True).status is JobStatus.COMPLETED_WITH_ERRORS

    def test_what_does_not_begin_leaves_no_folder(self, tmp_path):
        with pytest.raises(Exception, match="no such file or folder"):
            run(tmp_path / "nowhere", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_on_s3_a_resume_of_a_running_job_is_refused(self, source, bucket):
        refused = []

        def try_again(_progress):
            with pytest.raises(ConfigurationError) as error:
                run(source, f"{bucket}/out/", resume=True)
            refused.append(str(error.value))

        run(source, f"{bucket}/out/", on_progress=try_again)
        assert "it can be resumed in" in refused[0]
        assert "--take-over" in refused[0]
        assert not [entry for entry in storage_for(bucket).list(f"{bucket}/") if WORK in entry.uri]

    def test_on_s3_a_job_that_is_taken_over_stops(self, source, bucket, monkeypatch):
        taken = []

        def take_over(_progress):
            if not taken:
                taken.append(True)  # the first, since the second run calls this too
                taken.append(run(source, f"{bucket}/out/", resume=True, take_over=True))

        result = run(source, f"{bucket}/out/", on_progress=take_over)
        assert taken[1].status is JobStatus.COMPLETED_WITH_ERRORS
        assert result.status is JobStatus.FAILED


class TestRecords:
    @pytest.mark.parametrize("cut", [0, 1, 50, -1])
    @pytest.mark.parametrize("record", ["000002.json", "000002.SUCCESS", "000002.keys"])
    def test_a_truncated_record_or_part_is_that_shard_again(
        self, half_done, source, expected, tree, record, cut
    ):
        output, work = half_done
        data = (work / record).read_bytes()
        (work / record).write_bytes(data[:cut])
        result = run(source, output, resume=True)
        assert result.status is JobStatus.COMPLETED_WITH_ERRORS, result.message
        assert outcome(tree, output) == expected

    @pytest.mark.parametrize(
        "data",
        [b"\0" * 500, b"[]", b"{}", b"null", b'{"index":2,"lines":"x"}', b"\xff\xfe"],
        ids=["zeros", "list", "empty", "null", "other", "no text"],
    )
    def test_a_record_of_something_else_is_that_shard_again(
        self, half_done, source, expected, tree, data
    ):
        output, work = half_done
        (work / "000002.json").write_bytes(data)
        assert run(source, output, resume=True).status is JobStatus.COMPLETED_WITH_ERRORS
        assert outcome(tree, output) == expected

    def test_a_record_in_which_a_digit_changed_is_that_shard_again(
        self, half_done, source, expected, tree, caplog
    ):
        output, work = half_done
        text = (work / "000002.json").read_text()
        (work / "000002.json").write_text(text.replace('"scanned":', '"scanned":1'))
        assert run(source, output, resume=True).status is JobStatus.COMPLETED_WITH_ERRORS
        assert outcome(tree, output) == expected
        assert "its shards are done again" in caplog.text

    @pytest.mark.parametrize("cut", [0, 1, 100, -1])
    def test_a_truncated_plan_is_one_sentence(self, half_done, source, cut):
        output, work = half_done
        (work / PLAN).write_bytes((work / PLAN).read_bytes()[:cut])
        with pytest.raises(ConfigurationError, match="plan of this job is damaged"):
            run(source, output, resume=True)

    def test_a_plan_in_which_a_digit_changed_is_one_sentence(self, half_done, source):
        output, work = half_done
        (work / PLAN).write_text((work / PLAN).read_text().replace('"first":', '"first":1'))
        with pytest.raises(ConfigurationError, match="its seal is broken"):
            run(source, output, resume=True)

    def test_plan_and_records_reach_the_disk(self, source, tmp_path, monkeypatch):
        synced = []
        fsync = os.fsync
        monkeypatch.setattr(
            local.os,
            "fsync",
            lambda file: (synced.append(Path(f"/proc/self/fd/{file}").readlink()), fsync(file)),
        )
        run(source, tmp_path / "out")
        names = [path.name for path in synced]
        assert sum(name.startswith(".plan.json") for name in names) == 2
        assert sum(name.startswith(".Manifest.json") for name in names) == 1
        assert sum(name.startswith(".0000") for name in names) > 5


def missing(path):
    path.unlink()


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def longer(path):
    path.write_bytes(path.read_bytes() + b"\n")


SINKS = {
    "ndjson": ({}, "resources/Patient/part-000002.ndjson"),
    "gz": (
        {"sink_options": {"compression": "gz"}},
        "resources/Patient/part-000002.ndjson.gz",
    ),
    "parquet": ({"sink": "parquet"}, "resources/Patient/part-000002.parquet"),
    "rejected": ({"rejected": "ndjson"}, "rejected/Patient/part-000002.ndjson"),
    "reasons": ({"rejected": "ndjson"}, "rejected/Patient/part-000002.outcomes.ndjson"),
}


class TestOutputParts:
    """Parts of the sink, and of the rejected lines."""

    @pytest.mark.parametrize("harm", [missing, cut, longer])
    @pytest.mark.parametrize("kind", SINKS)
    def test_that_are_not_as_they_were_written_are_that_group_again(
        self, source, tree, tmp_path, caplog, kind, harm
    ):
        more, part = SINKS[kind]
        self.stop(source, tmp_path / "out", more)
        run(source, tmp_path / "calm", **more)
        harm(tmp_path / "out" / FOLDER / part)
        result = run(source, tmp_path / "out", resume=True, **more)
        assert result.status is JobStatus.COMPLETED_WITH_ERRORS, result.message
        assert outcome(tree, tmp_path / "out") == outcome(tree, tmp_path / "calm")
        assert f"{part} is not as it was written: its shards are done again" in caplog.text

    def test_that_are_whole_are_kept(self, source, tmp_path, caplog):
        self.stop(source, tmp_path / "out", {})
        part = tmp_path / "out" / FOLDER / SINKS["ndjson"][1]
        before = part.stat().st_mtime_ns
        run(source, tmp_path / "out", resume=True)
        assert part.stat().st_mtime_ns == before
        assert "done again" not in caplog.text

    def test_of_a_record_that_does_not_tell_of_them_are_not_looked_at(self, source, tmp_path):
        self.stop(source, tmp_path / "out", {})
        work, part = tmp_path / "out" / FOLDER / WORK, SINKS["ndjson"][1]
        record = unsealed((work / "000002.json").read_bytes())
        assert [place for place, _ in record.pop("output")] == [part]
        (work / "000002.json").write_bytes(sealed(record))
        longer(tmp_path / "out" / FOLDER / part)
        size = (tmp_path / "out" / FOLDER / part).stat().st_size
        result = run(source, tmp_path / "out", resume=True)
        assert result.status is JobStatus.COMPLETED_WITH_ERRORS
        assert (tmp_path / "out" / FOLDER / part).stat().st_size == size

    @pytest.mark.parametrize("harm", [missing, cut, longer])
    @pytest.mark.parametrize("kind", ["ndjson", "parquet"])
    def test_on_s3_too(self, source, bucket, tmp_path, harm, kind):
        more, part = {"shard_bytes": 600, **SINKS[kind][0]}, SINKS[kind][1]
        storage, folder = storage_for(bucket), f"{bucket}/out/{FOLDER}"
        run(source, f"{bucket}/calm/", **more)

        def finished(_self=None):
            return len([1 for entry in storage.list(folder + "/.work/") if "json" in entry.uri])

        stop = SimpleNamespace(is_set=lambda: finished() >= 5)
        cancelled = run(source, f"{bucket}/out/", cancel=stop, **more)
        assert cancelled.status is JobStatus.CANCEL_COMPLETED
        place, copy = f"{folder}/{part}", tmp_path / "part"
        copy.write_bytes(storage.read(place))
        harm(copy)
        storage.put(place, copy.read_bytes()) if copy.exists() else storage.delete(place)
        result = run(source, f"{bucket}/out/", resume=True, **more)
        assert result.status is JobStatus.COMPLETED_WITH_ERRORS, result.message
        assert parts_of(storage, folder) == parts_of(storage, f"{bucket}/calm/{FOLDER}")

    def stop(self, source, output, more):
        cancelled = run(source, output, cancel=AtShards(output / FOLDER, 6), **more)
        assert cancelled.status is JobStatus.CANCEL_COMPLETED


def parts_of(storage, folder):
    return {
        entry.uri.removeprefix(folder): storage.read(entry.uri)
        for entry in storage.list(f"{folder}/resources/")
    }


class TestInputs:
    def changed(self, source, how):
        path = source / "a.ndjson"
        if how == "appended":
            path.write_bytes(path.read_bytes() + b"{}\n")
        elif how == "rewritten":
            path.write_bytes(path.read_bytes().replace(b"a1", b"a2"))
        else:
            path.unlink()

    @pytest.mark.parametrize(
        ("how", "said"),
        [
            ("appended", "bytes when it was read and has"),
            ("rewritten", "was written anew since it was read, with the same size"),
            ("removed", "is gone since it was read"),
        ],
    )
    def test_that_changed_after_they_were_read_are_named(
        self, source, expected, tree, tmp_path, caplog, how, said
    ):
        output = tmp_path / "out"
        shards = len(list(range(0, (source / "a.ndjson").stat().st_size, 300)))
        run(source, output, cancel=AtShards(output / FOLDER, shards + 1))
        self.changed(source, how)
        result = run(source, output, resume=True)
        assert result.status is JobStatus.COMPLETED_WITH_ERRORS
        assert outcome(tree, output) == expected
        (message,) = [
            entry for entry in caplog.messages if "since it was" in entry or "had" in entry
        ]
        assert message.startswith(f"{source}/a.ndjson ")
        assert said in message
        assert message.endswith("the job goes on with what it was then")

    def test_of_which_nothing_changed_are_not_mentioned(self, half_done, source, caplog):
        run(source, half_done[0], resume=True)
        assert "the job goes on with" not in caplog.text

    def test_standard_input_without_its_copy_is_refused(self, tmp_path, write, held):
        with write("in/stdin", held(50)).open("rb") as piped:
            process = start(tmp_path, "-", tmp_path / "out", JOB, 1, 500, stdin=piped)
        work = tmp_path / "out" / FOLDER / WORK
        wait_for((work / "000001.json").exists)
        process.kill()
        process.communicate()
        (copy,) = work.glob("piped-*")
        copy.unlink()
        result = run("-", tmp_path / "out", resume=True)
        assert result.status is JobStatus.FAILED
        assert "this job reads standard input, of which the copy is gone" in result.message


STEPS = """
import os, signal, sys
from bulkfhir.engine import import_job
from bulkfhir.engine.storage.local import LocalStorage

step, source, output, job_id = int(sys.argv[1]), *sys.argv[2:]
taken = 0

def counted(method):
    def call(self, uri, *rest, **more):
        global ended, taken
        ended = ended or uri.endswith("Manifest.json")
        if ended:
            taken += 1
            if taken == step:
                os.kill(os.getpid(), signal.SIGKILL)
        return method(self, uri, *rest, **more)
    return call

ended = False
for name in ("put", "delete", "delete_folder"):
    setattr(LocalStorage, name, counted(getattr(LocalStorage, name)))
options = {"judge": "toy", "workers": 1, "shard_bytes": 300, "sink": "ndjson"}
import_job(source, output, job_id=job_id, **options)
"""


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_kill_in_the_last_step_leaves_a_job_that_ends_cleanly(
    source, expected, tree, tmp_path, step
):
    """Before the Manifest, before the parts are deleted, before the plan is."""
    output = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", STEPS, str(step), str(source), str(output), JOB], check=False
    )
    assert done.returncode == -9
    assert (output / FOLDER / WORK / PLAN).exists()
    for path in source.glob("*"):
        path.unlink()  # nothing is read again
    result = run(source, output, resume=True)
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    assert result.summary.totals.scanned == 80
    assert outcome(tree, output) == expected
    with pytest.raises(ConfigurationError, match="it is complete"):
        run(source, output, resume=True)
    assert outcome(tree, output) == expected


def test_a_work_folder_that_cannot_be_deleted_is_said(source, tmp_path, monkeypatch, caplog):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(local.shutil, "rmtree", refuse)
    result = run(source, tmp_path / "out")
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    assert f"{FOLDER}/{WORK} stays, and may be deleted: Permission denied" in caplog.text


def test_what_a_killed_worker_left_is_gone_at_the_end(write, patient, tmp_path, tree):
    flag = tmp_path / "killed"
    lines = [patient(str(number), text="x" * 300) for number in range(100)]
    lines[50] = patient("50", kill=str(flag))
    result = run(write("in/a.ndjson", lines), tmp_path / "out", workers=2, shard_bytes=10_000_000)
    assert flag.exists()
    assert result.status is JobStatus.COMPLETED
    assert not [name for name in tree(tmp_path / "out") if "partial" in name or WORK in name]


def test_the_plan_of_an_ended_job_is_read_as_it_was_saved(source, tmp_path, monkeypatch):
    kept = []
    delete = Checkpoint.delete

    def look(self, claim):
        kept.append(
            (self.load(), json.loads((tmp_path / "out" / FOLDER / WORK / PLAN).read_bytes()))
        )
        delete(self, claim)

    monkeypatch.setattr(Checkpoint, "delete", look)
    result = run(source, tmp_path / "out")
    ((plan, raw),) = kept
    assert raw["version"] == PLAN_LAYOUT
    assert plan.ending.duplicates.replaced == result.summary.replaced
    assert plan.ending.files.totals.scanned == 80
    assert (plan.ending.files.figures.scanned, plan.ending.shards > 2) == (2, True)
    assert len(plan.shards) == 0
