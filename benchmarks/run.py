"""Every benchmark in one command: validators, whole jobs, and the bars, on clean lines, with one in
five dirty, and with all of them dirty.

    python benchmarks/run.py --output FOLDER [--input FILE.ndjson[.gz]] [--dirty FILE --dirty-labels
    LABELS] [--profiled FOLDER --package P] [--also NAME LEVEL FILE [LABELS] [PACKAGE ...]]
    [--traits] [--guides FILE ...] [--sections NAME ...] [--install]

Writes result.json and speed.svg to FOLDER and prints the tables. Each input is a section, and so
are jobs, traits and guides: its bars are printed when it is done, and FOLDER keeps what it came to,
so that a run that was ended goes on where it stopped, and --sections measures some of them (anew).
Every candidate runs in a process of its own, all of them once a round (A B C, A B C, ...), so that
a slow minute of the machine hits all alike; figures are CPU time and medians unless they say
otherwise, over lines that the process has not seen: they have ids and dates, and where it matters
texts, of their own in every pass. Peers that are slow go over a sample, evenly spread and always
the same, in the first rounds only. A peer that is not installed ends the run before it begins;
--only and --without-missing do without. One that breaks is named, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import peers
from arguments import (
    LEVELS,
    Parser,
    above,
    file,
    folder,
    labels,
    lines,
    package,
    run_script,
    whole_number,
)
from bars import ALONE, Bar, bars
from candidates import CANDIDATES, FLOOR, Candidate, Setup
from guides import packages_of
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
    copies,
    find_files,
    make_dirty,
    only_bad,
    only_valid,
    read_input,
    read_labels,
    thinned,
    valid_name,
    with_form,
    with_sample,
)
from job_share import in_memory, validate
from jobs import Alone, run_job, run_pair
from plot import plot
from report import Row, as_json, job_rows, machine, rows, tables, told
from rounds import Failed, run
from sections import GUIDES, JOBS, TRAITS, Results, kept, summed, taken
from variants import NARRATIVE, RENEWED

from bulkfhir.engine.errors import ConfigurationError

_HERE = Path(__file__).resolve().parent
_SAMPLE = Path(__file__).resolve().parents[1] / "fixtures" / "sample"
_MADE_LINES = 2500
"""Lines of the dirty file that is made where none is given."""
_DEPENDENT = {
    "dirty_labels": "dirty",
    "profiled_labels": "profiled",
    "package": "profiled",
    "guide_packages": "guides",
}
"""Options of no use without another one."""


@dataclass(frozen=True)
class Further:
    """Lines that --also names, and how they are judged."""

    name: str
    level: str
    path: Path
    labels: Path | None
    packages: tuple[str, ...]

    @classmethod
    def of(cls, given: Sequence[str]) -> Further:
        """Raises ConfigurationError where they cannot be measured, NothingToRead where there are
        none.
        """
        told = f"--also {' '.join(given)}"
        packages = tuple(one for one in given[2:] if one.endswith(".tgz"))
        label_files = [one for one in given[2:] if one.endswith(".jsonl.gz")]
        paths = [one for one in given[2:] if not one.endswith((".tgz", ".jsonl.gz"))]
        if len(paths) != 1 or len(label_files) > 1:
            raise ConfigurationError(
                f"{told}: NAME LEVEL FILE [LABELS.jsonl.gz] [PACKAGE.tgz ...] are wanted"
            )
        if given[1] not in LEVELS:
            raise ConfigurationError(
                f"{told}: {given[1]}: no such level; levels are {', '.join(LEVELS)}"
            )
        try:
            path = lines(paths[0])
            verdicts = labels(label_files[0]) if label_files else None
        except argparse.ArgumentTypeError as error:
            raise ConfigurationError(f"{told}: {error}") from None
        for one in packages:
            package(one)
        return cls(given[0], given[1], path, verdicts, packages)

    @property
    def has_valid(self) -> bool:
        """Whether those of its lines that are valid are an input of their own."""
        return self.labels is not None and self.level == "strict"


def arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where result.json and speed.svg go",
    )
    parser.add_argument(
        "--input",
        type=lines,
        default=_SAMPLE,
        metavar="PATH",
        help="clean lines: a file or a folder  [default: the bundled sample]",
    )
    parser.add_argument(
        "--labels", type=labels, metavar="FILE", help="a reference's verdicts on them (.jsonl.gz)"
    )
    parser.add_argument(
        "--dirty",
        type=lines,
        metavar="PATH",
        help="lines of which one in five is bad  [default: made from the clean ones]",
    )
    parser.add_argument(
        "--dirty-labels",
        type=labels,
        metavar="FILE",
        help="a reference's verdicts on them; needed with --dirty",
    )
    parser.add_argument(
        "--profiled",
        type=lines,
        metavar="PATH",
        help="lines that claim profiles  [default: not measured]",
    )
    parser.add_argument(
        "--profiled-labels",
        type=labels,
        metavar="FILE",
        help="a reference's verdicts on them at strict",
    )
    parser.add_argument(
        "--package",
        type=package,
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
        type=lines,
        default=[],
        metavar="FILE",
        help="examples of guides and Bundles of them (guides.py)",
    )
    parser.add_argument(
        "--guide-packages", type=folder, metavar="FOLDER", help="where their packages are"
    )
    parser.add_argument(
        "--schema",
        type=file,
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
        "--without-missing",
        action="store_true",
        help="go on without the peers that are not installed",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[one.name for one in CANDIDATES],
        metavar="NAME",
        help=f"only these candidates; {FLOOR} always runs  [default: all but "
        f"{', '.join(one.name for one in CANDIDATES if one.named)}]",
    )
    parser.add_argument(
        "--sections",
        nargs="+",
        metavar="NAME",
        help=f"measure these anew: names of inputs, {JOBS}, {TRAITS}, {GUIDES}  [default: all that "
        "FOLDER has not]",
    )
    parser.add_argument(
        "--lines",
        type=whole_number(),
        default=10_000,
        help="lines of an input at the most, evenly spread  [default: %(default)s]",
    )
    parser.add_argument("--rounds", type=whole_number(), default=2)
    parser.add_argument(
        "--slow-rounds",
        type=whole_number(0),
        default=1,
        help="rounds in which slow peers take part  [default: 1]",
    )
    parser.add_argument(
        "--sample",
        type=whole_number(),
        default=320,
        help="lines that slow peers get  [default: %(default)s]",
    )
    parser.add_argument(
        "--enough",
        type=above,
        default=Setup.enough,
        metavar="SECONDS",
        help="CPU seconds of warm passes after which no further one begins  [default: %(default)s]",
    )
    parser.add_argument(
        "--copies",
        type=whole_number(),
        nargs=2,
        default=(10, 50),
        metavar=("FEW", "MANY"),
        help="copies in large jobs  [default: 10 50]",
    )
    options = parser.parse_args()
    if options.dirty and not options.dirty_labels:
        parser.error("--dirty needs --dirty-labels: which of its lines are bad")
    for name, whose in _DEPENDENT.items():
        if getattr(options, name) and not getattr(options, whose):
            parser.error(f"--{name} is of use with --{whose} only".replace("_", "-"))
    if options.guides and not options.guide_packages:
        parser.error("--guides needs --guide-packages: where their packages are")
    for guide in options.guides:
        packages_of(guide, options.guide_packages, ())
    options.further = [Further.of(given) for given in options.also]
    refuse_unknown(options.sections, section_names(options))
    return options


def main() -> None:
    options = arguments()
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--output {options.output}: {error.strerror}") from None
    if options.install:
        peers.install(options.peers)
    sys.path.append(str(options.peers / "python"))
    schema = options.schema or options.peers / peers.SCHEMA
    setup = Setup(
        schema=schema if schema.exists() else None,
        peers=options.peers if options.peers.is_dir() else None,
        enough=options.enough,
    )
    missing: dict[str, str] = {}
    chosen = available(options.only, setup, missing)
    if missing and not options.without_missing:
        for name, why in missing.items():
            print(f"{name}: {why}", file=sys.stderr)
        raise SystemExit("--install brings what is missing; --without-missing goes on without it")
    with tempfile.TemporaryDirectory(dir=options.output) as place:
        wholes = read_inputs(options, Path(place))
        sections = planned(options, wholes, chosen, setup)
        refuse_unknown(options.sections, sections)
        inputs = [one for whole in wholes for one in with_sample(whole, options.sample)]
        found: dict[str, Results] = {}
        for name, measured in sections.items():
            if results := section(name, measured, options):
                found[name] = results
                write(options, inputs, summed(found.values()), missing)
    results = summed(found.values())
    print("{cpu}, {cores} cores, {system}, Python {python}, load {load}\n".format(**machine()))
    print("\n".join(tables(*reported(results, inputs), {**missing, **results.left_out}, inputs)))
    if results.left_out:
        raise SystemExit(f"broke: {', '.join(results.left_out)}")


def section_names(options: argparse.Namespace) -> list[str]:
    """Return what sections may be measured. Raises ConfigurationError where two have one name."""
    names = [CLEAN, NARRATIVES, DIRTY, ONLY_BAD, *([PROFILED] if options.profiled else [])]
    for one in options.further:
        names += [one.name, valid_name(one.name)] if one.has_valid else [one.name]
    names += [JOBS, *([TRAITS] if options.traits else []), *([GUIDES] if options.guides else [])]
    for name, times in Counter(names).items():
        if times > 1:
            raise ConfigurationError(f"--also {name}: another section has this name")
    return names


def refuse_unknown(asked: Sequence[str] | None, names: Iterable[str]) -> None:
    """Raise ConfigurationError where a section is asked for that is not among these."""
    known = list(names)
    if unknown := [name for name in asked or () if name not in known]:
        raise ConfigurationError(
            f"no such section: {', '.join(unknown)}; sections are {', '.join(known)}"
        )


def section(
    name: str, measured: Callable[[Results], None], options: argparse.Namespace
) -> Results | None:
    """Return what a section comes to, measured now or earlier, and print its bars; None where it
    was not asked for and is not known.
    """
    folder, settings = options.output / "sections", _settings(options)
    results = taken(folder, name, settings)
    if name in options.sections if options.sections else results is None:
        print(f"{name}: begins, load {machine()['load']}", file=sys.stderr)
        results = Results()
        measured(results)
        kept(folder, name, settings, results)
        print("\n".join([f"{name}:", *told(bars(results))]), flush=True)
    return results


def planned(
    options: argparse.Namespace,
    wholes: Sequence[Input],
    candidates: Sequence[Candidate],
    setup: Setup,
) -> dict[str, Callable[[Results], None]]:
    """Return the sections of a run by name, each as what measures it."""
    found: dict[str, Callable[[Results], None]] = {
        whole.name: partial(measure_input, whole, candidates, setup, options) for whole in wholes
    }
    found[JOBS] = partial(measure_jobs, wholes, options)
    if options.traits:
        arguments = ("traits.py", options.input, "--lines", 1500)
        found[TRAITS] = lambda results: results.traits.append(_table(*arguments))
    if options.guides:
        given = ("guides.py", *options.guides, "--packages", options.guide_packages, "--bundles")
        found[GUIDES] = lambda results: results.guides.append(_table(*given, "--lines", 300))
    return found


def _settings(options: argparse.Namespace) -> dict[str, object]:
    """What figures depend on, as JSON has it."""
    others = ("further", "install", "output", "sections", "without_missing")
    settings = {name: value for name, value in vars(options).items() if name not in others}
    found: dict[str, object] = json.loads(json.dumps(settings, default=str))
    return found


def read_inputs(options: argparse.Namespace, folder: Path) -> list[Input]:
    """Return what is measured. What was given is read before anything is made of it, so that what
    is wrong with it is told at once.
    """

    def read(
        name: str,
        path: Path,
        labels: Path | None,
        level: str = "structure-only",
        packages: Sequence[str] = (),
    ) -> Input:
        known = read_labels(labels) if labels else None
        placed = [_placed(package) for package in packages]
        whole = read_input(name, find_files(path), folder, known, level=level, packages=placed)
        return thinned(whole, options.lines)

    clean = read(CLEAN, options.input, options.labels)
    further = []
    if options.profiled:
        labels = options.profiled_labels
        further.append(read(PROFILED, options.profiled, labels, "strict", options.package))
    for one in options.further:
        more = read(one.name, one.path, one.labels, one.level, one.packages)
        if one.level == "strict":  # their profiles may know them by references and narratives
            more = replace(more, form=RENEWED)
        further.append(more)
        if one.has_valid and (valid := only_valid(more)).numbers:
            further.append(valid)
    if options.dirty:
        dirty = read(DIRTY, options.dirty, options.dirty_labels)
    else:
        explained = partial(_explained, Setup(enough=options.enough))
        dirty = make_dirty(clean, DIRTY, _MADE_LINES, explained)
    told = with_form(NARRATIVES, clean, NARRATIVE)
    return [clean, told, dirty, only_bad(ONLY_BAD, dirty), *further]


def _placed(package: str) -> str:
    """A package as every folder finds it: ``name#version`` is in the standard cache."""
    return str(Path(package).resolve()) if Path(package).exists() else package


