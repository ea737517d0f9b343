#!/usr/bin/env python3
"""Our verdicts beside the oracle's, for every label file: one table, and the groups of
disagreement.

usage: agreement.py [--shared FOLDER] [--only NAME]... [--own FOLDER] [--processes N] [--jsonl
FOLDER] [--groups FOLDER] [--show N] [--min-agreement PERCENT] [--against REVISION]

Every label file of SHARED/oracle and SHARED/cases (default: ../shared beside the project) is judged
at the level and with the packages that its header, or its name, says, and set beside the labels by
SHARED/oracle/compare. --own adds the label files of a folder (X.labels.jsonl.gz beside X.ndjson).
--only keeps the label files whose name contains NAME. --jsonl keeps our issues, --groups writes
groups-NAME.txt with examples. Exits 1 where a file stays below --min-agreement.

--against prints below each row, line by line, the issues that only the working tree (+) or only a
git revision (-) finds. The revision is checked out into a folder that goes afterwards; its Python
is run by this interpreter, without a native module, which changes no verdict.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from revision import checked_out, difference  # beside this script

from bulkfhir.validators import Level, Validator

SHARED = pathlib.Path(__file__).resolve().parents[3] / "shared"
_CHUNK = 250
"""Lines that one task judges: enough to make passing them cheap, few enough to keep both processes
busy to the end.
"""
_ALSO = {"usc311": ("hl7.fhir.us.core-3.1.1",), "guide-hash2": ("hl7.fhir.us.core-6.1.0",)}
"""Sets of cases that need a published package beside their own."""
_TOTALS = re.compile(
    r": (\d+) lines counted \((\d+) not\), agreement ([\d.]+) %, (\d+) false alarms, (\d+) misses"
)
_GROUP = re.compile(r"^ *(\d+)  (false alarm|miss), [^:]*: (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label file, the lines it is about, and how they are to be judged."""

    name: str
    labels: pathlib.Path
    lines: tuple[pathlib.Path, ...]
    level: Level
    packages: tuple[str, ...]
    kinds: pathlib.Path | None
    sha256: str

    def data(self) -> bytes:
        """The lines, decompressed, several files joined; raises ValueError where they are not those
        that were labelled.
        """
        data = b"".join(
            gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes()
            for p in self.lines
        )
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise ValueError(f"{self.name}: the lines are not those that were labelled")
        return data


def label_files(shared: pathlib.Path, own: pathlib.Path | None) -> Iterator[Labelled]:
    """All label files, those of SHARED first, in name order."""
    for labels in sorted((shared / "oracle").glob("*.jsonl.gz")):
        yield _labelled(labels, shared, _shared_lines(labels, shared))
    for labels in sorted((shared / "cases").glob("*.jsonl")):
        yield _case(labels, shared)
    for labels in sorted(own.glob("*.labels.jsonl.gz")) if own else ():
        yield _labelled(
            labels,
            shared,
            (labels.with_name(labels.name.removesuffix(".labels.jsonl.gz") + ".ndjson"),),
        )


def _shared_lines(labels: pathlib.Path, shared: pathlib.Path) -> tuple[pathlib.Path, ...]:
    source = str(_header(labels)["source"])
    folder = shared / "ndjson" / source.removesuffix(".ndjson.gz")
    if folder.is_dir():
        return tuple(sorted(folder.glob("*.ndjson.gz")))
    places = (
        shared / "ndjson" / source,
        shared / "ndjson" / "ig-examples" / source,
        shared / "conformance" / source,
    )
    return tuple(place for place in places if place.exists())[:1]


def _case(labels: pathlib.Path, shared: pathlib.Path) -> Labelled:
    """A set of SHARED/cases: NAME.LEVEL.jsonl, whose packages are known by its name."""
    head, name = _header(labels), labels.name.partition(".")[0]
    own = (labels.parent / "packages" / f"{prefix}{name}.tgz" for prefix in ("bugs.", ""))
    also = (shared / "packages" / f"{package}.tgz" for package in _ALSO.get(name, ()))
    kinds = labels.with_name(f"{name}.kinds")
    return Labelled(
        name=f"cases-{labels.name.removesuffix('.jsonl')}",
        labels=labels,
        lines=(labels.with_name(str(head["source"])),),
        level=head["level"],
        packages=tuple(str(package) for package in (*own, *also) if package.exists()),
        kinds=kinds if kinds.exists() else None,
        sha256=str(head["sha256"]),
    )


def _header(labels: pathlib.Path) -> dict[str, Any]:
    with gzip.open(labels, "rt") if labels.suffix == ".gz" else labels.open() as file:
        return dict(json.loads(file.readline()))


def _labelled(
    labels: pathlib.Path, shared: pathlib.Path, lines: tuple[pathlib.Path, ...]
) -> Labelled:
    head = _header(labels)
    settings = str(head["settings"]).split(";")[0]
    level: Level = "strict" if ", strict" in settings else "structure-only"
    names = settings.partition("packages:")[2].split()
    kinds = lines[0].with_name(lines[0].name.split(".ndjson")[0] + ".kinds") if lines else None
    return Labelled(
        name=labels.name.removesuffix(".labels.jsonl.gz").removesuffix(".jsonl.gz"),
        labels=labels,
        lines=lines,
        level=level,
        packages=tuple(str(shared / "packages" / f"{name}.tgz") for name in names),
        kinds=kinds if kinds and kinds.exists() else None,
        sha256=str(head["sha256"]),
    )


