"""The bars that the native acceptor was built for, each as the figure reached: ratios round by
round, and their median.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from candidates import CANDIDATES, FLOOR
from jobs import Job, Pair, further_speed
from rounds import Run

__all__ = ["Bar", "bars"]

_CLEAN, _DIRTY, _PROFILED = "clean", "20 % dirty", "profiled"
_OURS, _EXPLAINER = "structure-only", "structure-only, explainer alone"


@dataclass(frozen=True)
class Bar:
    """One of them.

    ``rounds`` are its figures, ``reached`` their median; both empty where it was not measured.
    """

    text: str
    target: str
    rounds: tuple[float, ...]
    reached: float | None
    met: bool | None


def bars(runs: Sequence[Run], jobs: Sequence[Job], pairs: Sequence[Pair]) -> list[Bar]:
    speed = _Speeds(runs)
    sample = f"{_PROFILED}, sample"
    most = max((job.copies for job in jobs if job.input == _CLEAN), default=1)
    return [
        _at_least(
            1.2, "structure-only / orjson.loads", speed.ratios((_CLEAN, _OURS), (_CLEAN, FLOOR))
        ),
        _at_least(
            2.5,
            "structure-only / jsonschema-rs with HL7's schema",
            speed.ratios((_CLEAN, _OURS), (_CLEAN, "jsonschema-rs")),
        ),
        _at_most(0, "lines on which the two engines differ", _differences(runs)),
        _at_least(
            0.6,
            "strict / structure-only, lines with profiles",
            speed.ratios((_PROFILED, "strict"), (_PROFILED, _OURS)),
        ),
        _at_least(
            500,
            "strict / HAPI, the same lines with profiles",
            speed.ratios((sample, "strict"), (sample, "HAPI")),
        ),
        _at_least(
            3,
            "20 % dirty: structure-only / explainer alone",
            speed.ratios((_DIRTY, _OURS), (_DIRTY, _EXPLAINER)),
        ),
        _at_least(
            0.1,
            "explainer alone / orjson.loads",
            speed.ratios((_CLEAN, _EXPLAINER), (_CLEAN, FLOOR)),
        ),
        _at_least(0.7, "whole job, start-up excluded / validation alone", _job_shares(speed, jobs)),
        _at_least(0, f"its speed up to {most} copies / up to the fewer", _flatness(jobs)),
        _at_least(
            1.85, f"2 workers / 1, {most} copies, start-up excluded (wall time)", _speedups(jobs)
        ),
        _at_least(
            0,
            "the machine's own: two orjson processes / one (wall time)",
            [pair.speedup for pair in pairs],
        ),
        _at_most(
            0.4,
            "CPU seconds to the first verdict of a process",
            [run.start_seconds for run in runs if (run.input, run.candidate) == (_CLEAN, _OURS)],
        ),
        _at_most(
            150,
            "MB of the largest process of a job",
            [job.peak_mb for job in jobs if job.input == _CLEAN and job.copies == most],
        ),
        _at_most(1.1, f"its memory at {most} copies / at the fewest", _growth(jobs)),
    ]


def _at_least(target: float, text: str, figures: Iterable[float]) -> Bar:
    return _bar(
        text, f">= {target:g}" if target else "", figures, lambda reached: reached >= target
    )


def _at_most(target: float, text: str, figures: Iterable[float]) -> Bar:
    return _bar(text, f"<= {target:g}", figures, lambda reached: reached <= target)


def _bar(text: str, target: str, figures: Iterable[float], holds: Callable[[float], bool]) -> Bar:
    rounds = tuple(figures)
    reached = statistics.median(rounds) if rounds else None
    return Bar(
        text, target, rounds, reached, None if reached is None or not target else holds(reached)
    )


class _Speeds:
    """Lines a CPU second by (input, candidate) and round."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._by_round: dict[tuple[str, str], dict[int, float]] = {}
        for run in runs:
            self._by_round.setdefault((run.input, run.candidate), {})[run.round] = (
                run.lines_per_second
            )

    def of(self, key: tuple[str, str]) -> dict[int, float]:
        return self._by_round.get(key, {})

    def ratios(self, key: tuple[str, str], base: tuple[str, str]) -> list[float]:
        bases = self.of(base)
        return [speed / bases[number] for number, speed in self.of(key).items() if number in bases]


def _differences(runs: Sequence[Run]) -> list[float]:
    """For every input and level of the first round: lines that one engine refuses and the other
    does not.
    """
    refused = {(run.input, run.candidate): set(run.refused) for run in runs if run.round == 0}
    found: list[float] = []
    for candidate in CANDIDATES:
        if candidate.native:
            for (name, other), lines in refused.items():
                if (
                    other == f"{candidate.name}, explainer alone"
                    and (name, candidate.name) in refused
                ):
                    found.append(len(lines ^ refused[name, candidate.name]))
    return [sum(found)] if found else []


def _sizes(jobs: Sequence[Job], workers: int) -> list[dict[int, Job]]:
    """Round by round: copies -> job over clean lines."""
    found: dict[int, dict[int, Job]] = {}
    for job in jobs:
        if job.input == _CLEAN and job.workers == workers:
            found.setdefault(job.round, {})[job.copies] = job
    return [found[number] for number in sorted(found)]


def _job_shares(speed: _Speeds, jobs: Sequence[Job]) -> list[float]:
    alone = speed.of((_CLEAN, _OURS))
    shares: list[float] = []
    for sizes in _sizes(jobs, 1):
        first, last = sizes[min(sizes)], sizes[max(sizes)]
        further = further_speed(first, last)
        if further and first.round in alone:
            shares.append(further / alone[first.round])
    return shares


def _flatness(jobs: Sequence[Job]) -> list[float]:
    found: list[float] = []
    for sizes in _sizes(jobs, 1):
        if len(sizes) > 2:
            first, few, many = (sizes[copies] for copies in sorted(sizes))
            early, late = further_speed(first, few), further_speed(few, many)
            found += [late / early] if early and late else []
    return found


def _speedups(jobs: Sequence[Job]) -> list[float]:
    """The wall time that further copies take with one worker, by that with two."""
    found: list[float] = []
    for one, two in zip(_sizes(jobs, 1), _sizes(jobs, 2), strict=False):
        few, many = min(two), max(two)
        alone, together = (
            sizes[many].wall_seconds - sizes[few].wall_seconds for sizes in (one, two)
        )
        if alone > 0 and together > 0:  # else lost in noise
            found.append(alone / together)
    return found


def _growth(jobs: Sequence[Job]) -> list[float]:
    return [
        sizes[max(sizes)].peak_mb / sizes[min(sizes)].peak_mb
        for sizes in _sizes(jobs, 1)
        if len(sizes) > 1
    ]