def _explained(setup: Setup, chosen: Input) -> tuple[int, ...]:
    """What our explainer refuses: the reference for lines that are made here."""
    explainer = next(one for one in CANDIDATES if one.name == f"{chosen.level}, explainer alone")
    return run(explainer, chosen, setup).refused


def available(only: Sequence[str] | None, setup: Setup, missing: dict[str, str]) -> list[Candidate]:
    """Return the candidates that can run; add the others, with the reason, to ``missing``."""
    wanted = [
        one
        for one in CANDIDATES
        if one.name == FLOOR or (not one.named if only is None else one.name in only)
    ]
    missing.update({one.name: why for one in wanted if (why := one.missing(setup)) is not None})
    return [one for one in wanted if one.name not in missing]


def measure_input(
    whole: Input,
    candidates: Sequence[Candidate],
    setup: Setup,
    options: argparse.Namespace,
    results: Results,
) -> None:
    """All rounds over one input and its sample."""
    for number in range(options.rounds):
        seldom = number < options.slow_rounds
        parts = with_sample(whole, options.sample)
        for one in parts:
            taking = [
                candidate
                for candidate in candidates
                if takes_part(candidate, one, seldom=seldom, alone=len(parts) == 1)
            ]
            measure(one, taking, setup, number, results)


def measure(
    chosen: Input,
    candidates: Sequence[Candidate],
    setup: Setup,
    number: int,
    results: Results,
) -> None:
    """One round over one input."""
    for candidate in candidates:
        if candidate.name not in results.left_out:
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


