"""Stopping: SIGTERM, Ctrl-C and a cancelled job end a command, whatever its validator does; a job
in a caller's process ends between two lines.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from bulkfhir.engine import JobStatus, import_job
from bulkfhir.engine.executors import Cancelled
from bulkfhir.engine.executors.thread import InThread
from tests.engine.test_survival import gone, wait_for

pytestmark = pytest.mark.usefixtures("toys")

HANGS = {
    "sleeps": {"sleep": 10_000_000},
    "spins": {"spin": True},
    "holds the interpreter's lock": {"hold": True},
}
BULKFHIR = [sys.executable, "-m", "bulkfhir"]
JUDGE = ["--judge", "toy", "--workers", "1"]
FIRST_GROUP = 5 << 20
"""Bytes that fill a group of shards, whose findings are shown when it is done."""
WITHIN = 30.0
"""Seconds: five, and what a busy machine takes to start and end processes."""


def hear_interrupts():
    """For a child: whoever runs the tests in the background has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def temporary(tmp_path_factory, monkeypatch):
    """Where a command's temporary files go. Its path is short, since a socket's is made from it."""
    folder = tmp_path_factory.mktemp("t")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def begin(write, patient, tmp_path, temporary, monkeypatch):
    """Starts a command of one worker over lines of which the second hangs the toy."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def begin_(command, hang, *more):
        mark = tmp_path / "mark"
        source = write("in/a.ndjson", [patient("1"), patient("2", mark=str(mark), **HANGS[hang])])
        arguments = {
            "import": ["-o", tmp_path / "out", "--job-id", "j"],
            "validate": [],
        }[command]
        process = subprocess.Popen(
            [*BULKFHIR, command, source.parent, *JUDGE, *arguments, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=tmp_path,
            preexec_fn=hear_interrupts,
        )
        wait_for(mark.exists)
        return process

    return begin_


@pytest.mark.parametrize("hang", HANGS)
@pytest.mark.parametrize(
    ("command", "number", "code"),
    [("import", signal.SIGTERM, 143), ("import", signal.SIGINT, 130), ("validate", 15, 143)],
)
def test_a_signal_ends_a_command_of_one_worker_whose_validator_hangs(
    begin, tmp_path, temporary, command, number, code, hang
):
    process = begin(command, hang)
    process.send_signal(number)
    process.communicate(timeout=WITHIN)
    assert process.returncode == code
    assert gone(process.pid)
    assert not list(tmp_path.rglob("*.partial"))
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("place", ["screen", "file"])
def test_validate_shows_on_ctrl_c_what_it_has_found(begin, write, patient, tmp_path, place):
    write("in/0.ndjson", [patient("1", bad=1), patient("2", text="x" * FIRST_GROUP)])
    kept = tmp_path / "found.txt"
    process = begin("validate", "sleeps", *(["--output-file", str(kept)] * (place == "file")))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WITHIN)
    assert process.returncode == 130
    assert err.endswith("bulkfhir: interrupted\n")
    out = kept.read_text() if place == "file" else out
    assert "0.ndjson:1: " in out
    assert "2 resources in 1 file: 1 accepted, 1 rejected" in out
    assert not list(tmp_path.glob(".found*"))


@pytest.mark.parametrize("command", ["import", "validate"])
def test_a_command_says_on_ctrl_c_what_it_has_counted(begin, write, patient, command):
    write("in/0.ndjson", [patient("1", bad=1), patient("2", text="x" * FIRST_GROUP)])
    process = begin(command, "sleeps", "-vv", "--output-format", "json")
    for line in process.stderr:
        if ", 1 rejected, " in line:  # the moment has come to the process that is asked
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=WITHIN)
    assert process.returncode == 130
    assert re.search(r"^bulkfhir: found so far: [12] read, 1 rejected, ", err, re.MULTILINE)


def test_a_cancelled_job_of_one_worker_ends_though_its_validator_hangs(begin, tmp_path):
    process = begin("import", "holds the interpreter's lock")
    cancel = [*BULKFHIR, "jobs", "cancel", "j"]
    wait_for(lambda: subprocess.run(cancel, capture_output=True, check=False).returncode == 0)
    process.communicate(timeout=WITHIN)
    assert process.returncode == 130
    assert gone(process.pid)
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.usefixtures("opened_by_stop")
def test_a_job_in_the_callers_process_ends_between_two_lines(write, held, standing, tmp_path):
    from bulkfhir_toys import Toy

    before = Toy.judged
    result = import_job(
        write("in/a.ndjson", held(60)),
        tmp_path / "out",
        judge="toy",
        workers=1,
        cancel=SimpleNamespace(is_set=standing.exists),
    )
    assert result.status is JobStatus.CANCEL_COMPLETED
    assert Toy.judged - before == 41


@pytest.mark.usefixtures("opened_by_stop")
@pytest.mark.parametrize("judge", ["toy", "block-toy"])
def test_a_second_opinion_ends_between_two_lines_too(write, held, standing, tmp_path, judge):
    from bulkfhir_toys import Toy

    before = Toy.judged
    result = import_job(
        write("in/a.ndjson", held(60)),
        tmp_path / "out",
        level="minimal",
        validators=[judge],
        workers=1,
        cancel=SimpleNamespace(is_set=standing.exists),
    )
    assert result.status is JobStatus.CANCEL_COMPLETED
    assert Toy.judged - before == 41


def test_a_worker_that_does_not_stop_is_left_behind_in_a_process_that_ends():
    """And is a daemon, so that the process does end."""
    runner = InThread(patience=0.05)
    goes_on, seen = threading.Event(), []

    def task(beat):
        goes_on.wait()
        try:
            beat.check()
        except Cancelled:
            seen.append("cancelled")
            raise

    future = runner.submit(0, task)
    runner.close(kill=True)
    worker = next(each for each in threading.enumerate() if each.name == "bulkfhir_0")
    assert worker.daemon
    assert not future.done()
    goes_on.set()
    assert isinstance(future.exception(timeout=WITHIN), Cancelled)
    assert seen == ["cancelled"]


def test_a_folder_of_temporary_files_with_a_long_path_is_one_sentence(write, patient, tmp_path):
    folder = tmp_path / ("t" * 100)
    folder.mkdir()
    source = write("in/a.ndjson", [patient("1")])
    said = subprocess.run(
        [*BULKFHIR, "import", source, "-o", tmp_path / "out", "--workers", "2"],
        env={**os.environ, "TMPDIR": str(folder), "XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stdout) == (2, "")
    assert "is too long for the sockets of worker processes" in said.stderr
    assert "Traceback" not in said.stderr
