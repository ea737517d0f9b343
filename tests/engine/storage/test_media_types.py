"""What the objects of a job are said to hold, as S3 keeps it (moto's server)."""

from __future__ import annotations

import gzip

import pytest

from bulkfhir.engine import import_job
from bulkfhir.engine.storage import storage_for
from bulkfhir.engine.storage.media_types import media_type

LINE = b'{"resourceType":"Patient","id":"a"}\n'


def kinds(s3, bucket: str) -> dict[str, str]:
    """The Content-Type of every object by its key, less the job's folder."""
    name = bucket.removeprefix("s3://")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=name)["Contents"]]
    heads = {key: s3.head_object(Bucket=name, Key=key)["ContentType"] for key in keys}
    return {key.partition("-FHIR_IMPORT-")[2].partition("/")[2]: heads[key] for key in heads}


def test_every_file_of_a_job_says_what_it_is(bucket, s3, tmp_path):
    source = tmp_path / "data"
    source.mkdir()
    (source / "p.ndjson").write_bytes(LINE)
    (source / "p.ndjson.gz").write_bytes(gzip.compress(LINE + b"{\n"))
    (source / "odd.jsonl").write_bytes(LINE + b"{\n")
    import_job(source, f"{bucket}/out", workers=1, sink="parquet", report=True, include_all=True)
    found = kinds(s3, bucket)
    logs = {key: kind for key, kind in found.items() if key.startswith(("SUCCESS/", "FAILURE/"))}
    assert {key.partition("/")[2] for key in logs} == {"p.ndjson", "p.ndjson.gz", "odd.jsonl"}
    assert set(logs.values()) == {"application/x-ndjson"}
    assert found["Manifest.json"] == found["report.json"] == "application/json"
    assert found["report.html"] == "text/html; charset=utf-8"
    tables = {kind for key, kind in found.items() if key.startswith("resources/")}
    assert tables == {"application/vnd.apache.parquet"}


def test_accepted_lines_that_are_compressed_say_so(bucket, s3, tmp_path):
    (tmp_path / "p.ndjson").write_bytes(LINE)
    import_job(
        tmp_path, f"{bucket}/out", workers=1, sink="ndjson", sink_options={"compression": "gz"}
    )
    key = "resources/Patient/part-000000.ndjson.gz"
    assert kinds(s3, bucket)[key] == "application/gzip"


@pytest.mark.parametrize("size", [1, 9 << 20], ids=["one-request", "in-parts"])
@pytest.mark.parametrize(
    ("stated", "kept"),
    [(None, "application/json"), ("application/x-ndjson", "application/x-ndjson")],
    ids=["by-name", "stated"],
)
def test_a_type_is_that_of_the_name_unless_stated(bucket, s3, size, stated, kept):
    writer = storage_for(bucket).writer(f"{bucket}/a/object.json", stated)
    writer.write(b"x" * size)
    writer.commit()
    name = bucket.removeprefix("s3://")
    assert s3.head_object(Bucket=name, Key="a/object.json")["ContentType"] == kept


@pytest.mark.parametrize("key", ["a.temp", "no-ending", "folder.json/plain", "a.JSON", ""])
def test_an_ending_that_says_nothing_is_bytes(key):
    assert media_type(key) == "application/octet-stream"
