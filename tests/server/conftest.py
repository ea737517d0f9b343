"""What the server's tests share: a served endpoint in a process of its own, and one inside this
process without a socket.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bulkfhir.engine import storage
from bulkfhir.engine.server.service import Service, ServiceSettings
from tests.holding import holding

DATASTORE = "0123456789abcdef0123456789abcdef"
OTHER_DATASTORE = "fedcba9876543210fedcba9876543210"
ROLE = "arn:aws:iam::123456789012:role/import"

GOOD = b'{"resourceType":"Patient","id":"a"}\n{"resourceType":"Patient","id":"b"}\n'
BAD = b'{"resourceType":"Patient","id":"c"\n'


class Served:
    """``bulkfhir serve`` as a process: its address, and ways to end it.

    held   a part of a path: the thread of a job that opens such a file stands still until
           ``let_go`` (``tests/holding.py``)
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        s3_root: bool = True,
        environment: dict[str, str] | None = None,
        held: str | None = None,
    ) -> None:
        self.folder = folder
        self.root = folder / "s3"
        self.log = folder / "serve.log"
        (self.root / "in-bucket").mkdir(parents=True, exist_ok=True)
        (self.root / "out-bucket").mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-c",
            "from bulkfhir.engine.cli import main; main()",
            "serve",
            "--port",
            "0",
            "--workers",
            "1",
        ]
        command += [
            "--state",
            str(folder / "jobs.db"),
            *(["--s3-root", str(self.root)] if s3_root else []),
            *options,
        ]
        standing = holding(held, folder) if held else {}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **(environment or {}), **standing},
                cwd=folder,
            )
        line = self.process.stdout.readline().decode()
        assert "http://" in line, f"{line}{self.log.read_text()}"
        self.url = line.split()[-1]

    def put(self, key: str, data: bytes) -> None:
        path = self.root / "in-bucket" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def client(
        self, access_key: str = "access", secret_key: str = "secret", region: str = "us-east-1"
    ):
        import boto3
        from botocore.config import Config

        return boto3.client(
            "healthlake",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def is_held(self) -> bool:
        """Return whether a job stands still at a file that ``held`` names."""
        return (self.folder / "held").exists()

    def let_go(self) -> None:
        """Let the job that stands still, and all after it, open the file."""
        (self.folder / "go").touch()

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(180)
        self.process.stdout.close()
        return code


def start_request(datastore: str = DATASTORE, source: str = "s3://in-bucket/data/", **more) -> dict:
    """The parameters of a StartFHIRImportJob that works."""
    output = {"S3Configuration": {"S3Uri": "s3://out-bucket/results", "KmsKeyId": "alias/key"}}
    request = {
        "DatastoreId": datastore,
        "InputDataConfig": {"S3Uri": source},
        "JobOutputDataConfig": output,
        "DataAccessRoleArn": ROLE,
    }
    return request | {"ValidationLevel": "minimal"} | more


def wait_for(probe, what: str, seconds: float = 180, pause: float = 0.05):
    """The first true answer of ``probe``, which is asked less often the longer it takes: to ask a
    server costs more than all else that happens meanwhile.
    """
    began = time.monotonic()
    while (waited := time.monotonic() - began) < seconds:
        answer = probe()
        if answer:
            return answer
        time.sleep(max(pause, waited / 8))
    pytest.fail(f"{what} did not happen in {seconds} s")


def finished(client, job_id: str, datastore: str = DATASTORE) -> dict:
    """The properties of a job, once it has ended."""

    def probe():
        job = client.describe_fhir_import_job(DatastoreId=datastore, JobId=job_id)[
            "ImportJobProperties"
        ]
        return (
            job
            if job["JobStatus"]
            in ("COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "CANCEL_COMPLETED")
            else None
        )

    return wait_for(probe, f"the end of job {job_id}")


@pytest.fixture(scope="module")
def served(service_models, tmp_path_factory):
    server = Served(
        tmp_path_factory.mktemp("served"), "--datastore", DATASTORE, "--datastore", OTHER_DATASTORE
    )
    server.put("data/good.ndjson", GOOD)
    server.put("data/bad.ndjson", GOOD + BAD)
    yield server
    assert server.end() == 0


@pytest.fixture(scope="module")
def emulator(request):
    """S3, KMS and IAM by moto, and HealthLake by this engine, at one address.

    To every key of KMS moto makes a pair for RSA, which takes longer than all else that a test
    asks. Nothing is signed here: one pair does.
    """
    pytest.importorskip(
        "moto.moto_server.werkzeug_app",
        reason="moto's server is not installed: pip install 'moto[server,s3]'",
    )
    import moto.kms.models

    from bulkfhir.engine.emulator import Emulator

    request.getfixturevalue("quick_moto")
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(moto.kms.models.generate_private_key)
        patch.setattr(moto.kms.models, "generate_private_key", once)
        with Emulator(datastores=[DATASTORE], workers=1) as emulator:
            yield emulator


@pytest.fixture
def emulated(emulator, monkeypatch):
    """The emulator, where boto3 in this process and in others finds AWS."""
    for name, value in {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    storage._s3.cache_clear()
    yield emulator
    storage._s3.cache_clear()


class Calls:
    """The endpoint without socket and runner: jobs are recorded and stay SUBMITTED."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def raw(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        from bulkfhir.engine.server.exchange import Request

        response = self.service.application.respond(
            Request("POST", "/", {}, {name.lower(): value for name, value in headers.items()}, body)
        )
        return response.status, dict(response.headers), response.body

    def __call__(self, operation: str, **members) -> dict:
        status, _, body = self.answer(operation, members)
        assert status == 200, body
        return body

    def refused(self, operation: str, **members) -> tuple[str, str]:
        """(exception, Message) of a request that must not succeed."""
        status, _, body = self.answer(operation, members)
        assert status == 400, body
        return body["__type"].rpartition("#")[2], body["Message"]

    def answer(self, operation: str, members: dict) -> tuple[int, dict[str, str], dict]:
        headers = {
            "X-Amz-Target": f"HealthLake.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
        }
        status, answered, body = self.raw(headers, json.dumps(members).encode())
        return status, answered, json.loads(body)


@pytest.fixture
def calls(tmp_path, monkeypatch):
    monkeypatch.setenv("BULKFHIR_S3_ROOT", str(tmp_path / "s3"))
    service = Service(ServiceSettings(state=tmp_path / "jobs.db", datastores=(DATASTORE,)))
    yield Calls(service)
    service.database.close()
