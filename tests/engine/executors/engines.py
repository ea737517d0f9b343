#!/usr/bin/env python3
"""Engines: the same job on engines that CI has not, two workers each, whole, cancelled and gone on
with, and with every process killed that stands between a task and this one, beside the bytes of a
local job.

usage: engines.py {dask,ray,spark} ...

Prints a line a run: the engine, seconds, digest, and what a task takes that does nothing. Ends with
1 where a digest is another one than the local job's, nobody was killed, a cancelled job did not
stop, or nothing was seen or heard of a task before its end.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
from clusters import CLUSTERS, Cluster

from bulkfhir import JobStatus, import_job
from bulkfhir.engine.counting.progress import Progress
from bulkfhir.engine.executors import Runner, Task, followed, no_tick, open_runner, run_all

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
FILES, LINES = 4, 2_000
CUT: Mapping[str, Any] = {
    "judge": "toy",
    "job_id": "j",
    "shard_bytes": 20_000,
    "task_bytes": 200_000,
}
NAP = 1.0
"""Seconds that a line of a slow task takes."""
END_OF_TASK = 10.0
"""Seconds that the worker of a cancelled task gets to end it."""


def main() -> int:
    """Run the engines that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engines", nargs="+", choices=sorted(CLUSTERS))
    engines = parser.parse_args().engines
    sys.path.insert(0, str(PLUGINS))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(PLUGINS), os.environ.get("PYTHONPATH", "")])
    good = True
    for name in engines:
        with tempfile.TemporaryDirectory() as folder, CLUSTERS[name]() as cluster:
            good &= Trial(Path(folder), name, cluster).run()
    return int(not good)


class Trial:
    """What one engine is put through."""

    def __init__(self, folder: Path, name: str, cluster: Cluster) -> None:
        self._folder, self._name, self._cluster = folder, name, cluster

    def run(self) -> bool:
        """Run all jobs; return whether each went as it should. What dies for good comes last."""
        good = self._job("whole", {})
        overhead(self._name, self._cluster, self._folder)
        good &= self._stopped()
        good &= self._cancelled()
        for kin, who in enumerate(self._cluster.kin):
            killed = self._folder / f"killed-{kin}"
            good &= self._job(f"{who} killed", {"kill": str(killed), "kin": kin}, killed)
        return good

    def _job(self, what: str, extra: Mapping[str, object], killed: Path | None = None) -> bool:
        """Run a job with one line that kills; return whether it has a local job's bytes."""
        source = export(self._folder / what, extra)
        begun = time.monotonic()
        found = self._import(source, self._name, what)
        say(self._name, what, f"{time.monotonic() - begun:.1f} s", found)
        if killed and not killed.exists():
            say(self._name, what, "NOBODY DIED")
            return False
        return self._as_locally(source, found, killed)

    def _as_locally(self, source: Path, found: str, killed: Path | None = None) -> bool:
        if killed:
            killed.touch()  # the local job's own process is not to die of it
        wanted = self._import(source, "local", f"{source.name}-locally")
        if found != wanted:
            say("local", source.name, wanted, "IS ANOTHER ONE")
        return found == wanted

    def _import(self, source: Path, name: str, keep: str, **options: Any) -> str:
        """Run a job; return its status where it has no whole output, else the digest of that."""
        output = self._folder / "out"
        result = import_job(
            source,
            output,
            executor=name,
            executor_options=self._cluster.options if name != "local" else {},
            **(CUT | options),
        )
        if result.manifest is None:
            return result.status.value
        digest = digest_of(output)
        output.rename(self._folder / f"out-{keep}")
        return digest

    def _stopped(self) -> bool:
        """Cancel a job whose only task has shown figures and logged, and is between slow lines; see
        its task end, and go on.
        """
        mark, awake = self._folder / "beats", self._folder / "awake"
        source = slow_export(self._folder / "stopped", {"mark": str(mark), "nap": str(awake)})
        seen, heard = WhenSeen(), Heard()
        cut = {"shard_bytes": 1_000, "task_bytes": 100_000_000}
        logging.getLogger("bulkfhir").addHandler(heard)
        status = self._import(source, self._name, "", cancel=seen, on_progress=seen.look, **cut)
        logging.getLogger("bulkfhir").removeHandler(heard)
        returned = time.monotonic()
        while time.time() - mark.stat().st_mtime < 3 * NAP:
            if time.monotonic() > returned + END_OF_TASK:
                break
            time.sleep(0.05)
        ended = time.time() - mark.stat().st_mtime >= 3 * NAP
        last = max(mark.stat().st_mtime - (time.time() - time.monotonic()), seen.since)
        say(
            self._name,
            "stopped between lines",
            f"figures of {seen.scanned} lines before its end, log lines from {len(heard.places)} "
            f"process, returned {status} after {returned - seen.since:.1f} s, its task "
            + (f"began its last line {last - seen.since:.1f} s after" if ended else "goes on"),
        )
        awake.touch()
        found = self._import(source, self._name, "stopped", resume=True, **cut)
        say(self._name, "stopped, resumed", found)
        good = ended and seen.scanned > 0 and len(heard.places) == 1
        stopped = status == JobStatus.CANCEL_COMPLETED.value
        return self._as_locally(source, found) and good and stopped

    def _cancelled(self) -> bool:
        """Cancel a job in the middle of a line without an end; see its task end, and go on."""
        mark, gate = self._folder / "mark", self._folder / "gate"
        source = export(self._folder / "cancelled", {"mark": str(mark), "await": str(gate)})
        cancel = WhenThere(mark)
        status = self._import(source, self._name, "", cancel=cancel)
        returned = time.monotonic()
        worker = int(mark.read_text())
        while psutil.pid_exists(worker) and time.monotonic() < returned + END_OF_TASK:
            time.sleep(0.05)
        ended = not psutil.pid_exists(worker)
        say(
            self._name,
            "cancelled",
            f"returned {status} after {returned - cancel.since:.1f} s, its task "
            + (f"was ended within {time.monotonic() - cancel.since:.1f} s" if ended else "goes on"),
        )
        gate.touch()
        found = self._import(source, self._name, "cancelled", resume=True)
        say(self._name, "cancelled, resumed", found)
        stopped = status == JobStatus.CANCEL_COMPLETED.value and ended is self._cluster.ends_tasks
        return self._as_locally(source, found) and stopped


