#!/usr/bin/env python3
"""Kills while a table is committed to: it has the old or the new version, whichever step was the
last, and once the job is resumed it has the new one, once.

usage: table_kills.py [--kills 50] [--table iceberg|delta] [--folder FOLDER]

A job makes a table. Then a second one, which changes half of its rows, is killed at a step of its
commit, each time from the same beginning: before and after every file that the project writes,
before and after the library's own commit; and, for what the library does inside, at moments spread
over the time that its commit takes. No kill comes later than its step: a job that has ended is
complete, and refuses to be resumed. After each kill the table is read by its own library.
Then the job is resumed, the table is read again, and its versions are counted. What the kill has
left is named and removed by ``bulkfhir tables orphans``, after which the table must read the same.
Prints a table: which step, how often, what was read after it; exits with 1 where anything else was,
or a kill did not come.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

OLD = {str(number): "male" for number in range(20)}
NEW = OLD | {str(number): "female" for number in range(0, 40, 2)}
_IMPORTED = (
    "duckdb",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "sqlite3",
    "bulkfhir.engine.cli.import_job",
    "bulkfhir.engine.cli.program",
    "bulkfhir.engine.cli.table_commands",
    "bulkfhir.engine.executors.thread",
    "bulkfhir.engine.job.importing",
    "bulkfhir.engine.jobs.recording",
    "bulkfhir.engine.dispatching.preload",
)
"""What every job imports that commits to a table, and every look at one."""
_IMPORTED_FOR = {
    "iceberg": (
        "pyiceberg.avro.decoder_fast",
        "pyiceberg.catalog.sql",
        "rich.console",
        "sqlalchemy.dialects.sqlite",
        "bulkfhir.engine.stored_tables.iceberg",
    ),
    "delta": ("deltalake.fs", "bulkfhir.engine.stored_tables.delta"),
}
_INSIDE = "inside-"
"""Begins what a process is told that dies inside the library's commit; seconds follow."""
_MOMENTS = 8
"""Kills inside the library's commit come at so many moments, spread over its usual time."""
_EARLIER = 20
"""How often a moment is halved that a quicker commit has outrun: a millionth of it is left."""


def write(path: Path, people: dict[str, str]) -> None:
    """Write Patients."""
    lines = [
        json.dumps({"resourceType": "Patient", "id": key, "gender": gender})
        for key, gender in people.items()
    ]
    path.write_text("\n".join([*lines, ""]))


def in_child(act: Callable[[], Any]) -> tuple[int, Any]:
    """Run a function in a fork of this process, which has imported all that it needs and started no
    thread; return its exit code and what the function has returned.
    """
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receiving)
        with os.fdopen(sending, "w") as pipe:
            json.dump(act(), pipe)
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), json.loads(said) if said else None


def run_job(folder: Path, name: str, form: str, *more: str, step: str = "none") -> int:
    """Run a job in a process of its own, which kills itself at a step; return its exit code."""
    job = ["import", str(folder / f"{name}.ndjson"), "--output", str(folder / "out")]
    chosen = ["--job-id", name, "--table", form, "--level", "structure-only", "--workers", "1"]
    arguments = [*job, *chosen, "--quiet", "--no-report", *more]
    killed, code = in_child(lambda: run_here(folder, step, arguments))
    return killed or code


def die() -> None:
    """End this process as an operator or the kernel would."""
    os.kill(os.getpid(), signal.SIGKILL)


