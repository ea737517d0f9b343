"""Every benchmark in one command: validators, whole jobs, and the bars, on clean lines, with one in
five dirty, and with all of them dirty.

    python benchmarks/run.py --output FOLDER [--input FILE.ndjson[.gz]] [--dirty FILE --dirty-labels
    LABELS] [--profiled FOLDER --package P] [--also NAME LEVEL FILE [LABELS] [PACKAGE ...]]
    [--traits] [--guides FILE ...] [--install]

Writes result.json and speed.svg to FOLDER and prints the tables. Every candidate runs in a process
of its own, all of them once a round (A B C, A B C, ...), so that a slow minute of the machine hits
all alike; figures are CPU time and medians unless they say otherwise, over lines that the process
has not seen: they have ids and dates, and where it matters texts, of their own in every pass. Peers
that are slow go over a sample, evenly spread and always the same, in the first rounds only. What
cannot run is left out, by name.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import peers
from bars import Bar, bars
from candidates import CANDIDATES, FLOOR, Candidate, Setup
from inputs import (
    CLAIMS,
    CLEAN,
    DIRTY,
    DOCUMENTS,
    HEAVY,
    NARRATIVES,
    ONLY_BAD,
    PROFILED,
    Input,
    Labels,
    find_files,
    make_dirty,
    only_bad,
    only_valid,
    read_input,
    read_labels,
    sampled,
    thinned,
    with_form,
)
from jobs import Job, Pair, adopt_orphans, run_job, run_pair
from plot import plot
from report import Row, as_json, job_rows, machine, rows, tables
from rounds import Failed, Run, run
from variants import NARRATIVE, RENEWED

_HERE = Path(__file__).resolve().parent
_SAMPLE = Path(__file__).resolve().parents[1] / "fixtures" / "sample"
_MADE_LINES = 2500
"""Lines of the dirty file that is made where none is given."""


@dataclass
class Results:
    """What has been measured so far."""

    runs: list[Run] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    traits: list[dict[str, float]] = field(default_factory=list)
    guides: list[dict[str, float]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where result.json and speed.svg go",
    )
    parser.add_argument(
        "--input",
        type=Path,
        default=_SAMPLE,
        metavar="PATH",
        help="clean lines: a file or a folder  [default: the bundled sample]",
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="a reference's verdicts on them (.jsonl.gz)"
    )
    parser.add_argument(
        "--dirty",
        type=Path,
        metavar="PATH",
        help="lines of which one in five is bad  [default: made from the clean ones]",
    )
    parser.add_argument(
        "--dirty-labels",
        type=Path,
        metavar="FILE",
        help="a reference's verdicts on them; needed with --dirty",
    )
    parser.add_argument(
        "--profiled",
        type=Path,
        metavar="PATH",
        help="lines that claim profiles  [default: not measured]",
    )
    parser.add_argument(
        "--profiled-labels",
        type=Path,
        metavar="FILE",
        help="a reference's verdicts on them at strict",
    )
    parser.add_argument(
        "--package",
        action="append",
        default=[],
        help="FHIR package with those profiles (.tgz); repeatable",
    )
    parser.add_argument(
        "--also",
        nargs="+",
        action="append",
        default=[],
        metavar=("NAME", "LEVEL FILE [LABELS.jsonl.gz] [PACKAGE.tgz]"),
        help=f"more lines; bars know the names {CLAIMS}, {DOCUMENTS}, {HEAVY}; repeatable",
    )
    parser.add_argument("--traits", action="store_true", help="traits of real data (traits.py)")
    parser.add_argument(
        "--guides",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="examples of guides and Bundles of them (guides.py)",
    )
    parser.add_argument(
        "--guide-packages", type=Path, metavar="FOLDER", help="where their packages are"
    )
    parser.add_argument(
        "--schema",
        type=Path,
        metavar="FILE",
        help="HL7's fhir.schema.json for R4  [default: that among the peers]",
    )
    parser.add_argument(
        "--peers",
        type=Path,
        default=peers.FOLDER,
        metavar="FOLDER",
        help="where peers are installed  [default: %(default)s]",
    )
    parser.add_argument(
        "--install",
        action="store_true",
        help="install the peers first, from PyPI, npm and Maven Central",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[one.name for one in CANDIDATES],
        metavar="NAME",
        help=f"only these candidates; {FLOOR} always runs",
    )
    parser.add_argument(
        "--lines",
        type=int,
        default=40_000,
        help="lines of an input at the most, evenly spread  [default: %(default)s]",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--slow-rounds",
        type=int,
        default=1,
        help="rounds in which slow peers take part  [default: 1]",
    )
    parser.add_argument(
        "--sample", type=int, default=300, help="lines that slow peers get  [default: 300]"
    )
    parser.add_argument(
        "--enough",
        type=float,
        default=Setup.enough,
        metavar="SECONDS",
        help="CPU seconds of warm passes after which no further one begins  [default: %(default)s]",
    )
    parser.add_argument(
        "--copies",
        type=int,
        nargs=2,
        default=(10, 50),
        metavar=("FEW", "MANY"),
        help="copies in large jobs  [default: 10 50]",
    )
    options = parser.parse_args()
    if options.dirty and not options.dirty_labels:
        parser.error("--dirty needs --dirty-labels: which of its lines are bad")
    return options


def main() -> None:
    options = arguments()
    if options.install:
        peers.install(options.peers)
    sys.path.append(str(options.peers / "python"))
    schema = options.schema or options.peers / peers.SCHEMA
    setup = Setup(
        schema=schema if schema.exists() else None,
        peers=options.peers if options.peers.is_dir() else None,
        enough=options.enough,
    )
    options.output.mkdir(parents=True, exist_ok=True)
    adopt_orphans()
    results = Results()
    with tempfile.TemporaryDirectory(dir=options.output) as place:
        wholes = list(read_inputs(options, Path(place)))
        inputs = [one for whole in wholes for one in (whole, sampled(whole, options.sample))]
        chosen = available(options.only, setup, results.left_out)
        for number in range(options.rounds):
            for one in inputs:
                measure(one, chosen, setup, number, results, seldom=number < options.slow_rounds)
            measure_jobs(wholes, options.copies, number, results)
            measure_shares(options, results)
            write(options, inputs, results)
    print("{cpu}, {cores} cores, {system}, Python {python}, load {load}\n".format(**machine()))
    print("\n".join(tables(*summed(results, inputs), results.left_out, inputs)))


def read_inputs(options: argparse.Namespace, folder: Path) -> Iterator[Input]:
    def read(
        name: str,
        path: Path,
        labels: Path | None,
        level: str = "structure-only",
        packages: Sequence[str] = (),
    ) -> Input:
        known = read_labels(labels) if labels else None
        whole = read_input(name, find_files(path), folder, known, level=level, packages=packages)
        return thinned(whole, options.lines)

    clean = read(CLEAN, options.input, options.labels)
    yield clean
    yield with_form(NARRATIVES, clean, NARRATIVE)
    dirty = (
        read(DIRTY, options.dirty, options.dirty_labels)
        if options.dirty
        else make_dirty(
            clean, DIRTY, _MADE_LINES, partial(_explained, Setup(enough=options.enough))
        )
    )
    yield dirty
    yield only_bad(ONLY_BAD, dirty)
    if options.profiled:
        yield read(
            PROFILED,
            options.profiled,
            options.profiled_labels,
            "strict",
            [str(Path(package).resolve()) for package in options.package],
        )
    for name, level, *paths in options.also:
        packages = [str(Path(one).resolve()) for one in paths if one.endswith(".tgz")]
        labels = next((Path(one) for one in paths if one.endswith(".jsonl.gz")), None)
        path = next(Path(one) for one in paths if not one.endswith((".tgz", ".jsonl.gz")))
        more = read(name, path, labels, level, packages)
        if level == "strict":  # their profiles may know them by references and narratives
            more = replace(more, form=RENEWED)
        yield more
        if labels and level == "strict":
            yield only_valid(more)


def _explained(setup: Setup, chosen: Input) -> tuple[int, ...]:
    """What our explainer refuses: the reference for lines that are made here."""
    explainer = next(one for one in CANDIDATES if one.name == f"{chosen.level}, explainer alone")
    return run(explainer, chosen, setup).refused


def available(
    only: Sequence[str] | None, setup: Setup, left_out: dict[str, str]
) -> list[Candidate]:
    wanted = [one for one in CANDIDATES if only is None or one.name in only or one.name == FLOOR]
    missing = {one.name: why for one in wanted if (why := one.missing(setup)) is not None}
    left_out.update(missing)
    return [one for one in wanted if one.name not in missing]


def measure(
    chosen: Input,
    candidates: Sequence[Candidate],
    setup: Setup,
    number: int,
    results: Results,
    *,
    seldom: bool,
) -> None:
    """One round over one input."""
    for candidate in candidates:
        if takes_part(candidate, chosen, seldom=seldom) and candidate.name not in results.left_out:
            try:
                results.runs.append(run(candidate, chosen, setup, number))
            except Failed as failed:
                if not candidate.peer:
                    raise
                results.left_out[candidate.name] = f"{chosen.name}: {failed}"
            else:
                print(
                    f"round {number + 1}: {chosen.name}, {candidate.name}: "
                    f"{results.runs[-1].lines_per_second:,.0f} lines/s",
                    file=sys.stderr,
                )


def takes_part(candidate: Candidate, chosen: Input, *, seldom: bool) -> bool:
    """``seldom``: those that take part in the first rounds only do so now."""
    kind = chosen.whole or chosen.name
    ours = (chosen.level, f"{chosen.level}, explainer alone")
    judges = (FLOOR, "HAPI", *ours, *(["structure-only"] if kind == PROFILED else []))
    if candidate.seldom and not seldom:
        return False
    if kind not in (CLEAN, DIRTY, ONLY_BAD) and candidate.name not in judges:
        return False
    if candidate.clean_only and kind != CLEAN:
        return False
    if chosen.whole is None:
        return not candidate.sampled
    return seldom and (candidate.sampled or candidate.name in (FLOOR, *ours))


def measure_jobs(
    wholes: Sequence[Input], copies: tuple[int, int], number: int, results: Results
) -> None:
    few, many = copies
    clean, *others = (one for one in wholes if one.name in (CLEAN, DIRTY, ONLY_BAD))
    for workers, sizes in ((1, {1, few, many}), (2, {few, many})):
        for size in sorted(sizes):
            results.jobs.append(run_job(clean, size, workers, number))
            print(f"round {number + 1}: {results.jobs[-1]}", file=sys.stderr)
    results.pairs.append(run_pair(clean, few, number))
    for other in others:
        results.jobs += [run_job(other, size, 1, number) for size in sorted({1, few})]


def measure_shares(options: argparse.Namespace, results: Results) -> None:
    """What traits cost, and how fast guides are: one round of each."""
    if options.traits:
        results.traits.append(_table("traits.py", options.input))
    if options.guides:
        packages = ("--packages", options.guide_packages)
        results.guides.append(_table("guides.py", *options.guides, *packages, "--bundles"))


def _table(script: str, *arguments: object) -> dict[str, float]:
    """What a script measures in one round, by name."""
    command = [sys.executable, _HERE / script, *arguments, "--rounds", "1", "--json"]
    done = subprocess.run([str(one) for one in command], stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def summed(results: Results, inputs: Sequence[Input]) -> tuple[list[Row], list[Bar]]:
    return [*rows(inputs, results.runs), *job_rows(results.jobs, results.runs)], bars(
        results.runs,
        results.jobs,
        results.pairs,
        *([min(found.values()) for found in each] for each in (results.traits, results.guides)),
    )


def write(options: argparse.Namespace, inputs: Sequence[Input], results: Results) -> None:
    """After every round: what was measured is not lost."""
    found, reached = summed(results, inputs)
    document = {
        "machine": machine(),
        "settings": {
            key: str(value) if isinstance(value, Path) else value
            for key, value in vars(options).items()
        },
        "inputs": [
            {
                "name": one.name,
                "lines": len(one.numbers),
                "megabytes": one.megabytes,
                "reference": _reference(one.labels),
            }
            for one in inputs
        ],
        "candidates": as_json(found),
        "bars": [asdict(bar) for bar in reached],
        "traits": results.traits,
        "guides": results.guides,
        "left_out": results.left_out,
        "runs": [{**asdict(one), "refused": len(one.refused)} for one in results.runs],
        "jobs": [asdict(one) for one in results.jobs],
        "pairs": [{**asdict(one), "speedup": one.speedup} for one in results.pairs],
    }
    (options.output / "result.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.output / "speed.svg").write_text(plot(as_json(found)))


def _reference(labels: Labels | None) -> str | None:
    return labels.reference if labels else None


if __name__ == "__main__":
    main()
