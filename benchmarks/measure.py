"""One candidate in a process of its own, over the lines of one file.

    python benchmarks/measure.py CANDIDATE FILE SETUP-AS-JSON

What every program that is measured does, in whatever language (peers/ has the others):
- judges the first line of the file and prints the line ``first``: start-up ends there;
- reads the lines, goes over them once (``cold_seconds``: what is compiled and learned at first
  sight is in it), then over variants of them with ids and dates of their own, which it has not
  seen, until half a CPU second has passed, or what the setup says (``warm_seconds``: the median of
  these passes); programs in other languages, which remember no line, go over the same ones;
- prints one JSON object: CPU seconds of the whole process, the places of the lines that it refuses,
  from 0, and its memory.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from candidates import CANDIDATES, Candidate, Setup

_FEWEST, _MOST = 3, 2
"""Warm passes at the least; no further one begins after so many times as many CPU seconds as are
enough, with those for making variants.
"""


def measure(candidate: Candidate, file: Path, setup: Setup) -> dict[str, Any]:
    assert candidate.make is not None
    prepare, judge = candidate.make(setup)
    with file.open("rb") as opened:
        judge(prepare([opened.readline().rstrip(b"\n")]))
    print("first", flush=True)
    start = time.process_time()
    from stopwatch import seconds
    from variants import made  # now: their imports are no part of the start

    before, first_peak = _status("VmRSS"), _status("VmHWM")
    lines = file.read_bytes().removesuffix(b"\n").split(b"\n")
    prepared = prepare(lines)
    held = _status("VmRSS") - before
    Path("/proc/self/clear_refs").write_text(
        "5"
    )  # the peak of reading is not the candidate's: proc(5)
    cold, refused = seconds(judge, prepared)
    peak = max(first_peak, _status("VmHWM") - held)
    del prepared
    passes: list[float] = []
    began = time.process_time()
    while len(passes) < _FEWEST or (
        sum(passes) < setup.enough and time.process_time() - began < _MOST * setup.enough
    ):
        variant = prepare(made(lines, setup.form, len(passes) + 1))
        passes.append(seconds(judge, variant)[0])
    warm = sorted(passes)[len(passes) // 2]
    return {
        "start_seconds": start,
        "cold_seconds": cold,
        "warm_seconds": warm,
        "refused": refused,
        "peak_mb": peak,
    }


def _status(name: str) -> float:
    """A figure of proc(5), in MB."""
    return next(
        int(line.split()[1]) / 1024
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith(f"{name}:")
    )


def main() -> None:
    name, file, given = sys.argv[1:]
    fields = json.loads(given)
    setup = Setup(
        fields["level"],
        tuple(fields["packages"]),
        fields["form"],
        *(Path(fields[key]) if fields[key] else None for key in ("schema", "peers")),
        fields["enough"],
    )
    if setup.peers:
        sys.path.append(str(setup.peers / "python"))  # last: what the environment has goes first
    candidate = next(candidate for candidate in CANDIDATES if candidate.name == name)
    print(json.dumps(measure(candidate, Path(file), setup)))


if __name__ == "__main__":
    main()
