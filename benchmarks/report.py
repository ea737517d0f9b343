"""What was measured, summed up: one row for each candidate and input, and the tables that are
printed.
"""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bars import Bar
from candidates import FLOOR
from inputs import CLEAN, DIRTY, ONLY_BAD, Input
from jobs import Job, further_speed
from rounds import Run

__all__ = ["JOB", "Row", "job_rows", "machine", "rows", "tables", "told"]

JOB = "whole job, start-up excluded"
_WHOLE_JOB = "whole job"


@dataclass(frozen=True)
class Row:
    """Medians over the rounds.

    ``of_orjson``: lines a second as a share of those of orjson.loads over the same lines, round by
    round.
    """

    input: str
    candidate: str
    lines: int
    sample: bool
    lines_per_second: float
    of_orjson: float
    cold_seconds: float | None = None
    start_seconds: float | None = None
    first_verdict_wall: float | None = None
    peak_mb: float | None = None
    verdicts: dict[str, int] | None = None


def rows(inputs: Sequence[Input], runs: Sequence[Run]) -> list[Row]:
    """Whole inputs and their samples under one name."""
    by_name = {one.name: one for one in inputs}
    floors = {(run.input, run.round): run for run in runs if run.candidate == FLOOR}
    found: list[Row] = []
    for name, candidate in dict.fromkeys((run.input, run.candidate) for run in runs):
        mine = [run for run in runs if (run.input, run.candidate) == (name, candidate)]
        chosen = by_name[name]
        if chosen.whole is not None and any(
            (run.input, run.candidate) == (chosen.whole, candidate) for run in runs
        ):
            continue  # measured over the sample too, but only to be set beside a slow one
        found.append(
            Row(
                chosen.whole or name,
                candidate,
                mine[0].lines,
                chosen.whole is not None,
                round(statistics.median(run.lines_per_second for run in mine)),
                statistics.median(
                    run.lines_per_second / floors[name, run.round].lines_per_second for run in mine
                ),
                *(
                    round(statistics.median(getattr(run, figure) for run in mine), 3)
                    for figure in ("cold_seconds", "start_seconds", "first_verdict_wall")
                ),
                round(max(run.peak_mb for run in mine), 1),
                chosen.verdicts(mine[0].refused),
            )
        )
    return found


def job_rows(jobs: Sequence[Job], runs: Sequence[Run]) -> list[Row]:
    """The whole job with one worker: as it is over one copy, and what each further copy costs."""
    floors = {
        (run.input, run.round): run.lines_per_second for run in runs if run.candidate == FLOOR
    }
    found: list[Row] = []
    jobs = [job for job in jobs if (job.input, job.round) in floors]
    for name in dict.fromkeys(job.input for job in jobs):
        mine = [job for job in jobs if job.input == name and job.workers == 1]
        sizes = [job.copies for job in mine]
        first, last = (
            [job for job in mine if job.copies == copies] for copies in (min(sizes), max(sizes))
        )
        plain = [(job.round, job.lines / job.cpu_seconds) for job in first]
        further = [
            (one.round, speed)
            for one, two in zip(first, last, strict=True)
            if (speed := further_speed(one, two))
        ]
        for candidate, speeds, jobs_measured in ((_WHOLE_JOB, plain, first), (JOB, further, last)):
            if speeds:
                share = statistics.median(speed / floors[name, number] for number, speed in speeds)
                peak = round(max(job.peak_mb for job in jobs_measured), 1)
                found.append(
                    Row(
                        name,
                        candidate,
                        first[0].lines,
                        False,
                        round(statistics.median(speed for _, speed in speeds)),
                        share,
                        peak_mb=peak,
                    )
                )
    return found


def machine() -> dict[str, str | int | float]:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count() or 1,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def tables(
    found: Sequence[Row], reached: Sequence[Bar], left_out: dict[str, str], inputs: Sequence[Input]
) -> Iterator[str]:
    """Lines of Markdown."""
    for one in inputs:
        if one.whole is None:
            reference = one.labels.reference if one.labels else "none"
            yield (
                f"- {one.name}: {len(one.numbers):,} lines, {one.megabytes:.1f} MB, "
                f"{one.level}; reference verdicts: {reference}"
            )
    yield from _speed_table(found)
    yield from _input_table(found, inputs)
    yield from ("", "| bar | target | reached | rounds |", "|---|---|---|---|")
    for bar in reached:
        said = {True: "", False: " **not met**", None: ""}[bar.met]
        figure = "not measured" if bar.reached is None else f"{bar.reached:.3g}{said}"
        yield (
            f"| {bar.text} | {bar.target} | {figure} | "
            f"{' '.join(f'{one:.3g}' for one in bar.rounds)} |"
        )
    yield ""
    for name, why in left_out.items():
        yield f"{name}: left out: {why}"