def takes_part(candidate: Candidate, chosen: Input, *, seldom: bool, alone: bool) -> bool:
    """``seldom``: those that take part in the first rounds only do so now. ``alone``: the input is
    so small that nobody gets a sample of it.
    """
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
        return alone or not candidate.sampled
    return seldom and (candidate.sampled or candidate.name in (FLOOR, *ours))


def measure_jobs(wholes: Sequence[Input], options: argparse.Namespace, results: Results) -> None:
    """All rounds of whole jobs, beside validation alone of the same lines."""
    few, many = options.copies
    clean, *others = (one for one in wholes if one.name in (CLEAN, DIRTY, ONLY_BAD))
    for number in range(options.rounds):
        for work, measure_alone in zip(ALONE, (in_memory(1), validate), strict=True):
            for size in (few, many):
                with tempfile.TemporaryDirectory(dir=options.output) as home:
                    seconds = measure_alone(copies(clean, size), clean.level, Path(home))
                results.alone.append(Alone(clean.name, work, number, size, seconds))
                print(f"round {number + 1}: {results.alone[-1]}", file=sys.stderr)
        for workers, sizes in ((1, {1, few, many}), (2, {few, many})):
            for size in sorted(sizes):
                results.jobs.append(run_job(clean, size, workers, number))
                print(f"round {number + 1}: {results.jobs[-1]}", file=sys.stderr)
        results.pairs.append(run_pair(clean, few, number))
        for other in others:
            results.jobs += [run_job(other, size, 1, number) for size in sorted({1, few})]


