"""The import job from and to S3: what users do with buckets, on moto's server."""

from __future__ import annotations

import functools
import gzip
import json
import os
from types import SimpleNamespace

import pytest

from bulkfhir.engine import (
    JobStatus,
    NothingToRead,
    StorageError,
    import_job,
    storage,
    validate_files,
)

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("toys")]

JOB = "f" * 32
FOLDER = f"{'0' * 32}-FHIR_IMPORT-{JOB}"


@pytest.fixture
def upload(s3, bucket):
    def to(key, data):
        s3.put_object(Bucket=bucket.removeprefix("s3://"), Key=key, Body=data)

    return to


@pytest.fixture
def objects(s3, bucket):
    """Key -> bytes of everything in the bucket."""

    def of():
        name = bucket.removeprefix("s3://")
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=name).get("Contents", ())]
        return {key: s3.get_object(Bucket=name, Key=key)["Body"].read() for key in keys}

    return of


@pytest.fixture
def lines(patient):
    return [
        patient(str(number), **({"bad": number} if number % 10 == 0 else {}), text="ü" * 40)
        for number in range(200)
    ]


def test_a_job_from_bucket_to_bucket_writes_what_one_on_disk_does(
    bucket, upload, objects, lines, tree, tmp_path
):
    (tmp_path / "in").mkdir()
    for name, data in (
        ("a.ndjson", b"\n".join(lines)),
        ("sub/b.ndjson.gz", gzip.compress(b"\n".join(lines))),
    ):
        upload(f"in/{name}", data)
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
    options = {"judge": "toy", "job_id": JOB, "shard_bytes": 5000, "sink": "ndjson"}
    remote = import_job(f"{bucket}/in/", f"{bucket}/out/", workers=2, **options)
    local = import_job(tmp_path / "in", tmp_path / "out", workers=1, **options)
    assert remote.status == local.status == JobStatus.COMPLETED_WITH_ERRORS
    found = {
        key.removeprefix("out/"): data for key, data in objects().items() if key.startswith("out/")
    }
    expected = tree(tmp_path / "out")
    manifest = json.loads(found.pop(f"{FOLDER}/Manifest.json"))
    expected.pop(f"{FOLDER}/Manifest.json")
    assert found == expected
    assert manifest["inputDataConfig"]["s3Uri"] == f"{bucket}/in/"
    assert manifest["successOutput"]["successOutputS3Uri"] == f"{bucket}/out/{FOLDER}/SUCCESS/"
    assert manifest["numberOfResourcesImportedSuccessfully"] == 360
    assert remote.job_folder == f"{bucket}/out/{FOLDER}/"


def test_a_prefix_is_taken_as_it_stands(bucket, upload, lines, tmp_path):
    for key in ("data/2024-a.ndjson", "data/2024/b.ndjson", "data/2023.ndjson"):
        upload(key, b"\n".join(lines))
    import_job(f"{bucket}/data/2024", tmp_path / "out", judge="toy", workers=1, job_id=JOB)
    success = tmp_path / "out" / FOLDER / "SUCCESS"
    assert sorted(str(path.relative_to(success)) for path in success.rglob("*.ndjson")) == [
        "2024-a.ndjson",
        "2024/b.ndjson",
    ]


def test_a_glob_over_keys_stops_at_slashes(bucket, upload, lines):
    for key in ("data/a.ndjson", "data/b.ndjson", "data/sub/a.ndjson"):
        upload(key, b"\n".join(lines))
    with validate_files(f"{bucket}/data/*.ndjson", judge="toy", workers=1) as validation:
        found = {finding.file for finding in validation}
    assert found == {f"{bucket}/data/a.ndjson", f"{bucket}/data/b.ndjson"}


def test_an_object_that_is_replaced_after_the_listing_is_reported(
    bucket, upload, held, gate, tmp_path, rows
):
    upload("a.ndjson", b"\n".join(held(60)))
    replaced = []

    def replace(progress):
        if not replaced and progress.report.resources_scanned:
            replaced.append(progress)
            upload("a.ndjson", b"{}\n")
            gate.touch()

    result = import_job(
        f"{bucket}/a.ndjson",
        tmp_path / "out",
        judge="toy",
        workers=1,
        job_id=JOB,
        shard_bytes=500,
        on_progress=replace,
    )
    assert replaced
    assert result.manifest.files_read_with_customer_error == 1
    assert "changed after it was listed" in json.dumps(
        rows(tmp_path / "out" / FOLDER / "FAILURE/a.ndjson")[-1]
    )


