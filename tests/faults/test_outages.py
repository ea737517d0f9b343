"""An outage in the middle of a job: it is FAILED with a sentence, and resuming ends as if nothing
had been.
"""

from __future__ import annotations

import pytest

from bulkfhir.engine import JobStatus, import_job
from bulkfhir.engine.storage import patience

JOB = "a" * 32
FOLDER = f"{'0' * 32}-FHIR_IMPORT-{JOB}"
LINES = b"".join(b'{"resourceType":"Patient","id":"p%d"}\n' % number for number in range(4000))
OPTIONS = {"workers": 1, "job_id": JOB, "shard_bytes": 40_000, "level": "structure-only"}


pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def client(bucket):
    import boto3

    made = boto3.session.Session().client("s3")
    for name in ("a.ndjson", "b.ndjson"):
        made.put_object(Bucket=bucket, Key=f"in/{name}", Body=LINES)
    return made


def objects(client, bucket):
    listed = client.list_objects_v2(Bucket=bucket, Prefix="out/").get("Contents", ())
    return {
        entry["Key"]: client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        for entry in listed
    }


def test_an_outage_fails_the_job_and_resuming_it_loses_nothing(store, bucket, client):
    source, out = f"s3://{bucket}/in/", f"s3://{bucket}/out/"
    asked = []

    def after_three_shards(said, path):
        asked.append(said == "GET" and "/in/a.ndjson" in path)
        return asked[-1] and sum(asked) > 3

    outage = store.fail(matches=after_three_shards, times=10_000, status=503, code="SlowDown")
    broken = import_job(source, out, **OPTIONS)
    assert broken.status is JobStatus.FAILED
    assert "SlowDown: on purpose; nothing is published and nothing is lost" in broken.message
    assert broken.message.endswith(f"resume job {JOB}")
    store.faults.remove(outage)
    assert not [key for key in objects(client, bucket) if "/SUCCESS/" in key or "Manifest" in key]
    resumed = import_job(source, out, resume=True, **OPTIONS)
    assert (resumed.status, resumed.manifest.resources_imported) == (JobStatus.COMPLETED, 8000)
    found = objects(client, bucket)
    assert sorted(key.removeprefix(f"out/{FOLDER}/") for key in found if FOLDER in key) == [
        "Manifest.json",
        "SUCCESS/a.ndjson",
        "SUCCESS/b.ndjson",
    ]


def test_a_short_outage_is_never_the_customers_error(store, bucket, client, monkeypatch):
    monkeypatch.setenv(patience.RETRY_SECONDS, "20")
    store.fail(
        matches=lambda said, path: said == "GET" and "/in/" in path,
        times=9,
        status=500,
        code="InternalError",
    )
    result = import_job(f"s3://{bucket}/in/", f"s3://{bucket}/out/", **OPTIONS)
    assert (result.status, result.manifest.resources_imported) == (JobStatus.COMPLETED, 8000)


def test_one_object_that_nobody_may_read_fails_only_itself(store, bucket, client):
    store.fail(
        matches=lambda said, path: said == "GET" and "/in/a.ndjson" in path,
        times=10_000,
        status=403,
        code="AccessDenied",
    )
    result = import_job(f"s3://{bucket}/in/", f"s3://{bucket}/out/", **OPTIONS)
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    assert result.manifest.files_read_with_customer_error == 1
    assert result.manifest.resources_imported == 4000


def test_if_no_object_may_be_read_the_job_is_failed(store, bucket, client):
    denied = store.fail(
        matches=lambda said, path: said == "GET" and "/in/" in path,
        times=10_000,
        status=403,
        code="AccessDenied",
    )
    source, out = f"s3://{bucket}/in/", f"s3://{bucket}/out/"
    result = import_job(source, out, **OPTIONS)
    assert result.status is JobStatus.FAILED
    assert result.message.startswith("none of the 2 inputs could be read; ")
    store.faults.remove(denied)
    assert import_job(source, out, resume=True, **OPTIONS).status is JobStatus.COMPLETED
