#!/usr/bin/env python3
"""Kills at random moments: whatever process of an import is killed, its output is that of an import
that nobody disturbed, and nothing else stays.

usage: random_kills.py [--kills 200] [--megabytes 200] [--seed 0] [--workers 2] [--folder FOLDER]

An import is begun as a user would begin it, and after a random time a process of it is killed with
SIGKILL: a worker, the driver, the driver with all its processes, or the fork server. Where that
ends the command, it is begun again at once with --resume, and may be killed again. At its end its
files are compared with those of an undisturbed run, byte by byte. Prints a table: which process was
killed, how often, and how often the job survived; exits with 1 where one did not.
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
from collections.abc import Iterator
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
    """

    folder: Path
    workers: int
    chosen: random.Random
    rows: dict[str, Row] = field(default_factory=lambda: {name: Row() for name in TARGETS})
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def output(self) -> Path:
        """Return the job's folder."""
        return self.folder / "out" / f"{'0' * 32}-FHIR_IMPORT-{JOB}"

    def undisturbed(self) -> dict[str, str]:
        """Return path -> digest of every file that the import leaves, and remember its time."""
        began = time.monotonic()
        code, said = self._ended(self.begin())
        self.seconds = time.monotonic() - began
        if code not in (0, 1):
            raise SystemExit(f"the undisturbed import ended with {code}: {said}")
        return self._taken()

    def killed(self, expected: dict[str, str], targets: Iterator[str]) -> None:
        """Run one import, killing ``targets`` one after the other as long as it runs."""
        met: list[str] = []
        process = self.begin()
        for _ in range(_TRIES):
            target = next(targets, None)
            if target is not None:
                time.sleep(self.chosen.uniform(0, 0.8 * self.seconds))
                met += [target] * self._kill(process, target)
            code, said = self._ended(process)
            if code not in (*_ENDS, 3) or "Traceback" in said:
                self.faults.append(f"after {met}: exit code {code}: {said}")
            elif code in (0, 1) or "it is complete" in said:
                break
            elif code == 2:
                self.faults.append(f"after {met}: it was not gone on with: {said}")
                break
            process = self.begin("--resume")
        fault = self._compared(expected)
        if fault:
            self.faults.append(f"after {met}: {fault}")
        for target in met:
            self.rows[target].tries += 1
            self.rows[target].survived += not fault

    def begin(self, *more: str) -> subprocess.Popen[str]:
        """Start the command in a session of its own."""
        command = [sys.executable, "-m", "bulkfhir", "import", str(self.folder / "in"), "--quiet"]
        command += ["-o", str(self.folder / "out"), "--job-id", JOB, "--sink", "ndjson", *more]
        command += ["--level", "structure-only", "--workers", str(self.workers)]
        places = {"TMPDIR": str(self.folder / "t"), "XDG_STATE_HOME": str(self.folder / "state")}
        return subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | places,
        )

    def _kill(self, process: subprocess.Popen[str], target: str) -> bool:
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

    def _ended(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Wait for a command; return its exit code, and what it said."""
        try:
            _, said = process.communicate(timeout=_LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _, said = process.communicate()
            self.faults.append(f"the import hung: {said}")
        return process.returncode, said.strip()

    def _compared(self, expected: dict[str, str]) -> str:
        """Return what is wrong with the output and around it, "" if nothing is; remove both."""
        left = [str(path) for path in (self.folder / "t").iterdir() if "bulkfhir" in path.name]
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
            size = 0
            while size < share:
                line = _line(name, chosen)
                size += file.write(line)


def _line(name: str, chosen: random.Random) -> bytes:
    key = f"{chosen.getrandbits(60):x}"
    if name.endswith("Observation"):
        resource = {
            "resourceType": "Observation",
            "id": key,
            "status": "final" if chosen.random() > 0.01 else "finale",
            "code": {"text": key * 4},
            "valueQuantity": {"value": chosen.randrange(1000) / 10, "unit": "mg"},
        }
    else:
        day = "1980-02-28" if chosen.random() > 0.01 else "1980-02-31"
        names = [{"family": key, "given": ["A", "B"]}]
        resource = {"resourceType": "Patient", "id": key, "birthDate": day, "name": names}
    return json.dumps(resource).encode() + b"\n"


def run(
    folder: Path, kills: int, megabytes: float, workers: int, seed: int, *, say: bool = False
) -> Kills:
    """Kill processes of imports until as many were met; return what came of it."""
    chosen = random.Random(seed)
    (folder / "t").mkdir(parents=True)
    made = Kills(folder, workers, chosen)
    make_input(folder / "in", megabytes, chosen)
    expected = made.undisturbed()
    order = [TARGETS[number % len(TARGETS)] for number in range(kills)]
    targets = iter(order)
    while (met := sum(row.tries for row in made.rows.values())) < kills:
        made.killed(expected, targets)
        now = sum(row.tries for row in made.rows.values())
        left = kills - now
        if say:
            print(f"{now} of {kills} kills", *made.faults[:1], flush=True)
        if now == met and not left:
            break
        targets = iter(chosen.sample(TARGETS, len(TARGETS)) * (left // len(TARGETS) + 1))
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
    parser.add_argument("--folder", type=Path, help="an empty folder with a short path")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as temporary:
        folder = options.folder or Path(temporary)
        made = run(
            folder, options.kills, options.megabytes, options.workers, options.seed, say=True
        )
    print(f"an undisturbed import of {options.megabytes:g} MB took {made.seconds:.1f} s")
    print(table(made))
    return 1 if made.faults else 0


if __name__ == "__main__":
    sys.exit(main())
