"""What the engine's tests share: a validator that does as the line says, small exports, a way to look at a job folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture
def toys(monkeypatch):
    """The validators toy, block-toy and strict-toy can be named, here, in workers and in subprocesses."""
    monkeypatch.syspath_prepend(str(PLUGINS))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(PLUGINS), os.environ.get("PYTHONPATH")])))


@pytest.fixture
def patient():
    """A line: a Patient with whatever members the test needs."""

    def line(key="a", /, **members):
        return json.dumps({"resourceType": "Patient", "id": key, **members}).encode()

    return line


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
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}

    return of


@pytest.fixture
def rows():
    """The lines of a log as objects."""

    def of(path):
        return [json.loads(line) for line in Path(path).read_bytes().splitlines()]

    return of


@pytest.fixture
def workers_left():
    """Command lines of this process's children, but for Python's own resource tracker, which goes when this process does."""

    def left():
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(status.read_text().rpartition(")")[2].split()[1])
                command = (status.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, ValueError):
                continue
            if parent == os.getpid() and command and "resource_tracker" not in command:
                found.append(command)
        return found

    return left
