"""The job on Ceph's RADOS Gateway, a store whose signatures, policies, versions and keys of KMS are
real: by hand, since it takes minutes and Debian's packages.

usage: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-mgr ceph-common
       python -m tests.faults.radosgw [--keys 10000] [--megabytes 200] [--https]

Starts one monitor, one OSD in memory and the gateway on 127.0.0.1, in a temporary folder; prints a
line for every check, and ends with 1 where one fails; with --https the gateway speaks TLS, by a
certificate of its own. Throughput stands beside that of plain boto3 reads of the same object.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults.certificate import make_certificate
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
KEY = "bulkfhir-tests"
"""Id of the key of KMS, which the gateway itself holds."""

WORK = "work"
"""The bucket of work folders, as docs/permissions.md calls it."""

_CONFIGURATION = """
[global]
fsid = {fsid}
mon host = 127.0.0.1:{monitor}
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
mon warn on pool no redundancy = false
mon allow pool size one = true
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 4294967296
run dir = {folder}
admin socket =
log file = {folder}/$name.log
pid file =
[mon.a]
mon data = {folder}/mon
[mgr.a]
mgr data = {folder}/mgr
[osd.0]
osd data = {folder}/osd
[client.rgw]
rgw frontends = beast {endpoint} tcp_nodelay=1
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = {key}={secret}
rgw data = {folder}/rgw
"""


@contextmanager
def gateway(folder: Path, *, https: bool = False) -> Iterator[str]:
    """Run a gateway; yield its address. Its users are made with ``user``; with ``https`` the
    environment tells boto3 to trust its certificate.
    """
    port = free_port()
    scheme, endpoint = "http", f"endpoint=127.0.0.1:{port}"
    if https:
        certificate, key = make_certificate(folder)
        os.environ["AWS_CA_BUNDLE"] = str(certificate)
        secured = f"ssl_certificate={certificate} ssl_private_key={key}"
        scheme, endpoint = "https", f"ssl_endpoint=127.0.0.1:{port} {secured}"
    for name in ("mon", "mgr", "osd", "rgw"):
        (folder / name).mkdir()
    fsid = "11111111-2222-3333-4444-555555555555"
    monitor = free_port()
    text = _CONFIGURATION.format(
        fsid=fsid,
        monitor=monitor,
        endpoint=endpoint,
        folder=folder,
        key=KEY,
        secret=base64.b64encode(secrets.token_bytes(32)).decode(),
    )
    (folder / "ceph.conf").write_text(text)
    configured = ["-c", str(folder / "ceph.conf")]
    run(
        "monmaptool",
        "--create",
        "--addv",
        "a",
        f"[v1:127.0.0.1:{monitor}]",
        "--fsid",
        fsid,
        str(folder / "monmap"),
        "--clobber",
    )
    run("ceph-mon", *configured, "--mkfs", "-i", "a", "--monmap", str(folder / "monmap"))
    processes: list[subprocess.Popen[bytes]] = []

    def begin(*command: str) -> None:
        log = (folder / "processes.log").open("ab")
        processes.append(subprocess.Popen([*command, *configured, "-f"], stdout=log, stderr=log))

    try:
        begin("ceph-mon", "-i", "a")
        run("ceph", *configured, "osd", "new", "22222222-2222-3333-4444-555555555555")
        run(
            "ceph-osd",
            *configured,
            "-i",
            "0",
            "--mkfs",
            "--osd-uuid",
            "22222222-2222-3333-4444-555555555555",
        )
        begin("ceph-mgr", "-i", "a")
        begin("ceph-osd", "-i", "0")
        begin("radosgw", "-n", "client.rgw")
        until = time.monotonic() + 900
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if time.monotonic() > until:
                raise SystemExit(f"the gateway did not start: {folder}/processes.log")
            time.sleep(0.2)
        yield f"{scheme}://127.0.0.1:{port}"
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def run(*command: str) -> str:
    """Run a program to its end; return what it printed."""
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return done.stdout


def user(folder: Path, name: str) -> tuple[str, str]:
    """Make a user of the gateway; return the keys."""
    made = run(
        "radosgw-admin",
        "-c",
        str(folder / "ceph.conf"),
        "-n",
        "client.rgw",
        "user",
        "create",
        "--uid",
        name,
        "--display-name",
        name,
    )
    keys = json.loads(made)["keys"][0]
    return keys["access_key"], keys["secret_key"]


def act_as(url: str, keys: tuple[str, str]) -> Any:
    """Make the environment that of one user, and return a client."""
    import boto3

    from bulkfhir.engine import storage

    names = {
        "ENDPOINT_URL_S3": url,
        "ACCESS_KEY_ID": keys[0],
        "SECRET_ACCESS_KEY": keys[1],
        "DEFAULT_REGION": "us-east-1",
        "CONFIG_FILE": os.devnull,
    }
    os.environ.update({f"AWS_{name}": value for name, value in names.items()})
    storage._s3.cache_clear()
    return boto3.session.Session().client("s3")


def checks(url: str, folder: Path, keys: int, megabytes: int) -> Iterator[tuple[str, bool, str]]:
    """Yield (check, whether it holds, what was seen)."""
    from bulkfhir.engine import JobStatus, import_job
    from bulkfhir.engine.errors import AccessDenied
    from bulkfhir.engine.storage.s3 import S3Storage

    owner = user(folder, "owner")
    role = user(folder, "role")
    client = act_as(url, owner)
    for bucket in ("input", "many", "output", WORK):
        client.create_bucket(Bucket=bucket)
    enabled = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket="output", VersioningConfiguration=enabled)
    line = b'{"resourceType":"Patient","id":"p%d","name":[{"family":"%s"}]}\n'
    lines = b"".join(line % (number, b"x" * 400) for number in range(megabytes * 2000))
    storage = S3Storage()
    storage.put("s3://input/in/a.ndjson", lines)

    begun = time.monotonic()
    for number in range(keys):
        storage.put(f"s3://many/in/{number:05d}.ndjson", line % (number, b"x"))
    put = time.monotonic() - begun
    begun = time.monotonic()
    result = import_job("s3://many/in/", "s3://output/many/", level="structure-only", job_id="many")
    seen = f"{result.manifest and result.manifest.resources_imported} of {keys}, "
    seen += f"{time.monotonic() - begun:.0f} s (putting them took {put:.0f} s)"
    yield f"{keys:,} keys", result.status is JobStatus.COMPLETED, seen

    listed = client.get_paginator("list_object_versions").paginate(Bucket="output", Prefix="many/")
    kept = sum(
        "/.work/" in entry["Key"]
        for page in listed
        for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
    )
    yield "a bucket that keeps versions keeps none of the work", kept == 0, f"{kept} versions"

    begun, read = time.monotonic(), 0
    body = client.get_object(Bucket="input", Key="in/a.ndjson")["Body"]
    while piece := body.read(1 << 20):
        read += len(piece)
    plain = read / (time.monotonic() - begun) / 1e6
    begun = time.monotonic()
    reader = storage.open("s3://input/in/a.ndjson", 0, None)
    while reader.read(1 << 20):
        pass
    ours = read / (time.monotonic() - begun) / 1e6
    begun = time.monotonic()
    result = import_job("s3://input/in/", "s3://output/one/", level="minimal", job_id="one")
    whole = read / (time.monotonic() - begun) / 1e6
    yield (
        "throughput",
        result.status is JobStatus.COMPLETED,
        f"plain boto3 {plain:.0f} MB/s, our reader {ours:.0f}, a whole job at minimal {whole:.0f}",
    )

    result = import_job(
        "s3://input/in/", "s3://output/kms/", level="minimal", job_id="kms", encryption_key_id=KEY
    )
    head = client.head_object(Bucket="output", Key=f"kms/{'0' * 32}-FHIR_IMPORT-kms/Manifest.json")
    yield "a key of KMS", head.get("SSEKMSKeyId") == KEY, f"{head.get('ServerSideEncryption')}"

    document = (ROOT / "docs/permissions.md").read_text(encoding="utf-8")
    granted = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", document, re.DOTALL)]
    for bucket, policy in (("input", granted[0]), ("output", granted[2]), (WORK, granted[3])):
        text = json.dumps(policy).replace(f":::{bucket.upper()}", f":::{bucket}")
        statement = json.loads(text)
        for entry in statement["Statement"]:
            entry["Principal"] = {"AWS": ["arn:aws:iam:::user/role"]}
        if bucket == "output":  # who put an object owns it here, and may read it unless denied
            denied = {"Effect": "Deny", "Action": ["s3:GetObject", "s3:DeleteObject"]}
            principal = {"Principal": {"AWS": ["arn:aws:iam:::user/role"]}}
            resource = {"Resource": "arn:aws:s3:::output/*"}
            statement["Statement"].append({**denied, **principal, **resource})
        client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(statement))
    act_as(url, role)
    try:
        import_job("s3://input/in/", "s3://output/role/", level="minimal", job_id="role")
        yield "a role that may only put is told so", False, "it ran"
    except AccessDenied as error:
        yield "a role that may only put is told so", "s3:GetObject" in str(error), str(error)[:80]
    result = import_job(
        "s3://input/in/",
        "s3://output/role/",
        level="minimal",
        job_id="role2",
        work_folder=f"s3://{WORK}/",
    )
    yield (
        "a role that may only put runs a job",
        result.status is JobStatus.COMPLETED,
        str(result.message or result.status),
    )
    left = act_as(url, owner).list_objects_v2(Bucket=WORK).get("KeyCount")
    yield "its work is deleted, one object at a time", left == 0, f"{left} objects"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--https", action="store_true")
    chosen = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="radosgw-") as name:
        folder = Path(name)
        with gateway(folder, https=chosen.https) as url:
            for check, holds, seen in checks(url, folder, chosen.keys, chosen.megabytes):
                print(f"{'ok    ' if holds else 'FAILED'} {check}: {seen}", flush=True)
                failed += not holds
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
