"""What a whole import job costs beside validation alone, and two workers beside one, on lines that
no process has seen.

    python benchmarks/job_share.py synthea-mixed.ndjson.gz [--copies 8] [--rounds 5] [--one-file]

Every copy of the input has ids, references and dates of its own. CPU seconds of whole processes
with their children, one after the other in each round; the start is excluded by the difference of
two sizes, all copies and a quarter of them. Prints the ratios round by round, and their medians;
beside the two workers what the machine itself takes of two processes: validation of lines in
memory by two at once, which share nothing and judge every other block each.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from arguments import LEVELS, Parser, folder, lines, run_script, whole_number
from inputs import find_files, lines_of
from jobs import cost_of
from variants import distinct

_IN_MEMORY = """
import sys, time
from bulkfhir.engine.reading.lines import read_lines
from bulkfhir.validators import Validator
from bulkfhir.validators.verdicts.block import Block
validator, (mine, processes) = Validator(sys.argv[1]), map(int, sys.argv[2:4])
number = spent = 0
for name in sys.argv[4:]:
    with open(name, "rb", buffering=0) as file:
        for lines in read_lines(iter(lambda: file.read(1 << 20), b"")):
            number += 1
            if number % processes == mine:
                began = time.process_time()
                validator.validate_block(Block(lines.data))
                spent += time.process_time() - began
print(spent)
"""
_COMMAND = (sys.executable, "-c", "from bulkfhir.engine.cli import main; main()")


@dataclass(frozen=True)
class Round:
    """CPU seconds that the further copies took, by what was done with them."""

    memory: float
    at_once: float
    validate: float
    one: float
    two: float

    def told(self) -> str:
        """The seconds, and their ratios."""
        return (
            f"further copies: in memory {self.memory:.2f} s, by two processes at once "
            f"{self.at_once:.2f} s, validate {self.validate:.2f} s, import {self.one:.2f} s, "
            f"by two workers {self.two:.2f} s; whole job / in memory {self.memory / self.one:.3f}, "
            f"/ validate {self.validate / self.one:.3f}; two workers / one "
            f"{self.two / self.one:.3f}, where two processes that share nothing take "
            f"{self.at_once / self.memory:.3f}"
        )


def seconds_of(command: Sequence[str], home: Path) -> float:
    """CPU seconds of a command with all its processes."""
    return cost_of(command, home, may_reject=True).cpu_seconds


def in_memory(processes: int) -> Callable[[Sequence[Path], str, Path], float]:
    """CPU seconds of validating lines that are in memory, by so many processes at once; nothing is
    done with the verdicts.
    """

    def seconds(files: Sequence[Path], level: str, _home: Path) -> float:
        running = []
        for mine in range(processes):
            given = [level, str(mine), str(processes), *map(str, files)]
            command = [sys.executable, "-c", _IN_MEMORY, *given]
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return sum(float(process.communicate()[0]) for process in running)

    return seconds


def validate(files: Sequence[Path], level: str, home: Path) -> float:
    """CPU seconds of ``bulkfhir validate``, by one worker."""
    command = [*_COMMAND, "validate", *map(str, files), "--level", level, "--workers", "1"]
    return seconds_of([*command, "--quiet"], home)


def job(workers: int) -> Callable[[Sequence[Path], str, Path], float]:
    """CPU seconds of ``bulkfhir import`` by so many workers, every log written."""

    def seconds(files: Sequence[Path], level: str, home: Path) -> float:
        with tempfile.TemporaryDirectory(dir=home) as output:
            command = [*_COMMAND, "import", *map(str, files), "--output", output]
            command += ["--level", level, "--workers", str(workers)]
            return seconds_of([*command, "--quiet", "--no-report"], home)

    return seconds


MEASURED = (in_memory(1), in_memory(2), validate, job(1), job(2))


def made(source: Path, count: int, folder: Path, *, one_file: bool) -> list[Path]:
    """Write the copies: a file each, or one after the other into one."""
    found = [line for line in lines_of(find_files(source)) if line.strip()]
    paths = []
    for number in range(count):
        path = folder / ("all.ndjson" if one_file else f"{number:03}.ndjson")
        with path.open("ab") as out:
            out.writelines(distinct(line, number + 1) for line in found)
        paths.append(path)
    return paths[:1] if one_file else paths


def main() -> None:
    """Measure, and print."""
    parser = Parser(__doc__.splitlines()[0])
    parser.add_argument("source", type=lines)
    parser.add_argument("--level", choices=LEVELS, default="structure-only")
    parser.add_argument("--copies", type=whole_number(2), default=8)
    parser.add_argument("--rounds", type=whole_number(), default=5)
    parser.add_argument("--one-file", action="store_true", help="the copies stand in one file")
    parser.add_argument("--folder", type=folder, help="where the copies are made")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        home, sizes = Path(place), []
        for name, count in (("few", max(1, given.copies // 4)), ("many", given.copies)):
            made_in = home / name
            made_in.mkdir()
            sizes.append(made(given.source, count, made_in, one_file=given.one_file))
        rounds = []
        for _ in range(given.rounds):
            rounds.append(Round(*(_further(one, sizes, given.level, home) for one in MEASURED)))
            print(rounds[-1].told(), flush=True)
    print("medians of " + Round(*map(_median, zip(*map(astuple, rounds), strict=True))).told())


def _further(
    measure: Callable[[Sequence[Path], str, Path], float],
    sizes: Sequence[Sequence[Path]],
    level: str,
    home: Path,
) -> float:
    few, many = (measure(files, level, home) for files in sizes)
    return many - few


def _median(figures: Sequence[float]) -> float:
    return statistics.median(figures)


if __name__ == "__main__":
    run_script(main)
