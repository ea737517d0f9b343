"""JobLook: the import of a trial, run as ``bulkfhir import`` runs it, and whoever looks on."""

from __future__ import annotations

import os
import resource
import secrets
import time
from collections.abc import Callable
from typing import Final

from bulkfhir.validators.economy.light_dataclass import dataclass
from bulkfhir.validators.verdicts.block import NO_FAST_PATH

from ..errors import EngineError
from ..executors import Runner
from ..job.importing import run_import
from ..job.job_run import JobResult
from ..job.job_start import Sizes
from ..job_terms.job_folder import job_folder_name
from ..job_terms.job_status import JobStatus
from ..job_terms.settings import Settings
from ..reading.sources import Listing
from ..sharding.plan import Plan
from ..storage import normal, storage_for
from .order import Order
from .trial import Trial, reasons_of, slot_times
from .watched_runner import DoneTask, WatchedRunner
from .watched_work import peak_memory

__all__ = ["JobLook"]

_OWN: Final = ("local", "futures")
"""Executors whose processes are this one, or its children."""
_DATASTORE: Final = "0" * 32


class JobLook:
    """One import of an order. To be run once in a process, whose CPU time is the trial's.

    output   the folder in which the job's own is made
    """

    def __init__(self, order: Order, output: str) -> None:
        self.order, self._output = order, output
        self._job = f"bench-{order.choices.level}-{order.workers or 'all'}-{secrets.token_hex(4)}"
        self._watch: WatchedRunner
        self._listed = self._began = self._ended = 0.0
        self._stored = 0.0

    def run(self) -> JobResult:
        """Run the job to its end. Raise EngineError where it fails."""
        order, self._began = self.order, time.perf_counter()
        result = run_import(
            order.sources,
            self._output,
            order.choices,
            workers=order.workers,
            task_bytes=order.task_bytes,
            job_id=self._job,
            datastore_id=_DATASTORE,
            include_all=order.include_all,
            executor=order.executor,
            executor_options=order.executor_options,
            onlooker=self,
        )
        self._ended = time.perf_counter()
        if result.status not in (JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_ERRORS):
            raise EngineError(result.message or f"the job has ended as {result.status}")
        return result

    def runner(self, runner: Runner) -> Runner:
        """Return the runner, watched."""
        self._watch = WatchedRunner(runner)
        return self._watch

    def sizes(self, sizes: Sizes) -> Sizes:
        """Return sizes that plan alike, and tell when the inputs are listed."""
        return _PlannedSizes(
            sizes.workers, sizes.shard_bytes, sizes.task_bytes, sizes.large, self.planned
        )

    def planned(self, plan: Plan) -> Plan:
        """Return the plan that is run in place of one that was made."""
        self._listed = time.perf_counter()
        self._stored = sum(file.size for file in plan.inputs)
        return plan

    @property
    def tasks(self) -> list[DoneTask]:
        """Return the tasks of the job."""
        return self._watch.done

    def task_cpu(self, *, here: bool = False) -> float:
        """Return the CPU seconds of all tasks; ``here``: of those in this process."""
        return sum(
            spent.cpu
            for task in self.tasks
            if not here or task.times.process == os.getpid()
            for spent in task.times.stages.values()
        )

    def forget(self) -> None:
        """Delete the job's folder."""
        place = normal(self._output)
        storage = storage_for(place, self.order.choices.encryption_key_id)
        storage.delete_folder(storage.join(place, job_folder_name(_DATASTORE, self._job)))

    def trial(self, result: JobResult) -> Trial:
        """Return what the job took, and this process and its children with it."""
        order, slots = self.order, self._watch.slots
        wall, publishing = self._ended - self._began, self._watch.publishing or self._ended
        totals = result.summary.totals
        handed_on = {NO_FAST_PATH: totals.scanned} | dict(totals.fallbacks)
        elsewhere = 0.0 if order.executor in _OWN else self.task_cpu()
        return Trial(
            level=order.choices.level,
            workers=slots,
            executor=order.executor,
            files=result.progress.scanned_files,
            size=self._stored,
            lines=totals.scanned,
            rejected=totals.customer_errors + totals.server_errors,
            wall=wall,
            cpu=_cpu() + elsewhere,
            listing=self._listed - self._began,
            working=publishing - self._listed,
            publishing=self._ended - publishing,
            slots=slot_times(self.tasks, slots, wall),
            reasons=reasons_of(self.tasks, handed_on),
            memory=peak_memory(),
        )


@dataclass(frozen=True, slots=True)
class _PlannedSizes(Sizes):
    """Sizes whose plan is shown to somebody, who may put another in its place."""

    planned: Callable[[Plan], Plan] = lambda plan: plan

    def plan(self, settings: Settings, listing: Listing) -> Plan:
        return self.planned(Sizes.plan(self, settings, listing))


def _cpu() -> float:
    """Return the CPU seconds of this process and of the children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)