def test_an_interrupted_job_in_a_bucket_is_resumed(bucket, upload, objects, patient):
    upload("in/a.ndjson", b"\n".join(patient(str(number)) for number in range(200)))

    def records():
        return [key for key in objects() if "/.work/" in key and key.endswith(".json")]

    first = import_job(
        f"{bucket}/in/",
        f"{bucket}/out/",
        judge="toy",
        workers=1,
        job_id=JOB,
        shard_bytes=1000,
        cancel=SimpleNamespace(is_set=lambda: len(records()) > 3),
    )
    assert first.status == JobStatus.CANCEL_COMPLETED
    assert len(records()) > 3
    result = import_job(
        f"{bucket}/in/", f"{bucket}/out/", judge="toy", workers=1, job_id=JOB, resume=True
    )
    assert result.manifest.resources_imported == 200
    success = objects()[f"out/{FOLDER}/SUCCESS/a.ndjson"]
    assert [json.loads(line)["lineId"] for line in success.splitlines()] == list(range(1, 201))
    assert not any("/.work/" in key for key in objects())


def test_a_bucket_or_prefix_with_nothing_is_said_at_once(bucket, upload, lines):
    with pytest.raises(NothingToRead):
        import_job(f"{bucket}/empty/", f"{bucket}/out/", judge="toy")
    with pytest.raises(StorageError, match="no such bucket"):
        import_job("s3://no-such-bucket/in/", f"{bucket}/out/", judge="toy")
    upload("in/a.ndjson", b"\n".join(lines))
    with pytest.raises(StorageError, match="no such bucket"):
        import_job(f"{bucket}/in/", "s3://no-such-bucket/out/", judge="toy")


@pytest.mark.parametrize("sink", ["ndjson", "parquet"])
def test_parts_of_a_sink_are_written_as_the_logs_are(
    bucket, s3, upload, objects, lines, tmp_path, monkeypatch, sink
):
    """By the job's key, at the endpoint and with the credentials of the user's profile: there are
    none in the environment.
    """
    upload("in/a.ndjson", b"\n".join(lines))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text(
        f"[profile own]\nregion = us-east-1\nendpoint_url = {s3.meta.endpoint_url}\n"
        "aws_access_key_id = own\naws_secret_access_key = test\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "own")
    monkeypatch.setattr(storage, "_s3", functools.lru_cache(storage._s3.__wrapped__))
    result = import_job(
        f"{bucket}/in/",
        f"{bucket}/out/",
        judge="toy",
        workers=2,
        shard_bytes=5000,
        sink=sink,
        encryption_key_id="alias/mine",
    )
    assert result.manifest.resources_imported == 180
    written = [key for key in objects() if key.startswith("out/")]
    parts = [key for key in written if "/resources/Patient/part-" in key]
    assert len(parts) > 1
    assert any("/SUCCESS/" in key for key in written)
    for key in written:
        head = s3.head_object(Bucket=bucket.removeprefix("s3://"), Key=key)
        assert head["ServerSideEncryption"] == "aws:kms", key
        assert head["SSEKMSKeyId"].endswith("alias/mine"), key


def test_rejected_lines_are_written_by_the_key_of_the_job(bucket, s3, upload, objects, lines):
    """They are patient data: the lines, and what is said of each, as the sink and the logs."""
    upload("in/a.ndjson", b"\n".join(lines))
    import_job(
        f"{bucket}/in/",
        f"{bucket}/out/",
        judge="toy",
        workers=2,
        shard_bytes=5000,
        rejected="ndjson",
        encryption_key_id="alias/mine",
    )
    written = {key: data for key, data in objects().items() if "/rejected/Patient/part-" in key}
    kept = [key for key in sorted(written) if not key.endswith(".outcomes.ndjson")]
    assert b"".join(written[key] for key in kept).splitlines() == lines[::10]
    assert len(written) == 2 * len(kept) > 2
    for key in written:
        head = s3.head_object(Bucket=bucket.removeprefix("s3://"), Key=key)
        assert head["ServerSideEncryption"] == "aws:kms", key
        assert head["SSEKMSKeyId"].endswith("alias/mine"), key
