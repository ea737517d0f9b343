"""Trial: one import that is measured, whole or over a sample, as a record that adds up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..figures.stages import EXPLAIN
from .prediction import Prediction
from .watched_runner import DoneTask
from .watched_work import Spent

__all__ = ["Reason", "SlotTimes", "Trial", "reasons_of", "slot_times", "summed"]


@dataclass(frozen=True, slots=True)
class SlotTimes:
    """The parts of one worker's time. Stages and waiting are its wall time.

    stages   stage -> what was spent on it
    waiting  seconds without a task: before the first, between two, after the last, and on the way
             between the job and the worker
    memory   bytes that its process has held at the most
    """

    stages: Mapping[str, Spent]
    waiting: float
    memory: int

    @property
    def wall(self) -> float:
        """Return the seconds of all stages and of waiting."""
        return self.waiting + sum(spent.wall for spent in self.stages.values())


@dataclass(frozen=True, slots=True)
class Reason:
    """Lines that the fast path handed on for one reason, and what explaining them took."""

    lines: int
    spent: Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The cost of one import.

    size      bytes of the inputs as they are stored; of a sample, of what was read of them as text
    lines     resources that were read
    wall      seconds from the first request to the last
    cpu       seconds of all processes, their start included
    listing, working, publishing   seconds of ``wall`` in which the job came to each of them
    slots     its workers
    reasons   why lines were explained
    memory    bytes that the process which leads the job has held at the most
    prediction   what the whole will come to, where this is a sample
    """

    level: str
    workers: int
    executor: str
    files: int
    size: float
    lines: int
    rejected: int
    wall: float
    cpu: float
    listing: float
    working: float
    publishing: float
    slots: Sequence[SlotTimes]
    reasons: Mapping[str, Reason]
    memory: int
    prediction: Prediction | None = None

    @property
    def stages(self) -> Mapping[str, Spent]:
        """Return stage -> what all workers spent on it."""
        return summed(slot.stages for slot in self.slots)

    @property
    def waiting(self) -> float:
        """Return the seconds that all workers had no task."""
        return sum(slot.waiting for slot in self.slots)

    @property
    def worker_memory(self) -> int:
        """Return the bytes that the largest worker has held at the most."""
        return max((slot.memory for slot in self.slots), default=0)


def summed(each: Iterable[Mapping[str, Spent]]) -> dict[str, Spent]:
    """Return stage -> the sum; reasons of explaining are one stage."""
    sums = defaultdict[str, Spent](Spent)
    for stages in each:
        for stage, spent in stages.items():
            sums[EXPLAIN if _reason(stage) else stage] += spent
    return dict(sums)


def slot_times(done: Sequence[DoneTask], slots: int, wall: float) -> tuple[SlotTimes, ...]:
    """Return what each of so many workers did in a job that took ``wall`` seconds."""
    times = []
    for number in range(slots):
        mine = [task for task in done if task.slot == number]
        idle = wall - sum(task.flight for task in mine)
        on_the_way = sum(task.flight - task.times.wall for task in mine)
        memory = max((task.times.memory for task in mine), default=0)
        stages = summed(task.times.stages for task in mine)
        times.append(SlotTimes(stages, max(0.0, idle + on_the_way), memory))
    return tuple(times)


def reasons_of(done: Iterable[DoneTask], lines: Mapping[str, int]) -> dict[str, Reason]:
    """Return why lines were explained, the dearest reason first, given how many lines each has."""
    spent = defaultdict[str, Spent](Spent)
    for task in done:
        for stage, took in task.times.stages.items():
            if reason := _reason(stage):
                spent[reason] += took
    ordered = sorted(spent.items(), key=lambda item: -item[1].cpu)
    return {reason: Reason(lines.get(reason, 0), took) for reason, took in ordered}


def _reason(stage: str) -> str:
    name, _, reason = stage.partition(" ")
    return reason if name == EXPLAIN else ""
