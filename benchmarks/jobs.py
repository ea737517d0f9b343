"""Whole import jobs: outcomes written, every process counted; at several sizes, with one worker and
with two, beside the machine's own floor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from inputs import Input, copies

__all__ = [
    "Alone",
    "Cost",
    "Job",
    "Pair",
    "cost_of",
    "further_speed",
    "run_import",
    "run_job",
    "run_pair",
]

_PROGRAM = "from bulkfhir.engine.cli import main; main()"

_WATCH = """
import ctypes, json, os, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans become its children
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
wall, usages = time.perf_counter() - began, [usage]
try:
    while True:
        usages.append(os.wait4(-1, 0)[2])
except ChildProcessError:
    cpu = sum(one.ru_utime + one.ru_stime for one in usages)
    peak = max(one.ru_maxrss for one in usages) / 1024
    print(json.dumps([process.returncode, wall, cpu, peak]))
"""
"""Runs a command, and says what it took with the workers that outlive it. A process of its own,
since the system counts the memory of whoever starts a process as that process's: it is small.
"""

_SPIN = """
import sys, time, orjson
lines = open(sys.argv[1], "rb").read().removesuffix(b"\\n").split(b"\\n")
print("ready", flush=True)
sys.stdin.readline()
began, used = time.perf_counter(), time.process_time()
for _ in range(int(sys.argv[2])):
    for line in lines:
        try:
            orjson.loads(line)
        except ValueError:
            pass
print(time.perf_counter() - began, time.process_time() - used)
"""


@dataclass(frozen=True)
class Cost:
    """What one command took: ``cpu_seconds`` of all its processes, ``peak_mb`` of the largest."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Job:
    """One job over so many copies of an input.

    ``cpu_seconds`` is of all its processes, ``peak_mb`` of the largest.
    """

    input: str
    round: int
    copies: int
    lines: int
    workers: int
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Alone:
    """Validation alone over so many copies of an input: of lines in memory, or by ``validate``."""

    input: str
    work: str
    round: int
    copies: int
    cpu_seconds: float


@dataclass(frozen=True)
class Pair:
    """orjson.loads over the same lines, in one process alone and in two at once: what a second
    worker can bring on this machine, and what it costs. CPU seconds are of one process.
    """

    round: int
    alone_seconds: float
    together_seconds: float
    alone_cpu: float
    together_cpu: float

    @property
    def speedup(self) -> float:
        return 2 * self.alone_seconds / self.together_seconds


def run_job(chosen: Input, count: int, workers: int, round_number: int) -> Job:
    options = ["--workers", str(workers)]
    with tempfile.TemporaryDirectory(dir=chosen.file.parent) as place:
        cost = run_import(chosen, copies(chosen, count), Path(place), options)
    lines = count * len(chosen.numbers)
    return Job(chosen.name, round_number, count, lines, workers, **asdict(cost))


def run_import(chosen: Input, files: Sequence[Path], place: Path, options: Sequence[str]) -> Cost:
    """Import files, at the level of an input and with its packages, into ``out`` of a folder, which
    the files are linked into.
    """
    source = place / "in"
    source.mkdir()
    for number, file in enumerate(files):
        (source / f"{number:03}.ndjson").hardlink_to(file)
    command = [sys.executable, "-c", _PROGRAM, "import", str(source)]
    command += ["--output", f"{place}/out", "--level", chosen.level, "--quiet", "--exit-zero"]
    command += [*(f"--package={package}" for package in chosen.packages), *options]
    return cost_of(command, place / "state")


def cost_of(command: Sequence[str], state: Path, *, may_reject: bool = False) -> Cost:
    """Run a command of ours, which ends with 0, or with 1 where it may reject lines; its jobs are
    recorded in a folder.
    """
    done = subprocess.run(
        [sys.executable, "-c", _WATCH, *command],
        stdout=subprocess.PIPE,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
        check=True,
    )
    code, *figures = json.loads(done.stdout)
    if code not in ((0, 1) if may_reject else (0,)):
        raise SystemExit(f"{' '.join(command)} exited with {code}")
    return Cost(*figures)


def further_speed(few: Job, many: Job) -> float | None:
    """Lines a CPU second without start-up: what the further copies cost; None where that is lost in
    noise.
    """
    seconds = many.cpu_seconds - few.cpu_seconds
    return (many.lines - few.lines) / seconds if many.lines > few.lines and seconds > 0 else None


def run_pair(chosen: Input, passes: int, round_number: int) -> Pair:
    ((alone, used),) = _spin(chosen.file, passes, 1)
    both = _spin(chosen.file, passes, 2)
    wall, cpu = zip(*both, strict=True)
    return Pair(round_number, alone, max(wall), used, sum(cpu) / 2)


def _spin(file: Path, passes: int, count: int) -> list[tuple[float, float]]:
    """Wall and CPU seconds of so many processes that begin together."""
    command = [sys.executable, "-c", _SPIN, str(file), str(passes)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    found = []
    for process in running:
        wall, cpu = process.communicate()[0].split()
        found.append((float(wall), float(cpu)))
    return found
