#!/usr/bin/env python3
"""Table upserts: what committing to a table costs, in time and memory, when a second job changes
rows of a first.

usage: table_upserts.py [--rows 1000000] [--table iceberg|delta] [--folder FOLDER]

The first job has so many Patients of about a kilobyte. The second has as many: half of them, every
other one of the first's, are changed, and half are new. Prints JSON: of each job the seconds and
the peak of memory of its commit, which a process of its own makes again of the job's parts, since
the job's own peak is that of reading.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from arguments import Parser, folder, run_script, whole_number

from bulkfhir.engine.stored_tables.table_wish import TableWish


def lines(numbers: range, gender: str, seed: int) -> list[str]:
    """Return a Patient for each number."""
    made = random.Random(seed)  # noqa: S311 seeded data
    return [
        json.dumps(
            {
                "resourceType": "Patient",
                "id": f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}-{number}",
                "gender": gender,
                "identifier": [
                    {"system": "https://example.org/ids", "value": made.randbytes(400).hex()}
                ],
            }
        )
        for number in numbers
    ]


def write(path: Path, rows: int, *, second: bool) -> None:
    """Write the input of a job."""
    step = 50_000
    with path.open("w") as file:
        for first in range(0, rows, step):
            numbers = range(first, min(first + step, rows))
            if second:
                numbers = range(2 * first, 2 * first + 2 * len(numbers), 2)
            made = lines(numbers, "female" if second else "male", first + second)
            file.write("\n".join([*made, ""]))


def commit(job_folder: str, form: str, location: str) -> None:
    """Commit the parts of a job to a table; print what it cost."""
    from bulkfhir.engine.job_terms.job_choices import Choices
    from bulkfhir.engine.job_terms.settings import Settings
    from bulkfhir.engine.stored_tables import publish_tables

    choices = Choices(table=form, table_options=(("location", location),))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, used = time.perf_counter(), time.process_time()
    publish_tables(Settings(choices, f"{job_folder}/.work", job_folder), lambda: None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures = {
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(time.process_time() - used, 2),
        "peak_megabytes": round(peak / 1000),
        "of_it_imports": round(before / 1000),
    }
    print(json.dumps(figures))


def measured(place: Path, rows: int, form: str) -> dict[str, object]:
    """Run both jobs, and the commit of each; return the figures."""
    found: dict[str, object] = {"table": form, "rows": rows}
    for name in ("first", "second"):
        source = place / f"{name}.ndjson"
        write(source, rows, second=name == "second")
        job = ["import", str(source), "--output", str(place / "out"), "--job-id", name]
        chosen = ["--level", "structure-only", "--sink", "parquet", "--quiet", "--no-report"]
        said(["bulkfhir", *job, *chosen])
        parts = f"{place}/out/{'0' * 32}-FHIR_IMPORT-{name}"
        command = [sys.executable, __file__, "--commit", parts, "--table", form]
        found[name] = json.loads(said([*command, "--folder", str(place)]))
    return found


def said(command: list[str]) -> bytes:
    """Return what a command prints. One that fails ends this one; it has said why."""
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout


def main() -> None:
    """Run as a program."""
    parser = Parser(__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=whole_number(), default=1_000_000)
    parser.add_argument("--table", choices=("iceberg", "delta"), default="iceberg")
    parser.add_argument("--folder", type=folder)
    parser.add_argument("--commit", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.commit:
        commit(chosen.commit, chosen.table, f"{chosen.folder}/lake-{chosen.table}")
        return
    TableWish.of(chosen.table, {})  # raises where its library is not installed
    with tempfile.TemporaryDirectory() as own:
        place = (chosen.folder or Path(own)).resolve()
        print(json.dumps(measured(place, chosen.rows, chosen.table), indent=2))


if __name__ == "__main__":
    run_script(main)
