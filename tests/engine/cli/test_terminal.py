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
