"""Temporary folders: removed with their use, and those of killed processes when the next begins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bulkfhir.engine.process.temporary import TemporaryFolder, sweep_temporary

KILLED = """
import os, signal
from pathlib import Path
from bulkfhir.engine.process.temporary import TemporaryFolder
folder = TemporaryFolder()
Path(folder.name, "copy").write_bytes(b"x")
print(folder.name, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""

KILLED_WITH_WORKERS = """
import os, signal
from bulkfhir.engine.executors.pool import LocalPool
pool = LocalPool(1)
for worker in pool._context.started:  # which would sweep as soon as it sees that its parent is gone
    os.kill(worker.pid, signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def temporary(tmp_path_factory, monkeypatch):
    """Where temporary files go. Its path is short, since a socket's is made from it."""
    folder = tmp_path_factory.mktemp("t")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_a_folder_is_removed_when_it_is_no_longer_used(temporary):
    first, second = TemporaryFolder(), TemporaryFolder()
    first.cleanup()
    first.cleanup()
    assert [str(path) for path in temporary.iterdir()] == [second.name]
    del second
    assert list(temporary.iterdir()) == []


def test_a_killed_process_leaves_its_folder_no_longer_than_until_the_next_begins(temporary):
    done = subprocess.run(
        [sys.executable, "-c", KILLED], capture_output=True, text=True, check=False
    )
    left = Path(done.stdout.strip())
    assert (left / "copy").exists(), done.stderr
    folder = TemporaryFolder()
    assert not left.exists()
    sweep_temporary()
    assert Path(folder.name).exists()


def test_sockets_of_workers_stay_no_longer_either(temporary):
    subprocess.run([sys.executable, "-c", KILLED_WITH_WORKERS], check=False)
    assert list(temporary.iterdir())
    sweep_temporary()
    assert list(temporary.iterdir()) == []


def test_a_forked_process_that_ends_leaves_its_parents_folder(temporary):
    folder = TemporaryFolder()
    child = os.fork()
    if not child:
        folder.cleanup()
        os._exit(0)
    os.waitpid(child, 0)
    assert [str(path) for path in temporary.iterdir()] == [folder.name]


def test_what_is_not_ours_stays(temporary):
    (temporary / "bulkfhir-tmp-file").write_bytes(b"a file")
    (temporary / "elsewhere").mkdir()
    (temporary / "bulkfhir-tmp-link").symlink_to(temporary / "elsewhere")
    (temporary / "bulkfhir-other").mkdir()
    before = sorted(temporary.iterdir())
    sweep_temporary()
    assert sorted(temporary.iterdir()) == before
