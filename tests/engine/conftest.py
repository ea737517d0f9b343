"""What the engine's tests share: small exports, a way to look at a job folder, an S3 server."""

from __future__ import annotations

import functools
import json
import os
import uuid
from pathlib import Path

import pytest

from bulkfhir.engine import storage
from bulkfhir.engine.executors import LiveCounters, pool


@pytest.fixture
def patient():
    """A line: a Patient with whatever members the test needs."""

    def line(key="a", /, **members):
        return json.dumps({"resourceType": "Patient", "id": key, **members}).encode()

    return line


@pytest.fixture
def gate(tmp_path):
    """A file that is not there; until it is, jobs stand still at the line that ``held`` holds."""
    return tmp_path / "gate"


@pytest.fixture
def standing(tmp_path):
    """A file that is there as soon as a job stands still at that line."""
    return tmp_path / "standing"


@pytest.fixture
def held(patient, gate, standing):
    """Makes ``count`` patients, of which the one behind two thirds stands still until ``gate`` is
    there: until then a job has not ended, however fast it is. ``at`` maps a number to its extra
    members.
    """

    def lines(count, **at):
        made = [{"text": "x" * 50, **at.get(f"n{number}", {})} for number in range(count)]
        made[count * 2 // 3] |= {"mark": str(standing), "await": str(gate)}
        return [patient(str(number), **members) for number, members in enumerate(made)]

    return lines


@pytest.fixture
def opened_by_stop(gate, monkeypatch):
    """Opens ``gate`` as soon as a job has told its workers to stop."""
    stop = LiveCounters.stop

    def told(counters):
        stop(counters)
        gate.touch()

    monkeypatch.setattr(LiveCounters, "stop", told)


@pytest.fixture
def write(tmp_path):
    """Writes lines to a file below the test's folder and answers its path."""

    def to(name, lines, ending=b"\n"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(line + ending for line in lines))
        return path

    return to


@pytest.fixture
def tree():
    """Relative path -> bytes of everything below a folder."""

    def of(folder):
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(Path(folder).rglob("*"))
            if path.is_file()
        }

    return of


@pytest.fixture
def rows():
    """The lines of a log as objects."""

    def of(path):
        return [json.loads(line) for line in Path(path).read_bytes().splitlines()]

    return of


@pytest.fixture
def workers_left():
    """Command lines of this process's children, but for Python's own resource tracker, which goes
    when this process does, and for a server of workers that ``fork_server`` keeps.
    """

    def left():
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(status.read_text().rpartition(")")[2].split()[1])
                command = (status.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, ValueError):
                continue
            kept = "resource_tracker" in command or (
                pool._server._users and "forkserver" in command
            )
            if parent == os.getpid() and command and not kept:
                found.append(command)
        return found

    return left


@pytest.fixture(scope="module")
def fork_server():
    """Keep the server of worker processes for all jobs of a module: starting it costs half a second
    of computing, a job of two workers else a tenth. Workers have the environment of its start.
    """
    pool._server.acquire()
    yield
    pool._server.release()


@pytest.fixture(scope="session")
def s3_environment(s3_server):
    """What a user would say to boto3 by environment variables."""
    settings = {
        "ENDPOINT_URL_S3": s3_server,
        "ACCESS_KEY_ID": "test",
        "SECRET_ACCESS_KEY": "test",
        "DEFAULT_REGION": "us-east-1",
        "CONFIG_FILE": os.devnull,
    }
    return {f"AWS_{name}": value for name, value in settings.items()}


@pytest.fixture(scope="session")
def s3_client(s3_environment):
    """A client of the server; making one takes boto3 half a second."""
    import boto3

    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_environment.items():
            patch.setenv(name, value)
        return boto3.session.Session().client("s3")


@pytest.fixture(scope="session")
def s3_storages():
    """Makes the storages of S3, one a key of encryption for the whole run."""
    return functools.lru_cache(storage._s3.__wrapped__)


@pytest.fixture
def s3(s3_client, s3_environment, s3_storages, monkeypatch):
    """A client of the server, which the engine finds too, here and in workers."""
    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(storage, "_s3", s3_storages)
    return s3_client


@pytest.fixture
def bucket(s3):
    """A new bucket: ``s3://name``."""
    name = f"bulkfhir-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return f"s3://{name}"
