"""An outage in the middle of a job: it is FAILED with a sentence, and resuming ends as if nothing
had been.
"""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from bulkfhir.engine import JobStatus, import_job
from bulkfhir.engine.storage import patience
from tests.engine.test_stopping import BULKFHIR, WITHIN, hear_interrupts

JOB = "a" * 32
FOLDER = f"{'0' * 32}-FHIR_IMPORT-{JOB}"
LINES = b"".join(b'{"resourceType":"Patient","id":"p%d"}\n' % number for number in range(4000))
OPTIONS = {"workers": 1, "job_id": JOB, "shard_bytes": 40_000, "level": "structure-only"}


pytestmark = [pytest.mark.long, pytest.mark.usefixtures("impatient")]


@pytest.fixture
def client(bucket, behind):
    for name in ("a.ndjson", "b.ndjson"):
        behind.put_object(Bucket=bucket, Key=f"in/{name}", Body=LINES)
    return behind


def objects(client, bucket):
    listed = client.list_objects_v2(Bucket=bucket, Prefix="out/").get("Contents", ())
    return {
        entry["Key"]: client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        for entry in listed
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_an_outage_fails_the_job_and_resuming_it_loses_nothing(store, bucket, client, workers):
    options = {**OPTIONS, "workers": workers}
    source, out = f"s3://{bucket}/in/", f"s3://{bucket}/out/"
    asked = []

    def after_three_shards(said, path):
        asked.append(said == "GET" and "/in/a.ndjson" in path)
        return asked[-1] and sum(asked) > 3

    outage = store.fail(matches=after_three_shards, times=10_000, status=503, code="SlowDown")
    broken = import_job(source, out, **options)
    assert broken.status is JobStatus.FAILED
    assert "SlowDown: on purpose; nothing is published and nothing is lost" in broken.message
    assert broken.message.endswith(f"resume job {JOB}")
    store.faults.remove(outage)
    assert not [key for key in objects(client, bucket) if "/SUCCESS/" in key or "Manifest" in key]
    resumed = import_job(source, out, resume=True, **options)
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


@pytest.mark.parametrize(
    "fault",
    [{"status": 403, "code": "AccessDenied"}, {"status": 404, "code": "NoSuchKey"}],
    ids=["nobody may read", "is gone"],
)
def test_one_object_that_cannot_be_read_fails_only_itself(store, bucket, client, fault):
    store.fail(
        matches=lambda said, path: said == "GET" and "/in/a.ndjson" in path, times=10_000, **fault
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


@pytest.mark.parametrize(("command", "workers"), [("import", 1), ("validate", 2)])
def test_an_interrupt_in_an_outage_ends_the_command(
    store, bucket, client, tmp_path, command, workers
):
    source, out = f"s3://{bucket}/in/", f"s3://{bucket}/out/"
    outage = store.fail(
        matches=lambda said, path: said == "GET" and "/in/a.ndjson" in path,
        times=10_000,
        status=503,
        code="SlowDown",
    )
    more = ["-o", out, "--job-id", JOB] if command == "import" else []
    process = subprocess.Popen(
        [*BULKFHIR, command, source, *more, "--level", "structure-only", f"--workers={workers}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, patience.RETRY_SECONDS: "300", "XDG_STATE_HOME": str(tmp_path)},
        start_new_session=True,
        preexec_fn=hear_interrupts,
    )
    said = next(line for line in process.stderr if "SlowDown" in line)
    assert "trying again for up to" in said
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=WITHIN)
    assert process.returncode == 130
    store.faults.remove(outage)
    if command == "import":
        options = {**OPTIONS, "workers": workers, "shard_bytes": None}
        resumed = import_job(source, out, resume=True, **options)
        assert (resumed.status, resumed.manifest.resources_imported) == (JobStatus.COMPLETED, 8000)
