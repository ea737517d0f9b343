"""SampleJob: two imports over a sample, by one worker that goes on living between them: it learns
by the first, and is measured in the second.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from ..executors import Runner, is_local
from ..job.job_run import JobResult
from ..sharding.plan import Plan
from ..sharding.shard_list import ShardList
from .job_look import JobLook
from .order import Order
from .prediction import Measured, predict
from .sample import Drawn, InputSample, draw
from .trial import Trial, summed
from .watched_runner import DoneTask, WatchedRunner
from .watched_work import NO_SHARD, Spent

__all__ = ["sampled"]

_GROUP: Final = 8 << 20
"""Bytes of a group: none of a large import is much smaller."""


def sampled(order: Order, output: str, share: float) -> Trial:
    """Return what a share of the inputs took, and what the whole will. Nothing of the jobs stays.

    Raises EngineError where one of them does not come to its end.
    """
    started, before = time.process_time(), list[DoneTask]()
    look = _SampleLook(replace(order, workers=1), output, share)
    try:
        result, driving = look.run(), look.driving()
        if look.sample.before:
            before = look.tasks
            look.forget()
            look.learned = True
            result = look.run()
            driving = max(driving, look.driving())
    finally:
        look.close()
        look.forget()
    count = len(look.sample.measured)
    lines = {shard: found for task in look.tasks for shard, found in task.lines.items()}
    measured = Measured(
        _of_shards(look.tasks, count),
        _of_shards(before, len(look.sample.before)),
        [lines.get(place, 0) for place in range(count)],
        [task.times.shards.get(NO_SHARD, {}) for task in look.tasks if task.group is not None],
        summed(task.times.stages for task in look.tasks if task.group is None),
        started + driving,
    )
    return replace(look.trial(result), prediction=predict(look.sample, measured, look.groups))


class _SampleLook(JobLook):
    """The imports of a sample.

    sample   what was drawn of the inputs
    groups   of how many groups of shards the whole job is made
    learned  the first import has run
    """

    sample: InputSample

    def __init__(self, order: Order, output: str, share: float) -> None:
        super().__init__(order, output)
        self._share = share
        self._kept: Runner | None = None
        self.learned, self.groups = False, 0
        self._drawing = self._cpu = 0.0

    def run(self) -> JobResult:
        """Run the next import."""
        began, self._drawing = time.process_time(), 0.0
        result = super().run()
        self._cpu = time.process_time() - began
        return result

    def runner(self, runner: Runner) -> Runner:
        """Return the runner of the first import, watched anew. Each import opens and closes its
        cluster, whose workers go on living by themselves.
        """
        if not is_local(self.order.executor):
            return super().runner(runner)
        if self._kept is None:
            self._kept = runner
        elif runner is not self._kept:
            runner.close()
        self._watch = WatchedRunner(self._kept, kept=True)
        return self._watch

    def planned(self, plan: Plan) -> Plan:
        """Return a plan that reads the sample."""
        super().planned(plan)
        if not self.learned:
            began = time.process_time()
            self.sample = draw(plan.inputs, self._share, self.order.seed)
            self.groups = len(plan.groups)
            self._drawing = time.process_time() - began
        drawn = self.sample.measured
        if self.sample.before and not self.learned:
            drawn = self.sample.before
        self._stored = sum(one.stored for one in drawn)
        shards = ShardList.of(plan.inputs, (one.shard for one in drawn))
        return replace(plan, shards=shards, groups=_grouped(drawn))

    def driving(self) -> float:
        """Return the CPU seconds that this process took for the last import, without its tasks and
        without drawing the sample.
        """
        return max(0.0, self._cpu - self._drawing - self.task_cpu(here=True))

    def close(self) -> None:
        """End the worker."""
        if self._kept is not None:
            self._kept.close()


def _of_shards(tasks: Sequence[DoneTask], count: int) -> list[Mapping[str, Spent]]:
    """Return what was spent on each of so many shards."""
    found = {
        shard: stages for task in tasks for shard, stages in task.times.shards.items() if shard >= 0
    }
    return [found.get(place, {}) for place in range(count)]


def _grouped(drawn: Sequence[Drawn]) -> tuple[int, ...]:
    """Return the numbers of the shards that begin a group of some megabytes, as an import has them:
    parts are put in place once a group.
    """
    firsts, room = list[int](), 0.0
    for number, one in enumerate(drawn):
        if room <= 0:
            firsts.append(number)
            room = _GROUP
        room -= one.size
    return tuple(firsts)