def _table(script: str, *arguments: object) -> dict[str, float]:
    """What a script measures, by name: the least of two rounds."""
    command = [sys.executable, _HERE / script, *arguments, "--rounds", "2", "--json"]
    done = subprocess.run([str(one) for one in command], stdout=subprocess.PIPE, check=False)
    if done.returncode:  # it has said why
        raise SystemExit(done.returncode)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def reported(results: Results, inputs: Sequence[Input]) -> tuple[list[Row], list[Bar]]:
    found = [*rows(inputs, results.runs), *job_rows(results.jobs, results.runs)]
    return found, bars(results)


def write(
    options: argparse.Namespace,
    inputs: Sequence[Input],
    results: Results,
    missing: dict[str, str],
) -> None:
    """Write result.json and the plot, after every section."""
    found, reached = reported(results, inputs)
    document = {
        "machine": machine(),
        "settings": _settings(options),
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
        "left_out": {**missing, **results.left_out},
        "runs": [{**asdict(one), "refused": len(one.refused)} for one in results.runs],
        "jobs": [asdict(one) for one in results.jobs],
        "alone": [asdict(one) for one in results.alone],
        "pairs": [{**asdict(one), "speedup": one.speedup} for one in results.pairs],
    }
    (options.output / "result.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.output / "speed.svg").write_text(plot(as_json(found)))


def _reference(labels: Labels | None) -> str | None:
    return labels.reference if labels else None


if __name__ == "__main__":
    run_script(main)