def told(reached: Sequence[Bar]) -> Iterator[str]:
    """Lines about the bars that were measured."""
    for bar in reached:
        if bar.reached is not None:
            said = {True: ", met", False: ", NOT MET", None: ""}[bar.met]
            wanted = f" (bar: {bar.target}{said})" if bar.target else ""
            yield f"  {bar.text}: {bar.reached:.3g}{wanted}"


def _speed_table(found: Sequence[Row]) -> Iterator[str]:
    """A line for each candidate; speed on clean lines, and as shares of that of orjson.loads over
    the same lines.
    """
    by_place = {(row.candidate, row.input): row for row in found}
    yield from (
        "",
        (
            "| | clean, lines/s | of orjson.loads | 20 % dirty | 100 % dirty | bad lines refused | "
            "good lines refused | first verdict | memory |"
        ),
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for name in dict.fromkeys(row.candidate for row in found if row.input == CLEAN):
        clean, mixed, bad = (by_place.get((name, one)) for one in (CLEAN, DIRTY, ONLY_BAD))
        assert clean is not None
        title = f"{name} ({clean.lines} lines)" if clean.sample else name
        start = "" if clean.start_seconds is None else f"{clean.start_seconds:.2f} s"
        cells = [
            title,
            f"{clean.lines_per_second:,}",
            *(_share(row) for row in (clean, mixed, bad)),
            _caught(bad),
            _alarms([clean, mixed]),
            start,
        ]
        yield f"| {' | '.join(cells)} | {clean.peak_mb:.0f} MB |"


def _input_table(found: Sequence[Row], inputs: Sequence[Input]) -> Iterator[str]:
    """A line for each input: ours beside orjson.loads and beside HAPI's validator, warm."""
    shares = {(row.input, row.candidate): row for row in found}
    yield from (
        "",
        (
            "| | level | lines/s | of orjson.loads | explainer alone | HAPI, warm, lines/s | "
            "ours / HAPI | explainer / HAPI |"
        ),
        "|---|---|---|---|---|---|---|---|",
    )
    for one in inputs:
        names = (one.level, f"{one.level}, explainer alone", "HAPI")
        ours, explained, hapi = (shares.get((one.name, name)) for name in names)
        if one.whole is None and ours is not None:
            cells = [
                one.name,
                one.level,
                f"{ours.lines_per_second:,}",
                _share(ours),
                _share(explained),
                f"{hapi.lines_per_second:,}" if hapi else "",
                *(_times(row, hapi) for row in (ours, explained)),
            ]
            yield f"| {' | '.join(cells)} |"


def _times(row: Row | None, peer: Row | None) -> str:
    """Each beside orjson.loads over its own lines."""
    return f"{row.of_orjson / peer.of_orjson:.3g}" if row and peer else ""


def _share(row: Row | None) -> str:
    return "" if row is None else f"{row.of_orjson:.2g}"


def _caught(row: Row | None) -> str:
    verdicts = row.verdicts if row else None
    return f"{verdicts['caught'] / verdicts['bad']:.1%}" if verdicts and verdicts.get("bad") else ""


def _alarms(found: Sequence[Row | None]) -> str:
    """Of the lines that the labels call good."""
    labelled = [
        (row, row.verdicts)
        for row in found
        if row is not None and row.verdicts and "bad" in row.verdicts
    ]
    good = sum(row.lines - verdicts["bad"] for row, verdicts in labelled)
    return (
        f"{sum(verdicts['wrongly_refused'] for _, verdicts in labelled) / good:.1%}" if good else ""
    )


def as_json(found: Sequence[Row]) -> list[dict[str, object]]:
    return [
        {key: value for key, value in asdict(row).items() if value is not None} for row in found
    ]
