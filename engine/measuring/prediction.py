"""Prediction: what a whole job will take, by what a sample of its bytes took."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..figures.stages import PUBLISH, START
from .sample import InputSample
from .watched_work import Spent

__all__ = ["Measured", "Prediction", "predict"]

_ERRORS: Final = 2.0
"""Standard errors on either side, within which more than nine of ten samples come to lie."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The cost of a sample.

    ranges, before   stage -> what was spent on it, of each range that was measured, and of each
                     that was read before
    lines            of each range that was measured
    groups           stage -> what was spent on it, of each group of measured ranges beside these
    publishing       stage -> what was spent on publishing the measured ranges
    outside          CPU seconds outside the tasks: the program's start, listing, planning
    """

    ranges: Sequence[Mapping[str, Spent]]
    before: Sequence[Mapping[str, Spent]]
    lines: Sequence[int]
    groups: Sequence[Mapping[str, Spent]]
    publishing: Mapping[str, Spent]
    outside: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The cost that a job over all inputs with one worker will come to.

    lines    how many it reads
    size     bytes of text
    stages   stage -> CPU and wall seconds
    first    CPU seconds, apart from the stages, of what the engine meets for the first time
    outside  CPU seconds, apart from the stages, of the program's start and of the process that
             leads the job
    spread   CPU seconds by which the sum may be more or less for the ranges that were drawn: two
             standard errors. Neither how much one run differs from the next is in it, nor what was
             measured once: the start, and what is learned
    """

    lines: float
    size: float
    stages: Mapping[str, Spent]
    first: float
    outside: float
    spread: float

    @property
    def start(self) -> float:
        """Return the CPU seconds that do not grow with the inputs."""
        return self.outside + self.first + self.stages.get(START, Spent()).cpu

    @property
    def cpu(self) -> float:
        """Return the CPU seconds of the whole job with one worker."""
        return self.outside + self.first + sum(spent.cpu for spent in self.stages.values())

    def wall(self, workers: int) -> float:
        """Return the wall seconds with so many workers, if none slows another down."""
        work = self.first + sum(spent.wall for spent in self.stages.values())
        return self.outside + work / workers


def predict(sample: InputSample, measured: Measured, groups: int) -> Prediction:
    """Return what the whole comes to, which has so many groups of shards.

    Each stratum takes what its measured ranges took for a byte, as often as it has bytes; one that
    was measured whole takes what it took. What the ranges that were read before took beyond that is
    paid once. Parts are put in place group by group, logs file by file.
    """
    places = defaultdict[int, list[int]](list)
    for place, drawn in enumerate(sample.measured):
        places[drawn.stratum].append(place)
    stages, lines, variance = defaultdict[str, Spent](Spent), 0.0, 0.0
    rates = dict[int, float]()
    for number, stratum in enumerate(sample.strata):
        mine = places[number]
        read = sum(sample.measured[place].size for place in mine)
        factor = 1.0 if stratum.whole else stratum.size / max(1.0, read)
        for place in mine:
            lines += measured.lines[place] * factor
            for stage, spent in measured.ranges[place].items():
                if stage != START:
                    stages[stage] += _times(spent, factor)
        costs = [_growing(measured.ranges[place]) for place in mine]
        rates[number] = sum(costs) / max(1.0, read)
        if not stratum.whole:
            sizes = [sample.measured[place].size for place in mine]
            variance += _variance(costs, sizes, stratum.size)
    first = sum(map(_growing, measured.before)) - sum(
        rates[drawn.stratum] * drawn.size for drawn in sample.before
    )
    for of_group in measured.groups:
        for stage, spent in of_group.items():
            stages[stage] += _times(spent, groups / len(measured.groups))
    for of_range in (*measured.before, *measured.ranges):
        stages[START] += of_range.get(START, Spent())
    grown = lines / max(1, sum(measured.lines))
    for stage, spent in measured.publishing.items():
        stages[stage] += _times(spent, grown if stage == PUBLISH else 1.0)
    return Prediction(
        lines,
        sum(stratum.size for stratum in sample.strata),
        dict(stages),
        max(0.0, first),
        measured.outside,
        _ERRORS * math.sqrt(variance),
    )


def _growing(stages: Mapping[str, Spent]) -> float:
    """Return the CPU seconds of stages that grow with the bytes."""
    return sum(spent.cpu for stage, spent in stages.items() if stage != START)


def _times(spent: Spent, factor: float) -> Spent:
    return Spent(spent.wall * factor, spent.cpu * factor)


def _variance(costs: Sequence[float], sizes: Sequence[float], size: float) -> float:
    """Return the variance of a stratum's cost that is estimated by the costs of ranges (the ratio
    estimator: Cochran, Sampling Techniques, 6.3). Of one range nothing tells it: it is taken to be
    off by half.
    """
    rate, read = sum(costs) / max(1.0, sum(sizes)), sum(sizes)
    left = max(0.0, 1 - read / max(1.0, size))
    if len(costs) < 2:
        return left * (size * rate / 2 / _ERRORS) ** 2
    residuals = [cost - rate * bytes_of for cost, bytes_of in zip(costs, sizes, strict=True)]
    mean = statistics.fmean(sizes)
    spread = sum(one * one for one in residuals) / (len(costs) - 1)
    return left * (size / mean) ** 2 * spread / len(costs)
