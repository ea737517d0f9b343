"""The aws command line against ``bulkfhir serve``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.conftest import DATASTORE, ROLE, finished

AWS = shutil.which(
    "aws", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
)
pytestmark = pytest.mark.skipif(
    AWS is None, reason="the aws command line is not installed: pip install awscli"
)


def aws(served, *arguments):
    keys = {
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(served.folder),
        "AWS_ENDPOINT_URL_HEALTHLAKE": served.url,
        **keys,
    }
    return subprocess.run(
        [AWS, "healthlake", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=120,
    )


def test_the_command_line_starts_describes_and_lists(served):
    output = json.dumps(
        {"S3Configuration": {"S3Uri": "s3://out-bucket/cli", "KmsKeyId": "alias/key"}}
    )
    started = aws(
        served,
        "start-fhir-import-job",
        "--datastore-id",
        DATASTORE,
        "--job-name",
        "by hand",
        "--input-data-config",
        "S3Uri=s3://in-bucket/data/",
        "--job-output-data-config",
        output,
        "--data-access-role-arn",
        ROLE,
        "--validation-level",
        "minimal",
    )
    assert started.returncode == 0, started.stderr
    job_id = json.loads(started.stdout)["JobId"]
    finished(served.client(), job_id)
    described = json.loads(
        aws(
            served, "describe-fhir-import-job", "--datastore-id", DATASTORE, "--job-id", job_id
        ).stdout
    )["ImportJobProperties"]
    assert (described["JobName"], described["JobStatus"]) == ("by hand", "COMPLETED_WITH_ERRORS")
    listed = json.loads(
        aws(
            served, "list-fhir-import-jobs", "--datastore-id", DATASTORE, "--job-name", "by hand"
        ).stdout
    )
    assert [job["JobId"] for job in listed["ImportJobPropertiesList"]] == [job_id]


def test_the_command_line_shows_the_services_message(served):
    refused = aws(
        served, "describe-fhir-import-job", "--datastore-id", DATASTORE, "--job-id", "none"
    )
    assert refused.returncode != 0
    assert "ResourceNotFoundException" in refused.stderr