_validators: dict[tuple[Level, tuple[str, ...]], Validator] = {}


def _judge(level: Level, packages: tuple[str, ...], first: int, lines: Sequence[bytes]) -> str:
    """The failing issues of some lines as jsonl, the first of them being line ``first``; runs in a
    worker.
    """
    if (level, packages) not in _validators:
        _validators[level, packages] = Validator(level, packages=packages)
    validate = _validators[level, packages].validate
    rows: list[dict[str, object]] = []
    for number, line in enumerate(lines, first):
        line = line.removesuffix(b"\r")
        if not line.strip():
            continue
        try:
            issues = [i for i in validate(line).issues if i.fails]
        except Exception:  # noqa: BLE001 - the wall around one line: a crash is a row of the table, not its end
            rows.append(
                {
                    "line": number,
                    "severity": "fatal",
                    "rule": "validator-crash",
                    "location": "",
                    "diagnostics": traceback.format_exc()[-400:],
                }
            )
            continue
        rows += [
            {
                "line": number,
                "severity": i.severity,
                "code": i.code,
                "rule": i.rule,
                "location": i.location,
                "diagnostics": i.diagnostics,
                "profile": i.profile,
            }
            for i in issues
        ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def judge(labelled: Labelled, pool: ProcessPoolExecutor, out: pathlib.Path) -> None:
    """Writes our issues for a label file's lines, in line order."""
    lines = labelled.data().split(b"\n")
    starts = range(0, len(lines), _CHUNK)
    tasks = [
        pool.submit(
            _judge, labelled.level, labelled.packages, start + 1, lines[start : start + _CHUNK]
        )
        for start in starts
    ]
    with out.open("w") as file:
        for task in tasks:
            file.write(task.result())


def compare(shared: pathlib.Path, labelled: Labelled, issues: pathlib.Path, show: int) -> str:
    """What SHARED/oracle/compare says."""
    command = [
        sys.executable,
        str(shared / "oracle" / "compare"),
        str(labelled.labels),
        str(issues),
        "--show",
        str(show),
    ]
    if labelled.kinds:
        command += ["--kinds", str(labelled.kinds)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def row(name: str, said: str, seconds: float) -> tuple[str, float]:
    """A line of the table, and the agreement."""
    totals = _TOTALS.search(said)
    if totals is None:
        return f"{name:52} compare said nothing: {said[-200:]}", 0.0
    counted, skipped, agreement, false, missed = totals.groups()
    groups = sorted(
        (
            (int(n), f"{'+' if kind == 'miss' else '-'}{rule.rsplit('/', 1)[-1]} {n}")
            for n, kind, rule in _GROUP.findall(said)
        ),
        reverse=True,
    )
    largest = ", ".join(text for _, text in groups[:4])
    return (
        (
            f"{name:52} {counted:>6} {skipped:>5} {float(agreement):8.3f} {false:>6} {missed:>6} "
            f"{seconds:6.1f}s  {largest}"
        ),
        float(agreement),
    )


def judged_by(revision: str, folder: pathlib.Path, options: argparse.Namespace) -> None:
    """Write into a folder the issues that a git revision finds, by this very script."""
    own = ["--own", str(options.own)] if options.own else []
    only = [part for name in options.only for part in ("--only", name)]
    processes = ["--processes", str(options.processes)]
    command = [sys.executable, __file__, "--shared", str(options.shared), *own, *only, *processes]
    with checked_out(revision) as packages:
        environment = {**os.environ, "PYTHONPATH": str(packages)}
        subprocess.run(
            [*command, "--jsonl", str(folder)],
            check=True,
            stdout=subprocess.DEVNULL,
            env=environment,
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=pathlib.Path, default=SHARED)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--own", type=pathlib.Path)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--jsonl", type=pathlib.Path)
    parser.add_argument("--groups", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=5)
    parser.add_argument("--min-agreement", type=float, default=0.0)
    parser.add_argument("--against", metavar="REVISION")
    options = parser.parse_args()
    if not (options.shared / "oracle").is_dir():
        print(f"no label files: {options.shared / 'oracle'} is not there", file=sys.stderr)
        return 2
    for folder in (options.jsonl, options.groups):
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
    worst = 100.0
    print(
        f"{'label file':52} {'lines':>6} {'not':>5} {'agree %':>8} {'false':>6} {'missed':>6}    "
        "time  largest groups (+ missed by us, - false alarm)"
    )
    with tempfile.TemporaryDirectory() as temporary, ProcessPoolExecutor(options.processes) as pool:
        before = pathlib.Path(temporary) / "before"
        if options.against:
            judged_by(options.against, before, options)
        for labelled in label_files(options.shared, options.own):
            if options.only and not any(part in labelled.name for part in options.only):
                continue
            began = time.monotonic()
            issues = (options.jsonl or pathlib.Path(temporary)) / f"{labelled.name}.jsonl"
            judge(labelled, pool, issues)
            said = compare(options.shared, labelled, issues, options.show)
            if options.groups:
                (options.groups / f"groups-{labelled.name}.txt").write_text(said)
            text, agreement = row(labelled.name, said, time.monotonic() - began)
            worst = min(worst, agreement)
            print(text, flush=True)
            for line in difference(before / issues.name, issues) if options.against else ():
                print(f"    {line}", flush=True)
    return int(worst < options.min_agreement)


if __name__ == "__main__":
    sys.exit(main())
