"""The whole job on a real S3 server, versitygw: over HTTP and HTTPS with botocore's defaults, into
a bucket that keeps versions, and as a user who may only do what the documentation grants.

Skipped where the program of ``tests/faults/versitygw`` is not in the PATH: ``go install .`` in
that folder puts it into ``$(go env GOPATH)/bin``.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest

from bulkfhir.engine import JobStatus, import_job
from bulkfhir.engine import storage as storages
from bulkfhir.engine.errors import AccessDenied
from bulkfhir.engine.storage.s3 import S3Storage
from tests.faults.certificate import make_certificate

PROGRAM = shutil.which("versitygw-of-tests")
pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="no versitygw-of-tests here: see tests/faults"),
    pytest.mark.long,
]

JOB = "c" * 32
FOLDER = f"{'0' * 32}-FHIR_IMPORT-{JOB}"
LINES = b"".join(
    b'{"resourceType":"Patient","id":"p%d"%s}\n' % (number, b',"x":1' if number % 50 == 0 else b"")
    for number in range(400)
)
OPTIONS = {"workers": 1, "job_id": JOB, "level": "structure-only", "shard_bytes": 5000}
ROOT = ("root-of-tests", "secret-of-tests")
ROLE = ("role-of-tests", "role-secret-of-tests")
DOC = (Path(__file__).parents[2] / "docs/permissions.md").read_text(encoding="utf-8")
GRANTED = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOC, re.DOTALL)]
"""The policies of the documentation: input, output with the work in it, output alone, work."""


@pytest.fixture(scope="module", params=["http", "https"])
def server(request, tmp_path_factory):
    """A gateway before an empty folder: its address, and the certificate that vouches for it."""
    folder = tmp_path_factory.mktemp("versitygw")
    for name in ("root", "versions", "users"):
        (folder / name).mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    secured, certificate = [], None
    if request.param == "https":
        certificate, key = make_certificate(folder)
        secured = ["-cert", str(certificate), "-key", str(key)]
    command = [
        *(PROGRAM, "-address", f"127.0.0.1:{port}", *secured),
        *("-root", ROOT[0], "-root-secret", ROOT[1], "-user", ROLE[0], "-user-secret", ROLE[1]),
        *("-buckets", str(folder / "root"), "-versions", str(folder / "versions")),
        *("-users", str(folder / "users")),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _await(port, process, folder / "log")
        url = f"{request.param}://127.0.0.1:{port}"
        yield SimpleNamespace(url=url, certificate=certificate)
    finally:
        process.kill()
        process.wait()


def _await(port, process, log):
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"versitygw did not start: {log.read_text()}")


@pytest.fixture
def act_as(server, monkeypatch):
    """Makes the environment that of one user, for boto3 here and in workers."""

    def become(keys):
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_MAX_ATTEMPTS"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys[0])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys[1])
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("BULKFHIR_RETRY_SECONDS", "20")
        if server.certificate:
            monkeypatch.setenv("AWS_CA_BUNDLE", str(server.certificate))
        storages._s3.cache_clear()

    yield become
    storages._s3.cache_clear()


@pytest.fixture
def client(act_as):
    import boto3

    act_as(ROOT)
    return boto3.session.Session().client("s3")


@pytest.fixture
def buckets(client):
    """New buckets, one for each part of a job, with an input."""
    made = {name: f"{name}-{uuid.uuid4().hex[:8]}" for name in ("input", "output", "work")}
    for name in made.values():
        client.create_bucket(Bucket=name)
    versions = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket=made["output"], VersioningConfiguration=versions)
    S3Storage().put(f"s3://{made['input']}/in/a.ndjson", LINES)
    return SimpleNamespace(**made)


def kept(client, bucket):
    """Every version of every object, and every marker of a deletion."""
    listed = client.list_object_versions(Bucket=bucket)
    entries = [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
    return sorted(entry["Key"] for entry in entries)


def grant(client, buckets, policies):
    for place, policy in policies.items():
        bucket = getattr(buckets, place)
        text = json.dumps(policy).replace(f":::{place.upper()}", f":::{bucket}")
        statement = json.loads(text)
        for entry in statement["Statement"]:
            entry["Principal"] = {"AWS": [ROLE[0]]}
        client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(statement))


def test_a_job_writes_what_one_on_disk_does_and_keeps_no_version_of_its_work(
    client, buckets, tmp_path, caplog
):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.ndjson").write_bytes(LINES)
    local = import_job(tmp_path / "in", tmp_path / "out", **OPTIONS)
    output = f"s3://{buckets.output}/out/"
    result = import_job(f"s3://{buckets.input}/in/", output, **OPTIONS)
    assert result.status is local.status is JobStatus.COMPLETED_WITH_ERRORS
    for name in ("SUCCESS/a.ndjson", "FAILURE/a.ndjson"):
        stored = client.get_object(Bucket=buckets.output, Key=f"out/{FOLDER}/{name}")
        assert stored["Body"].read() == (tmp_path / "out" / FOLDER / name).read_bytes()
    assert not [key for key in kept(client, buckets.output) if "/.work/" in key]
    assert "stay" not in caplog.text


def test_a_large_object_goes_in_parts_and_comes_back(client, buckets):
    storage, uri = S3Storage(), f"s3://{buckets.output}/large"
    writer = storage.writer(uri)
    for _ in range(40):
        writer.write(LINES * 30)
    writer.commit()
    reader, size = storage.open(uri, 0, None, etag=storage.stat(uri).etag), 0
    while piece := reader.read(1 << 20):
        size += len(piece)
    assert size == len(LINES) * 1200 > 16 << 20


def test_a_role_with_what_is_documented_runs_a_job(client, buckets, act_as, caplog):
    grant(client, buckets, {"input": GRANTED[0], "output": GRANTED[1]})
    act_as(ROLE)
    result = import_job(f"s3://{buckets.input}/in/", f"s3://{buckets.output}/out/", **OPTIONS)
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    assert "will stay" not in caplog.text


@pytest.mark.parametrize("place", ["a folder", "another bucket"])
def test_a_role_that_may_only_put_runs_a_job_whose_work_lies_elsewhere(
    client, buckets, act_as, tmp_path, place
):
    grant(client, buckets, {"input": GRANTED[0], "output": GRANTED[2], "work": GRANTED[3]})
    act_as(ROLE)
    source, output = f"s3://{buckets.input}/in/", f"s3://{buckets.output}/out/"
    with pytest.raises(AccessDenied, match="the job lacks s3:GetObject"):
        import_job(source, output, **{**OPTIONS, "job_id": "d" * 32})
    work = tmp_path if place == "a folder" else f"s3://{buckets.work}/"
    result = import_job(source, output, work_folder=work, **OPTIONS)
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    assert kept(client, buckets.work) == []
    assert {key for key in kept(client, buckets.output) if FOLDER in key} == {
        f"out/{FOLDER}/{name}" for name in ("Manifest.json", "FAILURE/a.ndjson", "SUCCESS/a.ndjson")
    }
