"""Limits of the system: on the size of files, on how many are open, on the room that is left. A
command that meets one says so in one line, and resuming ends as if there had been none.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from bulkfhir.engine import JobStatus, import_job

pytestmark = pytest.mark.usefixtures("toys")

FOLDER = f"{'0' * 32}-FHIR_IMPORT-limited"


@pytest.fixture
def source(tmp_path):
    for name in ("a", "b"):
        path = tmp_path / f"in/{name}.ndjson"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(
            b"".join(
                b'{"resourceType":"Patient","id":"%b%d","text":"%060d"%b}\n'
                % (name.encode(), number, number, b',"bad":1' if number % 9 == 0 else b"")
                for number in range(200)
            )
        )
    return tmp_path / "in"


@pytest.fixture
def limited(source, tmp_path):
    """Runs the command under a limit; returns its exit code and what it said."""

    def run(output, limit=None):
        arguments = ["-o", output, "--job-id", "limited", "--judge", "toy", "--sink", "ndjson"]
        # Python itself would leave half of a compiled module, and stumble over it for ever after.
        places = {"XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "bulkfhir",
                "import",
                source,
                *arguments,
                "--workers",
                "1",
                "-q",
            ],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **places},
            preexec_fn=limit,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    return run


@pytest.fixture
def unlimited(source):
    """Runs the import without a limit; returns what it leaves."""

    def run(output, **more):
        options = {"judge": "toy", "job_id": "limited", "sink": "ndjson", "workers": 1} | more
        result = import_job(source, output, **options)
        assert result.status is JobStatus.COMPLETED_WITH_ERRORS
        return files(output)

    return run


@pytest.fixture
def expected(unlimited, tmp_path):
    """The files of an import that met no limit."""
    return unlimited(tmp_path / "calm")


def files(output):
    folder = Path(output) / FOLDER
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "Manifest.json"
    }


def of(kind, number):
    return lambda: resource.setrlimit(kind, (number, resource.getrlimit(kind)[1]))


def test_a_limit_on_the_size_of_files(limited, unlimited, expected, tmp_path):
    """Some parts fit, and some do not."""
    code, said = limited(tmp_path / "out", of(resource.RLIMIT_FSIZE, 12_000))
    assert (code, "File too large" in said) == (3, True)
    left = files(tmp_path / "out")
    assert not [name for name in left if "partial" in name or name.startswith("SUCCESS")]
    assert unlimited(tmp_path / "out", resume=True) == expected


def test_a_limit_on_open_files(limited, unlimited, expected, tmp_path):
    code, said = limited(tmp_path / "out", of(resource.RLIMIT_NOFILE, 12))
    if code != 1:
        assert code in (2, 3)
        assert "Too many open files" in said
        assert unlimited(tmp_path / "out", resume=True) == expected
    assert files(tmp_path / "out") == expected


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB. Skipped where this user may not mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip("this user may not mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_full_disk(limited, unlimited, expected, small_disk):
    code, said = limited(small_disk)
    assert (code, "No space left on device" in said) == (3, True)
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert unlimited(small_disk, resume=True) == expected
