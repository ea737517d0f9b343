#!/usr/bin/env python3
"""Kills at random moments: whatever process of an import is killed, its output is that of an import
that nobody disturbed, and nothing else stays.

usage: random_kills.py [--kills 200] [--megabytes 200] [--seed 0] [--workers 2] [--sink ndjson]
                       [--checks] [--folder FOLDER]

An import is begun as a user would begin it, and after a random time a process of it is killed with
SIGKILL: a worker, the driver, the driver with all its processes, or the fork server. The time is
counted from when such a process was first seen, and lasts for most of what one lived undisturbed;
whichever kind was killed least is killed next. Where that ends the command, it is begun again at
once with --resume, and may be killed again. At its end its files are compared with those of an
undisturbed run, byte by byte. Prints a table: which process was killed, how often, and how often
the job survived; exits with 1 where one did not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

TARGETS = ("worker", "driver", "group", "fork server")
JOB = "killed"
_TRIES = 50
"""How often one job is gone on with at the most."""
_ENDS = (0, 1, 2, -signal.SIGKILL)
"""Exit codes of a command that was not disturbed, that found its job complete, or was killed."""
_LONGEST = 600.0
"""Seconds that one run of a command may take."""
_LOOK = 0.02
"""Seconds between two looks for a process."""
_MISSED = 20
"""Jobs in a row without a kill, after which it is given up."""


@dataclass
class Row:
    """One line of the table.

    tries      kills that met a living process
    survived   those of jobs that ended as if nothing had been
    """

    tries: int = 0
    survived: int = 0


@dataclass
class Kills:
    """Imports of one input, with kills.

    folder   where the input, the output and temporary files go; its path is short, since sockets
             are made from it
    sink     name of the sink, which is part of the output
    checks   whether the checks over the whole job are made, whose table is part of it too
    lives    target -> seconds for which there is such a process in an undisturbed run
    """

    folder: Path
    workers: int
    chosen: random.Random
    sink: str = "ndjson"
    checks: bool = False
    rows: dict[str, Row] = field(default_factory=lambda: {name: Row() for name in TARGETS})
    faults: list[str] = field(default_factory=list)
    lives: dict[str, float] = field(default_factory=dict)

    @property
    def tries(self) -> int:
        """Return how many kills met a living process."""
        return sum(row.tries for row in self.rows.values())

    @property
    def output(self) -> Path:
        """Return the job's folder."""
        return self.folder / "out" / f"{'0' * 32}-FHIR_IMPORT-{JOB}"

    def undisturbed(self) -> dict[str, str]:
        """Return path -> digest of every file that the import leaves, and remember how long its
        processes lived.
        """
        process = self.begin()
        seen: dict[str, list[float]] = {}
        while process.poll() is None:
            now = time.monotonic()
            for target in ("driver", "group", *(role for _, role in members(process.pid).values())):
                seen.setdefault(target, [now]).append(now)
            time.sleep(_LOOK)
        self.lives = {target: moments[-1] - moments[0] for target, moments in seen.items()}
        code, said = self.ended(process)
        if code not in (0, 1):
            raise SystemExit(f"the undisturbed import ended with {code}: {said}")
        return self._taken()

    def killed(self, expected: dict[str, str], kills: int) -> None:
        """Run one import, killing up to so many processes of it one after the other."""
        met: list[str] = []
        process = self.begin()
        for number in range(_TRIES):
            if number < kills:
                target = min(
                    TARGETS, key=lambda name: (self.rows[name].tries, self.chosen.random())
                )
                self._wait(process, target)
                killed = self.kill(process, target)
                met += [target] * killed
                self.rows[target].tries += killed
            code, said = self.ended(process)
            if code not in (*_ENDS, 3) or "Traceback" in said:
                self.faults.append(f"after {met}: exit code {code}: {said}")
            elif code in (0, 1) or "it is complete" in said:
                break
            elif code == 2:
                self.faults.append(f"after {met}: it was not gone on with: {said}")
                break
            process = self.begin("--resume")
        fault = self.compared(expected)
        if fault:
            self.faults.append(f"after {met}: {fault}")
        for target in met:
            self.rows[target].survived += not fault

    def begin(self, *more: str) -> subprocess.Popen[str]:
        """Start the command in a session of its own."""
        command = [sys.executable, "-m", "bulkfhir", "import", str(self.folder / "in"), "--quiet"]
        command += ["-o", str(self.folder / "out"), "--job-id", JOB, "--sink", self.sink, *more]
        command += ["--level", "structure-only", "--workers", str(self.workers)]
        command += ["--no-report"]  # it has times in it, and is no part of the same bytes
        command += ["--checks"] * self.checks
        places = {"TMPDIR": str(self.folder / "t"), "XDG_STATE_HOME": str(self.folder / "state")}
        return subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | places,
        )

    def _wait(self, process: subprocess.Popen[str], target: str) -> None:
        """Wait for a process of the kind, and then for a random part of what one lives."""
        while (
            target in ("worker", "fork server")
            and process.poll() is None
            and target not in {role for _, role in members(process.pid).values()}
        ):
            time.sleep(_LOOK)
        time.sleep(self.chosen.uniform(0, 0.8 * self.lives.get(target, 0.0)))

    def kill(self, process: subprocess.Popen[str], target: str) -> bool:
        """Kill what is meant of a command's processes; return whether there was any."""
        found = members(process.pid)
        if target == "group":
            victims = list(found)
        elif target == "driver":
            victims = [process.pid] if process.pid in found else []
        else:
            victims = [pid for pid, (_, role) in found.items() if role == target]
            victims = [self.chosen.choice(victims)] if victims else []
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                victims = [other for other in victims if other != pid]
        return bool(victims)

    def ended(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Wait for a command; return its exit code, and what it said."""
        try:
            _, said = process.communicate(timeout=_LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _, said = process.communicate()
            self.faults.append(f"the import hung: {said}")
        return process.returncode, said.strip()

    def compared(self, expected: dict[str, str]) -> str:
        """Return what is wrong with the output and around it, "" if nothing is; remove both."""
        left = [str(path) for path in (self.folder / "t").iterdir()]
        found = self._taken()
        if left:
            return f"temporary files stay: {left}"
        if found == expected:
            return ""
        names = sorted(
            name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)
        )
        return f"{len(names)} files differ, or are one too many or missing: {names[:5]}"

    def _taken(self) -> dict[str, str]:
        """Return path -> digest of every file of the output, a folder with None; and remove it."""
        found = {}
        for path in sorted(self.output.rglob("*")):
            name = str(path.relative_to(self.output))
            found[name] = (
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            )
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        return found


def members(session: int) -> dict[int, tuple[int, str]]:
    """Return process -> (its parent, its role) of a session's living processes."""
    found: dict[int, tuple[int, str]] = {}
    commands = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            pid = int(status.parent.name)
            found[pid], commands[pid] = (int(fields[1]), ""), command
    servers = {
        pid
        for pid, (parent, _) in found.items()
        if parent == session and b"forkserver" in commands[pid]
    }
    for pid, (parent, _) in found.items():
        role = "fork server" if pid in servers else "worker" if parent in servers else ""
        found[pid] = parent, role
    return found


def make_input(folder: Path, megabytes: float, chosen: random.Random) -> None:
    """Write files of patients and observations, plain and compressed, a few lines of them bad."""
    import gzip

    folder.mkdir(parents=True)
    share = int(megabytes * 1e6) // 4
    for number, name in enumerate(("a/Patient", "a/Observation", "b/Patient", "b/Large")):
        path = folder / f"{name}.ndjson{'.gz' if number == 2 else ''}"
        path.parent.mkdir(exist_ok=True)
        with gzip.open(path, "wb", 1) if number == 2 else path.open("wb") as file:
            size = lines = 0
            while size < share:
                size += file.write(_line(name, f"{number}-{lines}", lines, chosen))
                lines += 1


def _line(name: str, identity: str, before: int, chosen: random.Random) -> bytes:
    """Return a line with this id; of an observation one that refers to a patient, who is there or
    not.
    """
    key = f"{chosen.getrandbits(60):x}"
    if name.endswith("Observation"):
        resource = {
            "resourceType": "Observation",
            "id": identity,
            "status": "final" if chosen.random() > 0.01 else "finale",
            "code": {"text": key * 4},
            "subject": {"reference": f"Patient/0-{chosen.randrange(2 * before + 1)}"},
            "valueQuantity": {"value": chosen.randrange(1000) / 10, "unit": "mg"},
        }
    else:
        day = "1980-02-28" if chosen.random() > 0.01 else "1980-02-31"
        names = [{"family": key, "given": ["A", "B"]}]
        resource = {"resourceType": "Patient", "id": identity, "birthDate": day, "name": names}
    return json.dumps(resource).encode() + b"\n"


def run(
    folder: Path,
    kills: int,
    megabytes: float,
    workers: int,
    seed: int,
    *,
    sink: str = "ndjson",
    checks: bool = False,
    say: bool = False,
) -> Kills:
    """Kill processes of imports until as many were met; return what came of it."""
    chosen = random.Random(seed)
    (folder / "t").mkdir(parents=True)
    made = Kills(folder, workers, chosen, sink, checks)
    make_input(folder / "in", megabytes, chosen)
    expected = made.undisturbed()
    missed = 0
    while (before := made.tries) < kills and missed < _MISSED:
        made.killed(expected, kills - before)
        missed = missed + 1 if made.tries == before else 0
        if say:
            print(f"{made.tries} of {kills} kills", table(made), sep="\n", flush=True)
    return made


def table(made: Kills) -> str:
    """Return the table as text."""
    lines = [f"{'killed':<14}{'tries':>7}{'survived':>10}"]
    lines += [f"{name:<14}{row.tries:>7}{row.survived:>10}" for name, row in made.rows.items()]
    return "\n".join([*lines, *made.faults])


def main() -> int:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--megabytes", type=float, default=200.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sink", default="ndjson", help="ndjson or parquet")
    parser.add_argument("--checks", action="store_true", help="with the checks over the job")
    parser.add_argument("--folder", type=Path, help="an empty folder with a short path")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as temporary:
        folder = options.folder or Path(temporary)
        made = run(
            folder,
            options.kills,
            options.megabytes,
            options.workers,
            options.seed,
            sink=options.sink,
            checks=options.checks,
            say=True,
        )
    print(f"an undisturbed import of {options.megabytes:g} MB took {made.lives['driver']:.1f} s")
    print(table(made))
    return 1 if made.faults else 0


if __name__ == "__main__":
    sys.exit(main())
