#!/usr/bin/env python3
"""Many files: what a plan of so many files takes, and the process that drives the job, of which
every task is simulated: its record is written, and its logs are not.

usage: many_files.py [--files 1000000] [--bytes 5000000] [--folder FOLDER] [STEP ...]

Steps, each in a process of its own: ``plan`` (bulkfhir plan), ``run`` (bulkfhir import, from the
listing to the Manifest), ``merge`` (of a plan whose shares have done their work, simulated by
``records``). Prints the seconds, those of CPU, and the largest memory of each.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

from bulkfhir.engine import storage
from bulkfhir.engine.across.cause_sums import CauseSums
from bulkfhir.engine.across.duplicates import Duplicates
from bulkfhir.engine.arrays import ArrayJob, merge, merge_array, plan_array
from bulkfhir.engine.dispatching.dispatch import run_group
from bulkfhir.engine.dispatching.recorded_groups import run_recorded
from bulkfhir.engine.executors import Heartbeat, no_tick
from bulkfhir.engine.executors.followed_task import run_followed
from bulkfhir.engine.figures.totals import Totals
from bulkfhir.engine.job.importing import run_import
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.sharding.checkpoint import save_record
from bulkfhir.engine.sharding.shard import ShardResult
from bulkfhir.engine.sharding.shard_groups import groups_left
from bulkfhir.engine.storage import StoredObject
from bulkfhir.engine.storage.buckets import BucketFolders
from bulkfhir.engine.writing.publish import publish_logs

SOURCE, OUTPUT = "s3://many/exports/2026-11-28/", "s3://many/out/"
LINE = 1_000
"""Bytes of a line."""
RULES = {f"error rule-{number}": number + 1 for number in range(12)}


class ManyFiles(BucketFolders):
    """A store whose source has as many files as is wished, none of which is anywhere; what is
    written lies on this disk, and is not waited for.
    """

    def __init__(self, root: str, files: int, size: int) -> None:
        super().__init__(root)
        self._files, self._size = files, size

    def list(self, folder: str) -> Iterator[StoredObject]:
        if folder != SOURCE:
            yield from super().list(folder)
            return
        for number in range(self._files):
            yield self._input(number)

    def stat(self, uri: str) -> StoredObject | None:
        if uri.startswith(SOURCE):
            name = uri.rpartition("-")[2].removesuffix(".ndjson")
            return self._input(int(name)) if name.isdigit() else None
        return super().stat(uri)

    def put(self, uri: str, data: bytes, *, durable: bool = False) -> None:
        super().put(uri, data)

    def settle(self, folder: str) -> None:
        """Wait for no disk."""

    def _input(self, number: int) -> StoredObject:
        # As a listing of S3 has them: a key of some 90 letters, an ETag of 34.
        digest = f"{number * 0x9E3779B97F4A7C15 % 2**128:032x}"
        name = f"department-{number // 1000:05d}/Observation-{digest[:12]}-{number:08d}.ndjson"
        return StoredObject(SOURCE + name, self._size, f'"{digest}"')


class Simulated:
    """A runner whose tasks are done at once: a group's record is written, a log is not."""

    slots, counters, apart = 8, None, True

    def submit(self, slot, /, function, *arguments):
        """Return what a task would have come to."""
        future = Future()
        future.set_result(self._done(function, arguments))
        return future

    def ask(self, function, *arguments):
        """Return the answer of a worker that is this process."""
        future = Future()
        future.set_result(function(*arguments))
        return [future]

    def lost(self, error):
        """Return False: nobody dies."""
        return False

    def restart(self):
        """Return False: nobody has died."""
        return False

    def close(self, *, kill=False):
        """End."""

    def _done(self, function, arguments):
        if function is run_followed:
            errand, wanted, *given = arguments
            return run_followed(errand, done, wanted, *given, Heartbeat())
        return done(function, *arguments)


