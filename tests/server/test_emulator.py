"""The emulator: moto's S3 and HealthLake at one address, by the example of the documentation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from bulkfhir.engine.emulator import Emulator

pytest.importorskip("moto.moto_server.werkzeug_app", reason="moto's server is not installed: pip install 'moto[server,s3]'")

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "endpoint.md"


def test_the_documented_example_runs(tmp_path):
    (example,) = re.findall(r"<!-- A test runs this example. -->\n```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "example.py").write_text(example)
    ended = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=180)
    assert ended.returncode == 0, ended.stderr


def test_requests_that_are_not_healthlakes_reach_moto():
    keys = {"region_name": "us-east-1", "aws_access_key_id": "any", "aws_secret_access_key": "any"}
    with Emulator() as emulator:
        s3 = boto3.client("s3", endpoint_url=emulator.url, **keys)
        s3.create_bucket(Bucket="here")
        assert "here" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        healthlake = boto3.client("healthlake", endpoint_url=emulator.url, **keys)
        made = healthlake.create_fhir_datastore(DatastoreTypeVersion="R4")["DatastoreId"]
        assert healthlake.describe_fhir_datastore(DatastoreId=made)["DatastoreProperties"]["DatastoreStatus"] == "ACTIVE"
