"""HealthLake within moto's mocks: boto3 as it is, no endpoint named anywhere."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

pytest.importorskip(
    "moto.moto_server.werkzeug_app",
    reason="moto's server is not installed: pip install 'moto[server,s3]'",
)

from moto import mock_aws

from bulkfhir.engine.mocking import mock_healthlake
from tests.ports import free_port
from tests.server.conftest import BAD, DATASTORE, GOOD, OTHER_DATASTORE, finished, start_request

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "endpoint.md"


@pytest.fixture(autouse=True)
def region(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_HEALTHLAKE"):
        monkeypatch.delenv(name, raising=False)


def imported(client, s3) -> dict:
    """The ended job over one good and one bad file in moto's bucket."""
    for bucket in ("in-bucket", "out-bucket"):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket="in-bucket", Key="data/good.ndjson", Body=GOOD)
    s3.put_object(Bucket="in-bucket", Key="data/bad.ndjson", Body=GOOD + BAD)
    return finished(client, client.start_fhir_import_job(**start_request())["JobId"])


def test_a_job_reads_and_writes_motos_buckets():
    with mock_healthlake(datastores=[DATASTORE]):
        s3 = boto3.client("s3")
        job = imported(boto3.client("healthlake"), s3)
        assert job["JobStatus"] == "COMPLETED_WITH_ERRORS"
        uri = job["JobOutputDataConfig"]["S3Configuration"]["S3Uri"]
        bucket, _, folder = uri.removeprefix("s3://").partition("/")
        read = s3.get_object(Bucket=bucket, Key=f"{folder}FAILURE/bad.ndjson")["Body"].read()
        assert json.loads(read)["lineId"] == 3
        read = s3.get_object(Bucket=bucket, Key=f"{folder}Manifest.json")["Body"].read()
        assert json.loads(read)["numberOfResourcesImportedSuccessfully"] == 4


@mock_aws
def test_within_mock_aws_the_same_buckets_are_there():
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="made-before")
    with mock_healthlake(datastores=[DATASTORE]):
        assert imported(boto3.client("healthlake"), s3)["JobStatus"] == "COMPLETED_WITH_ERRORS"
    found = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert found == {"made-before", "in-bucket", "out-bucket"}


def test_each_call_of_a_decorated_function_begins_with_nothing():
    @mock_healthlake(datastores=[DATASTORE])
    def stores() -> set[str]:
        client = boto3.client("healthlake")
        client.create_fhir_datastore(DatastoreTypeVersion="R4")
        found = client.list_fhir_datastores()["DatastorePropertiesList"]
        return {store["DatastoreId"] for store in found}

    first, second = stores(), stores()
    assert first & second == {DATASTORE}
    assert len(first) == len(second) == 2


def test_a_class_is_refused_whose_methods_would_call_aws():
    with pytest.raises(TypeError, match="decorates functions, not the class TestImports"):

        @mock_healthlake(datastores=[DATASTORE])
        class TestImports:
            pass


def test_an_exception_of_the_service_is_boto3s():
    with mock_healthlake():
        client = boto3.client("healthlake")
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.describe_fhir_datastore(DatastoreId=DATASTORE)


def test_the_inner_context_answers_and_the_address_ends_with_it():
    with mock_healthlake(datastores=[DATASTORE]) as outer:
        client = boto3.client("healthlake")
        with mock_healthlake(datastores=[OTHER_DATASTORE]) as inner:
            client.describe_fhir_datastore(DatastoreId=OTHER_DATASTORE)
        client.describe_fhir_datastore(DatastoreId=DATASTORE)
        assert outer.url != inner.url
    place = urlsplit(inner.url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.hostname, place.port), timeout=5)


def test_a_client_with_an_endpoint_of_its_own_goes_there():
    url = f"http://127.0.0.1:{free_port()}"
    with mock_healthlake(datastores=[DATASTORE]):
        client = boto3.client("healthlake", endpoint_url=url)
        with pytest.raises(EndpointConnectionError):
            client.describe_fhir_datastore(DatastoreId=DATASTORE)


def test_the_documented_fixture_runs(tmp_path):
    (example,) = re.findall(
        r"<!-- A test runs this file by pytest. -->\n```python\n(.*?)```",
        DOCUMENT.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    (tmp_path / "test_example.py").write_text(example)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"]
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        # The plug-ins of this project's own tests take half of pytest's start.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in ended.stdout
