"""What a whole import job costs beside validation alone, and two workers beside one, on lines that
no process has seen.

    python benchmarks/job_share.py synthea-mixed.ndjson.gz [--copies 8] [--rounds 5] [--one-file]

Every copy of the input has ids, references and dates of its own. CPU seconds of whole processes
with their children, one after the other in each round; the start is excluded by the difference of
two sizes, all copies and a quarter of them. Prints the ratios round by round, and their medians.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from inputs import distinct
from jobs import adopt_orphans, orphans

_VALIDATE = """
import sys, time
from bulkfhir.engine.reading.lines import read_lines
from bulkfhir.validators import Validator
from bulkfhir.validators.block import Block
validator, spent = Validator(sys.argv[1]), 0
for name in sys.argv[2:]:
    with open(name, "rb", buffering=0) as file:
        for lines in read_lines(iter(lambda: file.read(1 << 20), b"")):
            began = time.process_time()
            validator.validate_block(Block(lines.data))
            spent += time.process_time() - began
print(spent)
"""
_IMPORT = "from bulkfhir.engine.cli import main; main()"


def seconds_of(command: Sequence[str], place: Path) -> tuple[float, float]:
    """CPU seconds of a command with all its processes, and its wall seconds."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env=os.environ | {"XDG_STATE_HOME": str(place)}
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} exited with {process.returncode}")
    return sum(one.ru_utime + one.ru_stime for one in (usage, *orphans())), wall


def validation(files: Sequence[Path], level: str) -> tuple[float, float]:
    """CPU seconds of validating lines that are in memory; nothing is done with the verdicts."""
    command = [sys.executable, "-c", _VALIDATE, level, *map(str, files)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return float(done.stdout), 0.0


def job(files: Sequence[Path], level: str, workers: int, place: Path) -> tuple[float, float]:
    """What an import of files costs, every log written."""
    with tempfile.TemporaryDirectory(dir=place) as output:
        command = [sys.executable, "-c", _IMPORT, "import", *map(str, files), "--output", output]
        command += ["--level", level, "--workers", str(workers)]
        return seconds_of([*command, "--quiet", "--exit-zero", "--no-report"], place)


def made(source: Path, count: int, folder: Path, *, one_file: bool) -> list[Path]:
    """Write the copies: a file each, or one after the other into one."""
    with gzip.open(source) if source.suffix == ".gz" else source.open("rb") as file:
        lines = [line for line in file if line.strip()]
    paths = []
    for number in range(count):
        path = folder / ("all.ndjson" if one_file else f"{number:03}.ndjson")
        with path.open("ab") as out:
            out.writelines(distinct(line, number + 1) for line in lines)
        paths.append(path)
    return paths[:1] if one_file else paths


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--level", default="structure-only")
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one-file", action="store_true", help="the copies stand in one file")
    parser.add_argument("--folder", type=Path, help="where the copies are made")
    given = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        sizes = []
        for name, count in (("few", max(1, given.copies // 4)), ("many", given.copies)):
            place = Path(folder) / name
            place.mkdir()
            sizes.append(made(given.source, count, place, one_file=given.one_file))
        shares, apart, walls = [], [], []
        for number in range(given.rounds):
            alone, one, two = (
                [measure(files) for files in sizes]
                for measure in (
                    lambda files: validation(files, given.level),
                    lambda files: job(files, given.level, 1, Path(folder)),
                    lambda files: job(files, given.level, 2, Path(folder)),
                )
            )
            cpu = [many[0] - few[0] for few, many in (alone, one, two)]
            shares.append(cpu[0] / cpu[1])  # of speeds, as lines a second
            apart.append(cpu[2] / cpu[1])
            walls.append((one[1][1] - one[0][1]) / (two[1][1] - two[0][1]))
            print(
                f"round {number}: validation {cpu[0]:.2f} s, job {cpu[1]:.2f} s, by two workers "
                f"{cpu[2]:.2f} s; job {shares[-1]:.3f} of validation, two {apart[-1]:.3f} of one, "
                f"{walls[-1]:.2f} times as fast by the clock",
                flush=True,
            )
    print(
        f"medians: whole job / validation {statistics.median(shares):.3f}; CPU of two workers / of "
        f"one {statistics.median(apart):.3f}; wall time of one / of two "
        f"{statistics.median(walls):.2f}"
    )


if __name__ == "__main__":
    main()
