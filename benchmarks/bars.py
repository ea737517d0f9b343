"""The bars, each as the figure reached: ratios round by round, and their median, over lines that
the process has not seen.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from candidates import CANDIDATES, FLOOR
from inputs import (
    CLAIMS,
    CLEAN,
    DIRTY,
    DOCUMENTS,
    HEAVY,
    NARRATIVES,
    ONLY_BAD,
    PROFILED,
    sample_name,
    valid_name,
)
from jobs import Job, further_speed
from rounds import Run
from sections import Results

__all__ = ["ALONE", "Bar", "bars"]

_OURS, _EXPLAINER = "structure-only", "structure-only, explainer alone"
_STRICT, _STRICT_EXPLAINER = "strict", "strict, explainer alone"
_HAPI = "HAPI"
ALONE = ("lines in memory", "validate")
"""What a whole job is set beside: validation of lines that are read, and the command."""


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


def bars(results: Results) -> list[Bar]:
    runs, jobs, pairs = results.runs, results.jobs, results.pairs
    speed = _Speeds(runs)
    most = max((job.copies for job in jobs if job.input == CLEAN), default=1)
    floors = [
        (2.3, CLEAN, _OURS),
        (2.0, PROFILED, _STRICT),
        (1.0, NARRATIVES, _OURS),
        (0.8, DIRTY, _OURS),
        (0.3, ONLY_BAD, _OURS),
        (0.3, CLAIMS, _OURS),
        (0.05, DOCUMENTS, _STRICT),
        (0.05, valid_name(DOCUMENTS), _STRICT),
        (0.1, CLEAN, _EXPLAINER),
    ]
    peers = [
        (500, PROFILED, _STRICT),
        (100, DOCUMENTS, _STRICT),
        (100, valid_name(DOCUMENTS), _STRICT),
        (50, HEAVY, _STRICT),
        (50, valid_name(HEAVY), _STRICT),
        (5, DOCUMENTS, _STRICT_EXPLAINER),
        (5, HEAVY, _STRICT_EXPLAINER),
    ]
    return [
        *(
            _at_least(
                wanted,
                f"{name}: {ours} / {FLOOR}",
                speed.ratios((name, ours), (name, FLOOR)),
            )
            for wanted, name, ours in floors
        ),
        *(
            _at_least(
                wanted,
                f"{name}: {ours} / {_HAPI}, warm, one core",
                speed.ratios((speed.sample(name), ours), (speed.sample(name), _HAPI)),
            )
            for wanted, name, ours in peers
        ),
        *_each(0.8, "{} / the same lines without it", results.traits),
        *_each(0.3, f"{{}}: strict / {FLOOR}", results.guides),
        _at_least(
            2.5,
            "structure-only / jsonschema-rs with HL7's schema",
            speed.ratios((CLEAN, _OURS), (CLEAN, "jsonschema-rs")),
        ),
        _at_most(0, "lines on which the two engines differ", _differences(runs)),
        _at_least(
            0.6,
            "strict / structure-only, lines with profiles",
            speed.ratios((PROFILED, "strict"), (PROFILED, _OURS)),
        ),
        _at_least(
            3,
            "20 % dirty: structure-only / explainer alone",
            speed.ratios((DIRTY, _OURS), (DIRTY, _EXPLAINER)),
        ),
        *(
            _at_least(0.85, f"whole job / {work}, start-up excluded", _job_shares(results, work))
            for work in ALONE
        ),
        _at_least(0, f"its speed up to {most} copies / up to the fewer", _flatness(jobs)),
        _at_least(
            1.85, f"2 workers / 1, {most} copies, start-up excluded (wall time)", _speedups(jobs)
        ),
        _at_most(1.08, "2 workers / 1, the same in CPU time", _second_worker(jobs)),
        _at_least(
            0,
            "the machine's own: two orjson processes / one (wall time)",
            [pair.speedup for pair in pairs],
        ),
        _at_least(
            0,
            "the machine's own: orjson beside another process / alone (CPU time)",
            [pair.together_cpu / pair.alone_cpu for pair in pairs],
        ),
        _at_most(
            0.12,
            "CPU seconds to the first verdict of a process",
            [run.start_seconds for run in runs if (run.input, run.candidate) == (CLEAN, _OURS)],
        ),
        _at_most(
            150,
            "MB of the largest process of a job",
            [job.peak_mb for job in jobs if job.input == CLEAN and job.copies == most],
        ),
        _at_most(1.1, f"its memory at {most} copies / at the fewest", _growth(jobs)),
    ]


def _each(target: float, text: str, rounds: Sequence[dict[str, float]]) -> Iterator[Bar]:
    """Yield a bar for each share, by its name."""
    for name in dict.fromkeys(name for found in rounds for name in found):
        yield _at_least(target, text.format(name), [found[name] for found in rounds])


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

    def sample(self, name: str) -> str:
        """The name of an input's sample, or its own where it is too small to have one."""
        return name if (name, _HAPI) in self._by_round else sample_name(name)

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
        if job.input == CLEAN and job.workers == workers:
            found.setdefault(job.round, {})[job.copies] = job
    return [found[number] for number in sorted(found)]


def _job_shares(results: Results, work: str) -> list[float]:
    """What validation alone takes of the CPU time that further copies take in a job."""
    alone: dict[int, dict[int, float]] = {}
    for one in results.alone:
        if one.work == work:
            alone.setdefault(one.round, {})[one.copies] = one.cpu_seconds
    shares: list[float] = []
    for sizes in _sizes(results.jobs, 1):
        found = alone.get(next(iter(sizes.values())).round, {})
        if len(found) > 1:
            few, many = min(found), max(found)
            further = sizes[many].cpu_seconds - sizes[few].cpu_seconds
            if further > 0:  # else lost in noise
                shares.append((found[many] - found[few]) / further)
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


def _second_worker(jobs: Sequence[Job]) -> list[float]:
    """The CPU time that further copies take with two workers, by that with one."""
    found: list[float] = []
    for one, two in zip(_sizes(jobs, 1), _sizes(jobs, 2), strict=False):
        few, many = min(two), max(two)
        alone, together = (sizes[many].cpu_seconds - sizes[few].cpu_seconds for sizes in (one, two))
        if alone > 0 and together > 0:  # else lost in noise
            found.append(together / alone)
    return found


def _growth(jobs: Sequence[Job]) -> list[float]:
    return [
        sizes[max(sizes)].peak_mb / sizes[min(sizes)].peak_mb
        for sizes in _sizes(jobs, 1)
        if len(sizes) > 1
    ]
