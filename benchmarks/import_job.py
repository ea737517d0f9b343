"""Throughput of the whole import job beside orjson.loads alone, over the same file in one run.

    python benchmarks/import_job.py [--input FILE.ndjson] [--copies N] [--level LEVEL] [--workers 1 2] [--rounds N] > result.json

Every candidate runs in a process of its own, all candidates once a round (A B C, A B C, …), so that a slow minute of the machine hits all alike.
CPU time is that of the process and of everything it started. JSON goes to standard output, a table to standard error.
"""

from __future__ import annotations

import argparse
import ctypes
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import resource
    from collections.abc import Iterator

SAMPLE = Path(__file__).resolve().parents[1] / "fixtures" / "sample"

FLOOR = """
import sys, orjson
with open(sys.argv[1], "rb", buffering=1 << 20) as lines:
    for line in lines:
        try:
            orjson.loads(line)
        except orjson.JSONDecodeError:
            pass
"""
"""What nobody who parses JSON in Python does without."""


PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): processes whose parent has gone become children of this one, so that their CPU time can be read."""


@dataclass(frozen=True)
class Run:
    """One candidate, once. ``peak_mb`` is the largest process."""

    candidate: str
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


def measure(candidate: str, command: list[str]) -> Run:
    """Runs a command and reads the CPU time of every process that it started, also of those that outlive it."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} exited with {process.returncode}")
    usages = [usage, *orphans()]
    return Run(candidate, wall, sum(one.ru_utime + one.ru_stime for one in usages), max(one.ru_maxrss for one in usages) / 1024)


def orphans() -> Iterator[resource.struct_rusage]:
    while True:
        try:
            yield os.wait4(-1, 0)[2]
        except ChildProcessError:
            return


def candidates(file: Path, level: str, workers: list[int]) -> dict[str, list[str]]:
    """Name -> command; a job's output folder is added for every run."""
    program = [sys.executable, "-c", "from bulkfhir.engine.cli import main; main()", "import", str(file), "--level", level, "--quiet", "--exit-zero"]
    jobs = {f"import, workers: {count}": [*program, "--workers", str(count), "--output"] for count in workers}
    return {"orjson.loads alone": [sys.executable, "-c", FLOOR, str(file)], **jobs}


def run_rounds(commands: dict[str, list[str]], rounds: int) -> list[Run]:
    runs: list[Run] = []
    for _ in range(rounds):
        for name, command in commands.items():
            with tempfile.TemporaryDirectory() as folder:
                runs.append(measure(name, [*command, folder] if command[-1] == "--output" else command))
    return runs


def summary(runs: list[Run], lines: int, megabytes: float) -> list[dict[str, float | str]]:
    """Medians, and ratios to the floor taken round by round."""
    by_name = {name: [run for run in runs if run.candidate == name] for name in dict.fromkeys(run.candidate for run in runs)}
    floors = next(iter(by_name.values()))
    rows: list[dict[str, float | str]] = []
    for name, mine in by_name.items():
        wall, cpu = (statistics.median(getattr(run, figure) for run in mine) for figure in ("wall_seconds", "cpu_seconds"))
        rows.append(
            {
                "candidate": name,
                "wall_seconds": round(wall, 3),
                "cpu_seconds": round(cpu, 3),
                "lines_per_second": round(lines / wall),
                "mb_per_second": round(megabytes / wall, 1),
                "lines_per_cpu_second": round(lines / cpu),
                "of_orjson_by_cpu": round(statistics.median(floor.cpu_seconds / run.cpu_seconds for floor, run in zip(floors, mine, strict=True)), 3),
                "of_orjson_by_wall": round(statistics.median(floor.wall_seconds / run.wall_seconds for floor, run in zip(floors, mine, strict=True)), 3),
                "peak_mb": round(max(run.peak_mb for run in mine), 1),
            }
        )
    return rows


def write_input(given: Path | None, copies: int, target: Path) -> tuple[int, float]:
    """Puts the input together, uncompressed so that it can be cut into shards; (lines, megabytes)."""
    files = [given] if given else sorted(path for path in SAMPLE.glob("*.ndjson*") if path.name != "log.ndjson")
    data = b"".join(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in files)
    with target.open("wb") as out:
        for _ in range(copies):
            out.write(data)
    return data.count(b"\n") * copies, len(data) * copies / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description="Throughput of the whole import job beside orjson.loads alone.")
    parser.add_argument("--input", type=Path, help="an .ndjson or .ndjson.gz file  [default: the bundled sample]")
    parser.add_argument("--copies", type=int, default=1, help="how often the input is repeated")
    parser.add_argument("--level", default="structure-only")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "input.ndjson"
        lines, megabytes = write_input(options.input, options.copies, file)
        runs = run_rounds(candidates(file, options.level, options.workers), options.rounds)
    rows = summary(runs, lines, megabytes)
    machine = {"python": platform.python_version(), "system": platform.platform(terse=True), "cores": os.cpu_count()}
    shape = {"lines": lines, "megabytes": round(megabytes, 3), "level": options.level, "rounds": options.rounds}
    print(json.dumps({"machine": machine, "input": shape, "candidates": rows, "runs": [asdict(run) for run in runs]}, indent=2))
    for row in rows:
        text = "{candidate:24} {wall_seconds:8.2f} s {cpu_seconds:8.2f} cpu s {lines_per_second:9,} lines/s {of_orjson_by_cpu:7.3f} of orjson (cpu)"
        print(text.format(**row), file=sys.stderr)


if __name__ == "__main__":
    main()
