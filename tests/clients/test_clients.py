"""Programs of users against ``bulkfhir serve``: an import and its waiters by every client of AWS's
that is here, each of which must see the same.

`npm ci --prefix tests/clients/javascript` and `go install .` in `tests/clients/go` bring the
clients that are not Python's; without them their cases are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.conftest import BAD, GOOD, ROLE, Served

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
GO = shutil.which("healthlake-client-of-tests", path=PATH)


def client(name: str, command: list[str | Path], absent: str) -> object:
    """A case that is skipped where something is absent."""
    return pytest.param(
        list(map(str, command)), id=name, marks=pytest.mark.skipif(bool(absent), reason=absent)
    )


def no_javascript() -> str:
    if shutil.which("node") is None:
        return "there is no node here"
    installed = HERE / "javascript/node_modules/@aws-sdk/client-healthlake"
    return "" if installed.exists() else "npm ci --prefix tests/clients/javascript brings the SDK"


CLIENTS = [
    client("boto3", [sys.executable, HERE / "client.py"], ""),
    client(
        "aws",
        ["bash", HERE / "client.sh"],
        "" if shutil.which("aws", path=PATH) else "pip install awscli brings the command line",
    ),
    client("javascript", ["node", HERE / "javascript/client.mjs"], no_javascript()),
    client("go", [GO or ""], "" if GO else "go install . in tests/clients/go brings the program"),
]


@pytest.fixture(scope="module")
def endpoint(service_models, tmp_path_factory):
    server = Served(tmp_path_factory.mktemp("clients"))
    server.put("data/good.ndjson", GOOD)
    server.put("data/bad.ndjson", GOOD + BAD)
    yield server
    assert server.end() == 0


@pytest.mark.parametrize("command", CLIENTS)
def test_a_client_imports_and_waits(endpoint, command):
    environment = {
        "PATH": PATH,
        "HOME": str(endpoint.folder),
        "AWS_ENDPOINT_URL_HEALTHLAKE": endpoint.url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    places = ["s3://in-bucket/data/", "s3://out-bucket/results"]
    ended = subprocess.run(
        [*command, *places, ROLE],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert 0 <= said.pop("seconds") < 300
    assert said == {
        "dataStore": "ACTIVE",
        "arn": "arn:aws:healthlake:eu-central-1:123456789012",
        "begun": "SUBMITTED",
        "ended": "COMPLETED_WITH_ERRORS",
        "imported": 4,
        "rejected": 1,
        "listed": True,
        "refused": "ResourceNotFoundException",
    }