class Steps:
    """Counts the steps of a commit, and kills the process at one of them.

    wanted   number of a step; ``inside-SECONDS``; or none, where all are counted
    took     seconds that the library's commit took
    """

    def __init__(self, wanted: str) -> None:
        self.wanted, self.names, self.took = wanted, list[str](), 0.0

    def reached(self, name: str) -> None:
        """Count a step; die where it is the one."""
        self.names.append(name)
        if self.wanted == str(len(self.names) - 1):
            die()

    def around(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that counts a step before ``act``, and one after it."""

        def acting(*arguments: Any, **named: Any) -> Any:
            self.reached(f"before {name}")
            result = act(*arguments, **named)
            self.reached(f"after {name}")
            return result

        return acting

    def within(self, commit: Callable[..., Any]) -> Callable[..., Any]:
        """Return a commit that the process dies in, where it is told to and the moment comes.

        The kernel ends the process: SIGALRM has no handler, and waits for no lock of Python, as a
        thread would. Once the commit has returned it does not come any more.
        """
        inside = self.wanted.startswith(_INSIDE)
        moment = float(self.wanted.removeprefix(_INSIDE)) if inside else 0.0

        def committing(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            signal.setitimer(signal.ITIMER_REAL, moment)
            try:
                return commit(*arguments, **named)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                self.took = time.perf_counter() - began

        return committing


def run_here(folder: Path, step: str, arguments: list[str]) -> int:
    """Run a command in this process, with its steps counted; write which they were, and how long
    the library's commit took.
    """
    from bulkfhir.engine import stored_tables
    from bulkfhir.engine.cli.program import run
    from bulkfhir.engine.job import job_run
    from bulkfhir.engine.stored_tables import publication, stored_file

    steps = Steps(step)
    publish = stored_tables.publish_tables

    def published(*given: Any) -> None:
        close = stored_file.WrittenFile.close
        stored_file.WrittenFile.close = steps.around("file", close)  # type: ignore[method-assign]
        started = publication.open_store

        def opened(*chosen: Any) -> Any:
            store = started(*chosen)
            create = store.create

            def created(*named: Any) -> Any:
                table = create(*named)
                table.replace = steps.around("commit", steps.within(table.replace))
                return table

            store.create = steps.around("table", created)
            return store

        publication.open_store = opened
        steps.around("tables", publish)(*given)

    job_run.publish_tables = published
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    code = run(arguments)
    (folder / "steps").write_text(json.dumps([steps.names, steps.took]))
    return code


def read(folder: Path, form: str) -> tuple[dict[str, str], int]:
    """Return who is in the table and how many commits of jobs it has, read in another process."""
    code, found = in_child(lambda: read_here(folder, form))
    if code:
        raise SystemExit("the table cannot be read")
    return found[0], found[1]


def read_here(folder: Path, form: str) -> tuple[dict[str, str], int]:
    """Return who is in the table, by its own library, and how many commits of jobs it has."""
    tables = folder / "out/tables"
    if form == "iceberg":
        from pyiceberg.catalog import load_catalog

        catalog = load_catalog("bulkfhir", type="sql", uri=f"sqlite:///{tables}/catalog.db")
        table = catalog.load_table("fhir.patient")
        arrow, commits = table.scan().to_arrow(), len(table.snapshots())
    else:
        from deltalake import DeltaTable

        table = DeltaTable(str(tables / "fhir/patient"))
        arrow = table.to_pyarrow_table()
        commits = sum("bulkfhir.job" in entry for entry in table.history())
    people = [json.loads(text) for text in arrow["json"].to_pylist()]
    found = {person["id"]: person["gender"] for person in people}
    if len(found) != len(people):
        raise AssertionError("an id is there twice")
    return found, commits


def removed_orphans(folder: Path, form: str) -> int:
    """Remove what the kill left, by the command; return how many files."""
    command = ["tables", "orphans", str(folder / "out/tables"), "--table", form, "--remove"]
    before = files(folder)
    code, _ = in_child(lambda: run_here(folder, "none", command))
    if code:
        raise SystemExit("orphans cannot be removed")
    return len(before - files(folder))


def files(folder: Path) -> set[Path]:
    """Return every file of the tables."""
    return {*(folder / "out/tables").rglob("*")}


class Kills:
    """The kills of one table.

    seen     (step, what was read after the kill) -> how often
    faults   what else than the old or the new version was found
    """

    def __init__(self, folder: Path, form: str) -> None:
        self._folder, self._form = folder, form
        self.seen, self.faults = Counter[tuple[str, str]](), list[str]()
        self.orphans = 0
        write(folder / "one.ndjson", OLD)
        write(folder / "two.ndjson", {key: value for key, value in NEW.items() if value != "male"})
        if run_job(folder, "one", form):
            raise SystemExit("the first job failed")
        shutil.copytree(folder / "out", folder / "beginning")
        if run_job(folder, "two", form):
            raise SystemExit("the second job failed")
        self.steps, self.usual = json.loads((folder / "steps").read_text())
        if read(folder, form) != (NEW, 2):
            raise SystemExit("the second job did not change the table")

    def moments(self, kills: int) -> list[tuple[str, str]]:
        """Return (what the process is told, name of the step) of so many kills."""
        steps = [(str(number), name) for number, name in enumerate(self.steps)]
        spread = [self.usual * (number + 0.5) / _MOMENTS for number in range(_MOMENTS)]
        inside = [(f"{_INSIDE}{moment}", "inside commit") for moment in spread]
        every = [*steps, *inside]
        if kills < len(every):
            return [every[number * len(every) // kills] for number in range(kills)]
        return [every[number % len(every)] for number in range(kills)]

    def kill(self, told: str, step: str) -> None:
        """Kill the second job at a step; look; resume it; look again."""
        folder, form = self._folder, self._form
        code = self._begun(told)
        found, _ = read(folder, form)
        what = {True: "new", False: "neither"}[found == NEW] if found != OLD else "old"
        self.seen[step, what] += 1
        if code >= 0:
            self.faults.append(f"{step}: the job was not killed, its exit code is {code}")
        elif run_job(folder, "two", form, "--resume"):
            self.faults.append(f"{step}: the job cannot be resumed")
        if (after := read(folder, form)) != (NEW, 2):
            self.faults.append(f"{step}: after resuming {after[1]} commits, {len(after[0])} rows")
        self.orphans += removed_orphans(folder, form)
        if what == "neither" or read(folder, form) != (NEW, 2):
            self.faults.append(f"{step}: the table has neither version, or lost a file")

    def _begun(self, told: str) -> int:
        """Run the second job from the beginning; return its exit code. Where its commit is over
        before the moment at which it is to die, do so again with an earlier one.
        """
        for _ in range(_EARLIER):
            shutil.rmtree(self._folder / "out")
            shutil.copytree(self._folder / "beginning", self._folder / "out")
            code = run_job(self._folder, "two", self._form, step=told)
            if code or not told.startswith(_INSIDE):
                break
            told = f"{_INSIDE}{float(told.removeprefix(_INSIDE)) / 2}"
        return code


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--table", choices=("iceberg", "delta"), default="iceberg")
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    for name in (*_IMPORTED, *_IMPORTED_FOR[chosen.table]):
        importlib.import_module(name)
    gc.freeze()  # the forks share it all, and look for no garbage in it
    with tempfile.TemporaryDirectory(prefix="table-kills-") as own:
        kills = Kills(chosen.folder or Path(own), chosen.table)
        for told, step in kills.moments(chosen.kills):
            kills.kill(told, step)
    for (step, what), count in sorted(kills.seen.items()):
        print(f"{step:24} {what:16} {count:4}")
    print(f"{sum(kills.seen.values())} kills, {kills.orphans} orphans removed")
    for fault in kills.faults:
        print(fault)
    sys.exit(1 if kills.faults else 0)


if __name__ == "__main__":
    main()
