#!/usr/bin/env python3
"""Label files by the reference validator, for any NDJSON and any of its versions.

usage: make_labels.py [--hapi VERSION]... [--level strict|structure-only] [--package FILE.tgz]...
[--unknown-profile error|warning] [--runs N] [--threads N] IN.ndjson[.gz] FOLDER

Writes FOLDER/NAME.LEVEL.hapi-VERSION.jsonl.gz for every version (8.4.0 and 8.8.1 where none is
named): a header line, then a label for every line that is not plainly valid, each with the version
that it is from; ``SHARED/oracle/compare`` reads it. Every line is judged --runs times (twice), and
where the runs differ the label is ``either``. Prints what runs and versions disagree on, line by
line; exits 1 where a run contradicted another.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import pathlib
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from labels import Answer, Reach, label
from reference_run import Reference, Settings, UnrunnableError

from bulkfhir.validators.definitions import core
from bulkfhir.validators.definitions.packages import Packages

VERSIONS = ("8.4.0", "8.8.1")


def lines_of(path: pathlib.Path) -> list[bytes]:
    """Return the lines of an NDJSON file, without their ends."""
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def labelled(
    lines: Sequence[bytes], runs: Sequence[Sequence[Answer]], hapi: str, reach: Reach
) -> list[dict[str, Any]]:
    """Return the labels of all lines, from one or more runs of a version."""
    rows = (
        label(number, line, answers, hapi, reach)
        for number, (line, *answers) in enumerate(zip(lines, *runs, strict=True), 1)
        if line.strip()
    )
    return [row for row in rows if row is not None]


def header(
    source: str, lines: Sequence[bytes], rows: Sequence[Mapping[str, Any]], settings: str
) -> dict[str, Any]:
    """Return the first line of a label file."""
    verdicts = Counter(row["verdict"] for row in rows)
    counts = {"valid": sum(bool(one.strip()) for one in lines) - len(rows), **verdicts}
    joined = b"".join(line + b"\n" for line in lines)
    return {
        "source": source,
        "sha256": hashlib.sha256(joined).hexdigest(),
        "lines": len(lines),
        "counts": counts,
        "settings": settings,
    }


def differences(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines on whose verdict the labels of two versions differ, as text."""
    here, there = ({row["line"]: row for row in rows} for rows in (one, other))
    return [
        f"line {number}: {_told(here.get(number))} but {_told(there.get(number))}"
        for number in sorted(here.keys() | there.keys())
        if _verdict(here.get(number)) != _verdict(there.get(number))
    ]


def _verdict(row: Mapping[str, Any] | None) -> str:
    return "valid" if row is None else str(row["verdict"])


def _told(row: Mapping[str, Any] | None) -> str:
    ids = {error["id"] for error in (row or {}).get("errors", ())}
    return f"{_verdict(row)} {', '.join(sorted(ids))}".strip()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lines", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--hapi", action="append", metavar="VERSION")
    parser.add_argument("--level", choices=("strict", "structure-only"), default="strict")
    parser.add_argument("--package", action="append", default=[], type=pathlib.Path)
    parser.add_argument("--unknown-profile", choices=("error", "warning"), default="error")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    settings = Settings(chosen.level, chosen.unknown_profile, tuple(chosen.package), chosen.threads)
    lines = lines_of(chosen.lines)
    packages = Packages([str(path) for path in chosen.package]) if chosen.package else core()
    reach = Reach(packages)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    contradicted = False
    before: tuple[str, list[dict[str, Any]]] | None = None
    for version in chosen.hapi or VERSIONS:
        try:
            reference = Reference.build(version)
            runs = [reference.judge(lines, settings) for _ in range(chosen.runs)]
        except UnrunnableError as error:
            sys.exit(f"make_labels: {error}")
        rows = labelled(lines, runs, version, reach)
        contradicted |= _write(chosen.lines, chosen.folder, lines, rows, reference, settings)
        if before is not None:
            apart = differences(before[1], rows)
            print(f"HAPI {before[0]} and {version} differ on {len(apart)} of {len(lines)} lines")
            print(*apart, sep="\n", end="\n" if apart else "")
        before = version, rows
    return int(contradicted)


def _write(
    source: pathlib.Path,
    folder: pathlib.Path,
    lines: Sequence[bytes],
    rows: Sequence[Mapping[str, Any]],
    reference: Reference,
    settings: Settings,
) -> bool:
    """Write a label file and say so; tell whether runs contradicted one another."""
    told = f"HAPI {reference.hapi} (org.hl7.fhir.core {reference.core}), {settings.level}"
    if settings.level == "strict":
        names = " ".join(path.name.removesuffix(".tgz") for path in settings.packages)
        told += f", unknown profile = {settings.unknown_profile}, packages: {names}"
    head = header(source.name, lines, rows, told)
    stem = source.name.removesuffix(".gz").removesuffix(".ndjson")
    target = folder / f"{stem}.{settings.level}.hapi-{reference.hapi}.jsonl.gz"
    with gzip.GzipFile(target, "wb", mtime=0) as file:
        for row in (head, *rows):
            file.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    doubtful = [row["line"] for row in rows if "contradicts" in row.get("why", "")]
    print(f"{target}: {head['counts']}")
    if doubtful:
        print(f"its runs contradict one another on lines {', '.join(map(str, doubtful))}")
    return bool(doubtful)


if __name__ == "__main__":
    sys.exit(main())
