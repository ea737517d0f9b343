"""Sinks: what the places where accepted resources go, and the checks over a whole job, cost beside
an import without them.

    python benchmarks/sinks.py INPUT [--copies 1 10] [--rounds 3] [--only NAME...]

Runs ``import`` with one worker, each time as a command of its own, over so many copies of the
input (.ndjson or .ndjson.gz), in which every line has ids and dates of its own. All of them run
once a round (A B C, A B C, ...), so that a slow minute of the machine hits all alike. Prints each
run to the standard error, and in the end one table of medians: MB of the sink's parts (of the
findings, with --checks), CPU seconds of all processes, how many times those of ``--sink ndjson`` in
the same round, and MB of the largest process.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from arguments import LEVELS, Parser, folder, lines, run_script, whole_number
from inputs import Input, copies, find_files, read_input
from jobs import Cost, run_import

_BASE = "--sink ndjson"
_COMMANDS = {
    "no sink": (),
    _BASE: ("--sink", "ndjson"),
    "--sink parquet": ("--sink", "parquet"),
    "--checks": ("--checks",),
}
_OUTPUTS = ("resources/**/*.*", "checks.parquet")


@dataclass(frozen=True)
class Run:
    """One command over so many copies: its cost, and MB of what it wrote besides the logs."""

    name: str
    round: int
    copies: int
    megabytes: float
    cost: Cost
    written: float


def run_all(chosen: Input, counts: list[int], rounds: int, names: list[str]) -> Iterator[Run]:
    """Yield every command at every size, round by round."""
    for number in range(rounds):
        for count in counts:
            files = copies(chosen, count)
            megabytes = sum(file.stat().st_size for file in files) / 1e6
            for name in names:
                with tempfile.TemporaryDirectory(dir=chosen.file.parent) as place:
                    options = ["--workers", "1", *_COMMANDS[name]]
                    cost = run_import(chosen, files, Path(place), options)
                    written = sum(
                        path.stat().st_size
                        for pattern in _OUTPUTS
                        for path in Path(place).glob(f"out/*-FHIR_IMPORT-*/{pattern}")
                        if path.is_file()
                    )
                run = Run(name, number, count, megabytes, cost, written / 1e6)
                print(run, file=sys.stderr, flush=True)
                yield run


def table(runs: list[Run]) -> Iterator[str]:
    """Yield the rows of the table, in Markdown."""
    yield "| MB in | | MB out | of the input | CPU s | beside ndjson | MB/s | MB of memory |"
    yield "|---|---|---|---|---|---|---|---|"
    base = {(run.copies, run.round): run.cost for run in runs if run.name == _BASE}
    for count, name in dict.fromkeys((run.copies, run.name) for run in runs):
        chosen = [run for run in runs if (run.copies, run.name) == (count, name)]
        megabytes, written = chosen[0].megabytes, median(run.written for run in chosen)
        cpu = median(run.cost.cpu_seconds for run in chosen)
        ratios = sorted(
            run.cost.cpu_seconds / base[count, run.round].cpu_seconds
            for run in chosen
            if (count, run.round) in base
        )
        beside = f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})" if ratios else ""
        peak = median(run.cost.peak_mb for run in chosen)
        yield (
            f"| {megabytes:.1f} | {name} | {written:.1f} | {written / megabytes:.2f} | {cpu:.2f} "
            f"| {beside} | {megabytes / cpu:.3g} | {peak:.0f} |"
        )


def main() -> None:
    """Run as a program."""
    parser = Parser(__doc__)
    parser.add_argument("input", type=lines, help="clean lines, .ndjson or .ndjson.gz")
    parser.add_argument("--copies", type=whole_number(), nargs="+", default=[1, 10])
    parser.add_argument("--rounds", type=whole_number(), default=3)
    parser.add_argument("--only", nargs="+", choices=_COMMANDS, default=list(_COMMANDS))
    parser.add_argument("--level", choices=LEVELS, default="structure-only")
    parser.add_argument("--folder", type=folder, help="where copies are made and jobs run")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as place:
        files = find_files(chosen.input)
        whole = read_input("sinks", files, Path(place), level=chosen.level)
        runs = list(run_all(whole, chosen.copies, chosen.rounds, chosen.only))
    print("\n".join(table(runs)))


if __name__ == "__main__":
    run_script(main)