def done(function, *arguments):
    """Return what a task would have come to."""
    if function is run_group:
        settings, group = arguments[:2]
        results = tuple(simulated(shard, group[0].index) for shard in group)
        save_record(settings, results)
        return results
    if function is publish_logs:
        return None
    return CauseSums() if "causes" in function.__name__ else Duplicates()


def simulated(shard, group):
    """Return what a shard of which one line in fifty is bad would come to."""
    lines = max(1, ((shard.end or LINE) - shard.start) // LINE)
    bad = lines // 50
    totals = Totals(
        scanned=lines,
        imported=lines - bad,
        customer_errors=bad,
        imported_bytes=LINE * (lines - bad),
        imported_types={"Observation": lines - bad},
        customer_types={"Observation": bad} if bad else {},
        rules=RULES,
        examples=dict.fromkeys(RULES, ((shard.index, 1), (shard.index, 7))),
        undecided={"http://loinc.org": lines},
    )
    pieces = (("SUCCESS", 90 * (lines - bad)), ("FAILURE", 400 * bad), ("causes", 900))
    return ShardResult(shard.index, lines, totals, pieces, None, group)


def plan(folder: Path) -> dict[str, object]:
    """Plan the job for an array."""
    uri = plan_array(SOURCE, OUTPUT, Choices(), job_id="array")
    job = ArrayJob.read(uri)
    return {"shards": job.shards}


def records(folder: Path) -> dict[str, object]:
    """Leave what the shares of the array would."""
    job = ArrayJob.read(f"{OUTPUT}{'0' * 32}-FHIR_IMPORT-array/job.json")
    planned = job.checkpoint.load()
    groups = groups_left(planned.shards, planned.groups, ())
    return {"shards": sum(1 for _ in run_recorded(Simulated(), planned.settings, groups, no_tick))}


def merged(folder: Path) -> dict[str, object]:
    """Merge the array's job."""
    merge.open_runner = lambda *_, **__: Simulated()
    _, result = merge_array(f"{OUTPUT}{'0' * 32}-FHIR_IMPORT-array/job.json")
    return told(result)


def run(folder: Path) -> dict[str, object]:
    """Do the job on an engine."""
    return told(run_import(SOURCE, OUTPUT, Choices(), job_id="run", executor=Simulated))


def told(result) -> dict[str, object]:
    """Return what a job came to."""
    return {
        "status": result.status,
        "message": result.message,
        "files": result.summary.files,
        "scanned": result.manifest and result.manifest.resources_scanned,
    }


STEPS = {"plan": plan, "records": records, "merge": merged, "run": run}


def measured(step: str, folder: Path, files: int, size: int) -> dict[str, object]:
    """Do a step in this process; return what it came to, its seconds and its largest memory."""
    (folder / "many").mkdir(parents=True, exist_ok=True)
    store = ManyFiles(str(folder), files, size)
    storage._s3 = lambda _key: store
    begun = time.monotonic()
    found = STEPS[step](folder)
    seconds = round(time.monotonic() - begun, 1)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = round(used.ru_utime + used.ru_stime, 1)
    peak = used.ru_maxrss // 1024
    return {"step": step, **found, "seconds": seconds, "CPU": cpu, "peak MB": peak}


def tell(step: str, folder: Path, files: int, size: int) -> None:
    """Do a step, and print what came of it."""
    sys.stdout.write(json.dumps(measured(step, folder, files, size)) + "\n")


def main() -> int:
    """Measure the steps that are named: each process has imported what this one has."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("steps", nargs="*", default=["plan", "records", "merge", "run"])
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--bytes", type=int, default=5_000_000)
    parser.add_argument("--folder")
    given = parser.parse_args()
    fork = multiprocessing.get_context("fork")
    codes = []
    with tempfile.TemporaryDirectory() as own:
        folder = Path(given.folder or own)
        for step in given.steps:
            process = fork.Process(target=tell, args=(step, folder, given.files, given.bytes))
            process.start()
            process.join()
            codes.append(process.exitcode)
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
