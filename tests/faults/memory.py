#!/usr/bin/env python3
"""The memory of imports of different sizes: ten times the input takes the same memory.

usage: python -m tests.faults.memory [--megabytes 50 500 5000] [--sinks none ndjson] [--workers 2]

Prints a line for every import: seconds, and the largest memory of the driver, of a worker and of
all processes together at one moment, in MB of resident memory. Inputs are made as they are needed,
and removed with the output before the next one.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests.faults.random_kills import members

_LINES = (
    (
        b'{"resourceType":"Observation","id":"o%09d","status":"final","code":{"text":"a code"},'
        b'"subject":{"reference":"Patient/1"},"effectiveDateTime":"2026-11-01T10:00:00Z",'
        b'"valueQuantity":{"value":7.25,"unit":"mg"}}\n'
    ),
    (
        b'{"resourceType":"Patient","id":"p%09d","birthDate":"1980-02-28","gender":"female",'
        b'"name":[{"family":"Family","given":["A","B"]}]}\n'
    ),
)
"""Of the two files of an input; ids are its numbers."""
_LOOK = 0.05
"""Seconds between two looks at the processes: their own peaks are the kernel's, not these looks'.
"""


def largest(command: list[str]) -> tuple[float, dict[str, int]]:
    """Run a command; return the seconds it took, and role -> MB at the most: ``driver``,
    ``worker``, ``all``.
    """
    began, most = time.monotonic(), {"driver": 0, "worker": 0, "all": 0}
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    while process.poll() is None:
        together = 0
        for pid, (_, role) in members(process.pid).items():
            with suppress(OSError, KeyError):
                now, peak = _resident(pid)
                together += now
                known = "driver" if pid == process.pid else role
                if known in most:
                    most[known] = max(most[known], peak)
        most["all"] = max(most["all"], together)
        time.sleep(_LOOK)
    _, said = process.communicate()
    if process.returncode not in (0, 1):
        raise SystemExit(f"the import ended with {process.returncode}: {said.decode()}")
    return time.monotonic() - began, most


def _resident(pid: int) -> tuple[int, int]:
    """Return the resident memory of a process in MB, and its peak."""
    lines = (Path("/proc") / str(pid) / "status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    now, peak = (int(fields[name].split()[0]) for name in ("VmRSS", "VmHWM"))
    return now // 1024, peak // 1024


def measured(folder: Path, megabytes: float, sink: str, workers: int) -> str:
    """Return the line of one import, whose input lies in the folder."""
    command = [sys.executable, "-m", "bulkfhir", "import", str(folder / "in"), "--quiet"]
    command += ["-o", str(folder / "out"), "--level", "structure-only", "--workers", str(workers)]
    command += [] if sink == "none" else ["--sink", sink]
    seconds, most = largest(command)
    shutil.rmtree(folder / "out")
    figures = "".join(f"{most[role]:>9}" for role in ("driver", "worker", "all"))
    return f"{megabytes:>9g}  {sink:<8}{seconds:>9.1f}{figures}"


def make_input(folder: Path, megabytes: float) -> None:
    """Write so many megabytes of lines that differ in their ids."""
    folder.mkdir()
    for line in _LINES:
        count = int(megabytes * 1e6 / len(_LINES) / len(line % 0))
        with (folder / f"{line[17:21].decode()}.ndjson").open("wb") as file:
            for first in range(0, count, 5000):
                numbers = range(first, min(first + 5000, count))
                file.write(b"".join(map(line.__mod__, numbers)))


def main() -> int:
    """Measure every size with every sink."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=float, nargs="+", default=[50, 500, 5000])
    parser.add_argument("--sinks", nargs="+", default=["none", "ndjson"])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print(f"{'MB':>9}  {'sink':<8}{'seconds':>9}{'driver':>9}{'worker':>9}{'all':>9}")
    for megabytes in options.megabytes:
        with tempfile.TemporaryDirectory(prefix="memory-") as name:
            make_input(Path(name) / "in", megabytes)
            for sink in options.sinks:
                print(measured(Path(name), megabytes, sink, options.workers), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
