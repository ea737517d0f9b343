"""On a terminal `validate` shows a bar below what it has found; elsewhere, and in formats for
machines, it does not.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from bulkfhir.engine.cli.live import Listener
from bulkfhir.engine.counting.progress import Progress
from bulkfhir.engine.figures.job_figures import JobProgressReport

BAR = "\x1b[?25l"
"""What hides the cursor while a bar moves."""
BAD = '{"resourceType":"Patient","id":"bad","birthDate":"1987-02-30"}\n'


def on_a_terminal(*arguments: str) -> tuple[int, str]:
    """Exit code of the program, and all that it wrote to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bulkfhir", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"COLUMNS": "80", "TERM": "xterm"},
    ) as process:
        os.close(theirs)
        written = bytearray()
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # on Linux that is how the end of a terminal is told
                break
            if not piece:
                break
            written += piece
    os.close(ours)
    return process.returncode, written.decode()


@pytest.mark.parametrize(
    ("arguments", "has_bar"),
    [([], True), (["--quiet"], False), (["--output-format", "jsonl"], False)],
    ids=["human", "quiet", "jsonl"],
)
def test_a_bar_moves_below_what_was_found(
    tmp_path: Path, arguments: list[str], has_bar: bool
) -> None:
    file = tmp_path / "a.ndjson"
    file.write_text(BAD)
    code, text = on_a_terminal("validate", "--workers", "1", str(file), *arguments)
    assert code == 1
    assert (BAR in text) is has_bar
    assert "'1987-02-30' is not in the calendar" in " ".join(text.split())
    assert ("1 resource in 1 file: 0 accepted, 1 rejected" in text) is ("--quiet" not in arguments)


def test_what_was_found_until_a_job_was_stopped_is_one_sentence():
    listener = Listener(None)
    assert listener.so_far() is None
    rules = {f"error rule-{number}": number for number in range(1, 8)}
    listener(
        Progress(
            phase="reading",
            report=JobProgressReport(resources_scanned=1_234, resources_with_customer_error=28),
            bytes_done=1,
            bytes_total=2,
            shards_done=1,
            shards_total=2,
            server_errors=0,
            elapsed=1.0,
            rules=rules,
        )
    )
    assert listener.so_far() == (
        "found so far: 1,234 read, 28 rejected, 0/s, 7 x error rule-7, 6 x error rule-6, "
        "5 x error rule-5, 4 x error rule-4, 3 x error rule-3, 2 more rules"
    )
