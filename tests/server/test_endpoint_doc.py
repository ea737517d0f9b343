"""docs/endpoint.md and docs/howto/run-import-jobs.md are true: what they show is typed as it
stands, but for the port, which is one that nobody has.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.server.conftest import BAD, GOOD
from tests.shown_examples import PAGES, blocks, console_examples, reader_of

pytest.importorskip("awscli", reason="the aws command line is not installed: pip install awscli")
STATED = "8080"
"""The port of the pages, which is also the program's own."""


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> str:
    port = str(free_port())
    monkeypatch.setenv("BULKFHIR_PORT", port)
    return port


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the page's reader works: nothing is set but what an aws command line needs."""
    reader_of(tmp_path, monkeypatch)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@contextmanager
def running(command: str, folder: Path) -> Iterator[str]:
    """Run a server until the block ends; yields the line that it prints first."""
    served = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {command}"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    try:
        yield served.stdout.readline()
    finally:
        served.send_signal(signal.SIGTERM)
        served.wait(60)
        served.stdout.close()


def said(command: str, folder: Path) -> str:
    ran = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def put(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "p.ndjson").write_bytes(GOOD + BAD)


def test_the_endpoint_is_served_and_asked(folder: Path, port: str) -> None:
    page = PAGES["docs/endpoint.md"]
    (serving, first), *asking = console_examples(page.replace(STATED, port))
    put(folder / "s3/records/export")
    with running(serving, folder) as line:
        assert line == first
        program = blocks(page, "python")[0].replace(STATED, port)
        subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)
        (job,) = json.loads(said("\n".join(command for command, _ in asking), folder))[
            "ImportJobPropertiesList"
        ]
    assert job["JobStatus"] == "COMPLETED_WITH_ERRORS"
    (manifest,) = folder.glob("s3/records/outcome/*/Manifest.json")
    assert json.loads(manifest.read_bytes())["numberOfResourcesImportedSuccessfully"] == 2


def test_the_endpoint_of_the_how_to_starts_a_job(folder: Path, port: str) -> None:
    (example,) = blocks(PAGES["docs/howto/run-import-jobs.md"], "sh")
    serving, _, asking = example.replace(STATED, port).partition(" &\n")
    put(folder / "buckets/records/export")
    with running(serving, folder) as line:
        assert port in line
        assert json.loads(said(asking, folder))["JobStatus"] in ("SUBMITTED", "QUEUED")
