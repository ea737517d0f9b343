"""Names that files and keys have in the wild: none of them loses a file or breaks a job."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from bulkfhir.engine import JobStatus, NothingToRead, import_job
from bulkfhir.engine.cli.program import run
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.jobs import Database, JobStore
from bulkfhir.engine.jobs.recording import recorded_import

pytestmark = pytest.mark.usefixtures("toys")

GOOD = b'{"resourceType":"Patient","id":"good"}\n'
BAD = b'{"resourceType":"Patient","id":"bad","bad":1}\n'


def test_a_name_that_is_no_utf_8_spoils_nothing_in_the_job_store(tmp_path: Path) -> None:
    source = tmp_path / os.fsdecode(b"in\xff")
    source.mkdir()
    (source / os.fsdecode(b"Pat\xff.ndjson")).write_bytes(BAD)
    state = tmp_path / "jobs.db"
    choices = Choices(judge="toy")
    result = recorded_import(source, tmp_path / "out", choices, state=state, workers=1)
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    job = JobStore(Database(state)).job(result.job_id)
    assert job.input_uri.endswith("in\\udcff")
    (rule,) = job.findings
    assert rule["examples"][0]["file"].endswith("Pat\\udcff.ndjson")
    assert rule["examples"][0]["issues"], "its FAILURE line is found by that name too"


def test_a_job_store_that_was_spoiled_is_read_again(tmp_path: Path) -> None:
    state = tmp_path / "jobs.db"
    (tmp_path / "a.ndjson").write_bytes(BAD)
    choices = Choices(judge="toy")
    job_id = recorded_import(
        tmp_path / "a.ndjson", tmp_path / "out", choices, state=state, workers=1
    ).job_id
    database = Database(state)
    with database.writing() as connection:
        spoiled = json.dumps([{"rule": "Pat\udcff"}])
        connection.execute("UPDATE jobs SET findings = ?", (spoiled,))
    assert JobStore(database).job(job_id).findings == ({"rule": "Pat\\udcff"},)


def test_a_name_that_is_no_utf_8_is_escaped_in_a_key(bucket, s3, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"Pat\xff.ndjson")).write_bytes(GOOD)
    job = import_job(tmp_path, f"{bucket}/out/", judge="toy", workers=1)
    assert job.status is JobStatus.COMPLETED
    objects = s3.list_objects_v2(Bucket=bucket.removeprefix("s3://"))["Contents"]
    assert any(entry["Key"].endswith("/SUCCESS/Pat%FF.ndjson") for entry in objects)


@pytest.mark.parametrize("letter", ["x", "ü", "\U0001f525"])
def test_a_name_of_255_bytes_is_logged_under_it(tmp_path: Path, tree, letter: str) -> None:
    name = letter * ((255 - len(".ndjson")) // len(letter.encode())) + ".ndjson"
    (tmp_path / name).write_bytes(BAD)
    job = import_job(tmp_path / name, tmp_path / "out", judge="toy", workers=1)
    assert job.message is None
    assert any(path.endswith(f"/FAILURE/{name}") for path in tree(tmp_path / "out"))


@pytest.fixture
def upload(s3, bucket):
    def to(*keys):
        for key in keys:
            s3.put_object(Bucket=bucket.removeprefix("s3://"), Key=key, Body=GOOD)

    return to


def imported(source: str, tmp_path: Path, tree) -> list[str]:
    """The logs of accepted lines that a job wrote."""
    job = import_job(source, tmp_path / "out", judge="toy", workers=1)
    assert job.status is JobStatus.COMPLETED
    return sorted(
        path.partition("/SUCCESS/")[2] for path in tree(tmp_path / "out") if "/SUCCESS/" in path
    )


def test_keys_with_steps_that_no_path_has_are_logged_under_escapes(
    upload, bucket, tmp_path, tree
) -> None:
    upload("in/a.ndjson", "in//b.ndjson", "in/./c.ndjson", "in/../d.ndjson")
    assert imported(f"{bucket}/in/", tmp_path, tree) == [
        "%2E%2E/d.ndjson",
        "%2E/c.ndjson",
        "%2F/b.ndjson",
        "a.ndjson",
    ]


@pytest.mark.parametrize(
    ("source", "logs"),
    [
        ("in/Patient[1].ndjson", ["Patient[1].ndjson"]),
        ("in/x[", ["x[2].ndjson"]),
        ("in/[z]/", ["deep.ndjson"]),
        ("in/P[!a]*.ndjson", ["P2.ndjson"]),
        ("in/**/d*.ndjson", ["[z]/deep.ndjson"]),
    ],
)
def test_a_key_is_what_it_is_called_before_it_is_a_glob(
    upload, bucket, tmp_path, tree, source, logs
) -> None:
    upload(
        "in/Patient[1].ndjson",
        "in/Patient1.ndjson",
        "in/P2.ndjson",
        "in/x[2].ndjson",
        "in/[z]/deep.ndjson",
    )
    assert imported(f"{bucket}/{source}", tmp_path, tree) == logs


def test_a_class_that_runs_backwards_holds_nothing(upload, bucket, tmp_path) -> None:
    upload("in/a.ndjson")
    with pytest.raises(NothingToRead):
        import_job(f"{bucket}/in/[z-a].ndjson", tmp_path / "out", judge="toy", workers=1)


def test_a_glob_of_many_folders_ends_soon(upload, bucket, tmp_path, tree) -> None:
    upload("in/" + "a/" * 40 + "b.ndjson")
    began = time.process_time()
    with pytest.raises(NothingToRead):
        import_job(f"{bucket}/in/" + "**/a/" * 14 + "c", tmp_path / "out", judge="toy", workers=1)
    assert time.process_time() - began < 5


def test_two_folders_with_files_of_one_name_are_validated_and_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tree
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BULKFHIR_WORKERS", "1")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "Patient.ndjson").write_bytes(GOOD)
    assert run(["validate", "a", "b", "--judge", "toy", "-q"]) == 0
    assert run(["import", "a", "b", "--output", "out", "--judge", "toy", "-q"]) == 0
    logs = [path.partition("SUCCESS/")[2] for path in tree("out") if "SUCCESS/" in path]
    assert logs == ["a/Patient.ndjson", "b/Patient.ndjson"]
