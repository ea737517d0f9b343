"""The emulator: moto's S3 and HealthLake at one address, by the example of the documentation."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from functools import partial
from pathlib import Path

import boto3
import pytest

from bulkfhir.engine.emulator import Emulator
from tests.server.conftest import DATASTORE, GOOD, Served, finished, start_request

pytestmark = pytest.mark.long

pytest.importorskip(
    "moto.moto_server.werkzeug_app",
    reason="moto's server is not installed: pip install 'moto[server,s3]'",
)

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "endpoint.md"


def test_the_documented_example_runs(tmp_path):
    (example,) = re.findall(
        r"<!-- A test runs this example. -->\n```python\n(.*?)```",
        DOCUMENT.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    (tmp_path / "example.py").write_text(example)
    ended = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert ended.returncode == 0, ended.stderr


def test_requests_that_are_not_healthlakes_reach_moto():
    keys = {"region_name": "us-east-1", "aws_access_key_id": "any", "aws_secret_access_key": "any"}
    with Emulator() as emulator:
        s3 = boto3.client("s3", endpoint_url=emulator.url, **keys)
        s3.create_bucket(Bucket="here")
        assert "here" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        healthlake = boto3.client("healthlake", endpoint_url=emulator.url, **keys)
        made = healthlake.create_fhir_datastore(DatastoreTypeVersion="R4")["DatastoreId"]
        assert (
            healthlake.describe_fhir_datastore(DatastoreId=made)["DatastoreProperties"][
                "DatastoreStatus"
            ]
            == "ACTIVE"
        )


def test_serve_finds_another_s3_by_its_environment_variable(tmp_path):
    from moto.server import ThreadedMotoServer

    moto = ThreadedMotoServer(port=0, verbose=False)
    moto.start()
    try:
        address = "http://{}:{}".format(*moto.get_host_and_port())
        keys = {
            "region_name": "us-east-1",
            "aws_access_key_id": "any",
            "aws_secret_access_key": "any",
        }
        s3 = boto3.client("s3", endpoint_url=address, **keys)
        for bucket in ("in-bucket", "out-bucket"):
            s3.create_bucket(Bucket=bucket)
        # A folder that no other test has: moto has one store in all of a process.
        s3.put_object(Bucket="in-bucket", Key="served/good.ndjson", Body=GOOD)
        environment = {
            "AWS_ENDPOINT_URL_S3": address,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": "us-east-1",
        }
        server = Served(tmp_path, "--datastore", DATASTORE, s3_root=False, environment=environment)
        try:
            client, request = server.client(), start_request(source="s3://in-bucket/served/")
            job = finished(client, client.start_fhir_import_job(**request)["JobId"])
            assert job["JobStatus"] == "COMPLETED"
            with urllib.request.urlopen(
                f"{server.url}/jobs/{job['JobId']}/files/Manifest.json"
            ) as manifest:
                assert json.load(manifest)["numberOfResourcesImportedSuccessfully"] == 2
            written = s3.list_objects_v2(Bucket="out-bucket", Prefix="results/")["Contents"]
            log = next(
                entry["Key"] for entry in written if entry["Key"].endswith("SUCCESS/good.ndjson")
            )
            assert s3.head_object(Bucket="out-bucket", Key=log)["SSEKMSKeyId"] == "alias/key"
        finally:
            server.end()
    finally:
        moto.stop()


def test_what_the_endpoint_answers_is_compared_with_a_job_of_ours(tmp_path, monkeypatch):
    keys = {"region_name": "us-east-1", "aws_access_key_id": "any", "aws_secret_access_key": "any"}
    patients = [f'{{"resourceType":"Patient","id":"p{number}"}}\n' for number in range(9)]
    (tmp_path / "data").mkdir()
    (tmp_path / "data/p.ndjson").write_text("".join(patients))
    seeded = {2: '{"resourceType":"Patient","id":"p2","birthDate":"1987-02-30"}\n', 6: "{\n"}
    sent = "".join(seeded.get(number, line) for number, line in enumerate(patients))
    with Emulator(datastores=[DATASTORE]) as emulator:
        s3 = boto3.client("s3", endpoint_url=emulator.url, **keys)
        for bucket in ("in-bucket", "out-bucket"):
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket="in-bucket", Key="compared/p.ndjson", Body=sent.encode())
        client = boto3.client("healthlake", endpoint_url=emulator.url, **keys)
        request = start_request(source="s3://in-bucket/compared/", ValidationLevel="strict")
        job = finished(client, client.start_fhir_import_job(**request)["JobId"])
        theirs = job["JobOutputDataConfig"]["S3Configuration"]["S3Uri"]
        command = [sys.executable, "-m", "bulkfhir"]
        environment = {
            **os.environ,
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "AWS_ENDPOINT_URL_S3": emulator.url,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": "us-east-1",
        }
        run = partial(subprocess.run, cwd=tmp_path, env=environment, capture_output=True, text=True)
        run([*command, "import", "data", "-o", "ours", "--workers", "1", "-q"], check=True)
        found = run([*command, "compare", "ours", theirs, "--json"])
    assert found.returncode == 1, found.stderr
    answer = json.loads(found.stdout)
    assert (answer["rejectedByBoth"], answer["onlyOurs"]["lines"]) == (0, 0)
    assert [one["first"]["line"] for one in answer["onlyTheirs"]["messages"]] == [3, 7]


def test_an_output_in_no_bucket_is_refused_before_there_is_a_job():
    keys = {"region_name": "us-east-1", "aws_access_key_id": "any", "aws_secret_access_key": "any"}
    with Emulator(datastores=[DATASTORE]) as emulator:
        client = boto3.client("healthlake", endpoint_url=emulator.url, **keys)
        output = {"S3Configuration": {"S3Uri": "s3://nowhere/x", "KmsKeyId": "alias/key"}}
        with pytest.raises(client.exceptions.ValidationException, match="no such bucket"):
            client.start_fhir_import_job(**start_request(JobOutputDataConfig=output))
        listed = client.list_fhir_import_jobs(DatastoreId=DATASTORE)["ImportJobPropertiesList"]
        assert listed == []
        made = client.create_fhir_datastore(DatastoreTypeVersion="R4")
        assert made["DatastoreEndpoint"] == f"{emulator.url}/datastore/{made['DatastoreId']}/r4/"


def test_what_resets_moto_resets_healthlake_too():
    keys = {"region_name": "us-east-1", "aws_access_key_id": "any", "aws_secret_access_key": "any"}
    with Emulator(datastores=[DATASTORE]) as emulator:
        s3 = boto3.client("s3", endpoint_url=emulator.url, **keys)
        for bucket in ("in-bucket", "out-bucket"):
            s3.create_bucket(Bucket=bucket)
        client = boto3.client("healthlake", endpoint_url=emulator.url, **keys)
        client.create_fhir_datastore(DatastoreTypeVersion="R4")
        client.start_fhir_import_job(**start_request())
        reset = urllib.request.Request(f"{emulator.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(reset) as answer:
            assert answer.status == 200
        assert s3.list_buckets()["Buckets"] == []
        found = client.list_fhir_datastores()["DatastorePropertiesList"]
        assert [store["DatastoreId"] for store in found] == [DATASTORE]
        jobs = client.list_fhir_import_jobs(DatastoreId=DATASTORE)["ImportJobPropertiesList"]
        assert jobs == []


def test_a_port_that_is_taken_is_one_sentence():
    with Emulator() as emulator:
        port = emulator.url.rpartition(":")[2]
        with pytest.raises(OSError, match="in use"):
            Emulator(port=int(port))
        command = [sys.executable, "-m", "bulkfhir.engine.emulator", "--port", port]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.stderr == f"127.0.0.1:{port}: Address already in use\n"
    assert ended.returncode == 2