class WhenSeen:
    """Asks for a job's end as soon as lines were counted of it."""

    def __init__(self) -> None:
        self.scanned, self.since = 0, 0.0

    def look(self, progress: Progress) -> None:
        """Look at a moment of the job."""
        self.scanned = progress.report.resources_scanned

    def is_set(self) -> bool:
        """Return whether the job is to end."""
        if self.scanned and not self.since:
            self.since = time.monotonic()
        return self.scanned > 0


class Heard(logging.Handler):
    """Keeps from where log lines of tasks have come."""

    def __init__(self) -> None:
        super().__init__()
        self.places = set[tuple[str, int]]()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the host and the process of a record that says its task."""
        said = record.__dict__
        if "task" in said:
            self.places.add((said["host"], said["process"]))


class WhenThere:
    """Asks for a job's end as soon as a file is there with something in it."""

    def __init__(self, place: Path) -> None:
        self._place, self.since = place, 0.0

    def is_set(self) -> bool:
        """Return whether the job is to end."""
        there = self._place.exists() and self._place.stat().st_size > 0
        if there and not self.since:
            self.since = time.monotonic()
        return there


def export(folder: Path, extra: Mapping[str, object]) -> Path:
    """Write the input, one of whose lines has members of its own; return the folder."""
    folder.mkdir()
    for number in range(FILES):
        lines = [
            {"resourceType": "Patient", "id": f"{line}"} | ({} if line % 9 else {"bad": 1})
            for line in range(LINES)
        ]
        if number == 1:
            lines[LINES // 2].update(extra)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{number}.ndjson").write_text(text)
    return folder


def slow_export(folder: Path, extra: Mapping[str, object]) -> Path:
    """Write an input of a few hundred lines, the later of which take a second each; return the
    folder. One line is logged.
    """
    folder.mkdir()
    lines = [{"resourceType": "Patient", "id": f"{line}"} for line in range(300)]
    lines[0]["log"] = "a task has begun"
    for line in lines[50:]:
        line |= extra
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "slow.ndjson").write_text(text)
    return folder


def digest_of(folder: Path) -> str:
    """Return the SHA-256 of names and bytes below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def overhead(name: str, cluster: Cluster, folder: Path, tasks: int = 200) -> None:
    """Print what a task takes that does nothing: seconds, CPU here (with the JVM of Spark's driver)
    and CPU of all processes of the engine. The first tasks, which start workers, are not counted.
    """
    runner = followed(open_runner(name, None, cluster.options), str(folder / "work"))
    _drive(runner, tasks // 4)
    begun, here, everywhere = time.monotonic(), *_cpu()
    _drive(runner, tasks)
    wall, (here_after, everywhere_after) = time.monotonic() - begun, _cpu()
    runner.close()
    say(
        name,
        f"{runner.slots} slots, a task that does nothing: {1_000 * wall / tasks:.1f} ms,",
        f"CPU {1_000 * (here_after - here) / tasks:.1f} ms in the driver,",
        f"{1_000 * (everywhere_after - everywhere) / tasks:.1f} ms everywhere",
    )


def _drive(runner: Runner, tasks: int) -> None:
    for _ in run_all(runner, (Task(one, id, ()) for one in range(tasks)), no_tick):
        pass


def _cpu() -> tuple[float, float]:
    """Return CPU seconds: of the driver, and of it with all that descends from it."""
    own = psutil.Process()
    jvm = [one for one in own.children() if one.name() == "java"]
    return _spent([own, *jvm]), _spent([own, *own.children(recursive=True)])


def _spent(processes: list[psutil.Process]) -> float:
    seconds = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


def say(*texts: str) -> None:
    """Print one line."""
    sys.stdout.write("  ".join(texts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
