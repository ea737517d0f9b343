"""Starts programs one after the other, each in a process of its own, and takes what they
measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from candidates import Candidate, Setup
from inputs import Input

__all__ = ["Failed", "Run", "run"]

_HERE = Path(__file__).resolve().parent
_PATIENCE = 900
"""Seconds after which a program is stopped."""


class Failed(Exception):
    """A program could not be measured; says why."""


@dataclass(frozen=True)
class Run:
    """One candidate over one input, once. Seconds are CPU seconds of its process, but for
    ``first_verdict_wall``.

    first_verdict_wall   wall seconds from starting the process to its first verdict
    start_seconds        the CPU seconds of that
    cold_seconds         the first pass over all lines
    warm_seconds         a later pass, over lines with ids and dates of their own where it is Python
    refused              places of the lines that it refuses, from 0
    peak_mb              memory, without the lines where the program can tell
    """

    input: str
    candidate: str
    round: int
    lines: int
    first_verdict_wall: float
    start_seconds: float
    cold_seconds: float
    warm_seconds: float
    peak_mb: float
    refused: tuple[int, ...]

    @property
    def lines_per_second(self) -> float:
        return self.lines / self.warm_seconds


def run(candidate: Candidate, chosen: Input, setup: Setup, number: int = 0) -> Run:
    """Raises Failed."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            _command(candidate, chosen, setup), stdout=subprocess.PIPE, stderr=said, text=True
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        wall = time.perf_counter() - began
        try:
            rest, _ = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Failed(f"stopped after {_PATIENCE} s") from None
        if process.returncode or first != "first\n":
            said.seek(0)
            raise Failed(_last_line(said.read()) or f"exit code {process.returncode}")
    figures: dict[str, Any] = json.loads(rest)
    refused = tuple(figures.pop("refused"))
    return Run(
        chosen.name, candidate.name, number, len(chosen.numbers), wall, refused=refused, **figures
    )


def _command(candidate: Candidate, chosen: Input, setup: Setup) -> list[str]:
    if candidate.program is None:
        fields = {
            "level": chosen.level,
            "packages": chosen.packages,
            "form": chosen.form,
            "schema": setup.schema,
            "peers": setup.peers,
            "enough": setup.enough,
        }
        return [
            sys.executable,
            str(_HERE / "measure.py"),
            candidate.name,
            str(chosen.file),
            json.dumps(fields, default=str),
        ]
    if candidate.program.endswith(".mjs"):
        return [
            "node",
            str(_HERE / "peers" / candidate.program),
            str(chosen.file),
            f"{setup.peers}/node",
        ]
    # One collector thread: its CPU time counts.
    java = [
        "java",
        "-XX:+UseSerialGC",
        "-Xss64m",
        "-Xmx3g",
        "-cp",
        f"{setup.peers}/hapi/peer.jar:{setup.peers}/hapi/lib/*",
        "Peer",
    ]
    return [*java, str(chosen.file), chosen.level, *chosen.packages]


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else ""
