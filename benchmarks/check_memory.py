#!/usr/bin/env python3
"""Check memory: what the checks over a whole job take in time and memory, by how much there is to
look at.

usage: check_memory.py [--references 500000 5000000] [--folder FOLDER]

A resource has five references, an identifier, a profile that it claims, and a code that could not
be decided, which no other has. One reference in five leads to nothing, one resource in five is not
referred to; one resource and one identifier in ten come twice. What the resources say of one
another is taken down as a job does it, and a process of its own makes the checks of that. Prints a
line of JSON for each size.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import accumulate
from pathlib import Path

from arguments import Parser, folder, run_script, whole_number

from bulkfhir.engine.across.check_job import CheckedShard, check_job
from bulkfhir.engine.across.relation_columns import RelationColumns
from bulkfhir.engine.executors.live_counters import Heartbeat
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.job_terms.job_folder import RELATIONS
from bulkfhir.engine.job_terms.settings import Settings
from bulkfhir.engine.reading.lines import Lines
from bulkfhir.validators import BlockVerdicts
from bulkfhir.validators.verdicts.undecided import UndecidedCode

EACH = 5
"""References of a resource."""
LINES = 10_000
"""Resources that are taken down at once."""


def identity(number: int) -> str:
    """Return an id that looks like no neighbour's."""
    return f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}"


def line(number: int, resources: int) -> bytes:
    """Return a Patient."""
    targets = [
        (number * 7919 + turn * 104729) % (resources * 4 // 5)
        + (resources if (number + turn) % 5 == 0 else 0)
        for turn in range(EACH)
    ]
    patient = {
        "resourceType": "Patient",
        "id": identity(number - (number % 10 == 5)),
        "meta": {"profile": ["http://hl7.org/fhir/StructureDefinition/Patient"]},
        "identifier": [
            {"system": "http://example.org/ids", "value": str(number - (number % 10 == 1))}
        ],
        "link": [{"other": {"reference": f"Patient/{identity(one)}"}} for one in targets],
    }
    return json.dumps(patient, separators=(",", ":")).encode()


def take_down(settings: Settings, resources: int) -> None:
    """Write what so many resources say of one another as the part of one shard."""
    columns = RelationColumns(settings.key_secret)
    place = Path(settings.part_uri(0, RELATIONS))
    place.parent.mkdir(parents=True)
    with place.open("wb") as part:
        offset = 0
        for first in range(0, resources, LINES):
            numbers = range(first, min(first + LINES, resources))
            lines = [line(number, resources) for number in numbers]
            data = b"\n".join(lines)
            ends = [end + at for at, end in enumerate(accumulate(map(len, lines)))]
            starts = [end - len(one) for end, one in zip(ends, lines, strict=True)]
            codes = {
                UndecidedCode("http://example.org/v", "http://example.org/s", str(number)): [at]
                for at, number in enumerate(numbers)
            }
            columns.add(
                0,
                Lines(data, offset, first, len(lines)),
                BlockVerdicts(
                    range(len(lines)),
                    starts,
                    ends,
                    ["Patient"] * len(lines),
                    [None] * len(lines),
                    {},
                    frozenset(),
                    codes=codes,
                ),
            )
            offset += len(data) + 1
            if columns.full:
                part.write(columns.take())
        part.write(columns.take())


def chosen_settings(folder: Path) -> Settings:
    """Return the settings of a job whose folders lie in this one."""
    job = folder / "job"
    job.mkdir(parents=True, exist_ok=True)
    return Settings(Choices(checks=True), str(folder / "work"), str(job), secret="5a" * 16)


def peak() -> int:
    """Return the most memory that this process had, in kilobytes; what its parent had before it was
    replaced, which ``getrusage`` counts in, left out.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def check(folder: Path) -> None:
    """Make the checks; print what was found and what it took."""
    began, used = time.perf_counter(), time.process_time()
    shards = [CheckedShard(0, "/data/a.ndjson", 0, 0)]
    found = check_job(chosen_settings(folder), shards, 2, Heartbeat())
    figures = {
        "findings": found.counts,
        "references": found.references["resolved"] + found.references["unresolved"],
        "cpu_seconds": round(time.process_time() - used, 1),
        "seconds": round(time.perf_counter() - began, 1),
        "peak_megabytes": peak() // 1000,
    }
    print(json.dumps(figures))


def main() -> None:
    """Run as a program."""
    parser = Parser(__doc__.partition("\n")[0])
    parser.add_argument(
        "--references", type=whole_number(2 * EACH), nargs="+", default=[500_000, 5_000_000]
    )
    parser.add_argument("--folder", type=folder, help="where to work, in a folder that goes again")
    parser.add_argument("--check", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.check:
        check(chosen.check)
        return
    with tempfile.TemporaryDirectory(dir=chosen.folder) as own:
        for references in chosen.references:
            place = Path(own) / str(references)
            take_down(chosen_settings(place), references // EACH)
            command = [sys.executable, __file__, "--check", str(place)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    run_script(main)
