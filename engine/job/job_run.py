"""JobRun: one run of one import job, stage by stage, and the wall around it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import field, replace
from itertools import chain

from bulkfhir.validators.economy.light_dataclass import dataclass
from bulkfhir.validators.errors import BulkfhirError

from ..across.cause_sums import CauseSums, find_causes
from ..across.duplicates import Duplicates, bucket_ranges, find_duplicates
from ..across.key_runs import put_together, runs_of
from ..across.referred import referred_shards
from ..counting.progress import CancelEvent, OnProgress, Tracker
from ..counting.summary import Summary
from ..dispatching.dispatch import run_checks
from ..dispatching.recorded_groups import discard, run_recorded
from ..errors import (
    AccessDenied,
    ConfigurationError,
    EngineError,
    Held,
    Incomplete,
    NotFound,
    StorageError,
    Unavailable,
)
from ..executors import Cancelled, Runner, Task, TaskFailure, run_all, working
from ..figures.job_figures import JobProgressReport
from ..figures.totals import Place
from ..job_report.job_facts import JobFacts
from ..job_report.report_files import write_report
from ..job_terms.job_choices import ReportWish
from ..job_terms.job_folder import MANIFEST, PLAN, WORK
from ..job_terms.job_status import JobStatus
from ..job_terms.settings import Settings
from ..process.logger import log_crash
from ..sharding.checkpoint import Checkpoint, save_record
from ..sharding.file_outcomes import FilesSum, OutcomesByFile, finding_parts
from ..sharding.plan import Ending, Plan
from ..sharding.results import Results
from ..sharding.shard import ShardResult
from ..sharding.shard_groups import Group, groups_left
from ..storage import Claim, Storage
from ..stored_tables import publish_tables
from ..writing.log_plans import digest_of, log_plans
from ..writing.log_publication import LogPublication
from ..writing.manifest import Manifest, status_of
from .reach import look_again, refuse_unreachable

__all__ = ["JobResult", "JobRun", "refuse_missing", "runs_named"]

_log = logging.getLogger("bulkfhir.engine")

_FEW_LINES = 500_000
"""Keys that one task looks through in well under a second."""

_NAMED = 20
"""Runs of missing shards that are named."""

_CAUSES = object()
"""Key of the task that groups findings."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """How an import job ended.

    status      COMPLETED, COMPLETED_WITH_ERRORS (some resource or file failed), FAILED,
                CANCEL_COMPLETED
    message     why it FAILED
    job_folder  the job's own folder as a URI, ending in ``/``
    manifest    None unless the job was published
    summary     sums by resource type, by rule with examples, by file
    elapsed     seconds of wall time of this run
    """

    status: JobStatus
    message: str | None
    job_id: str
    datastore_id: str
    job_folder: str
    progress: JobProgressReport
    manifest: Manifest | None = None
    summary: Summary = field(default_factory=Summary)
    elapsed: float = 0.0


class JobRun:
    """One run of one job: the wall around it, and its stages.

    published   digests of the logs that are published already; given, no shard is read here: all
                of them must be done
    """

    def __init__(
        self,
        job_id: str,
        datastore_id: str,
        folder: str,
        storage: Storage,
        checkpoint: Checkpoint,
        published: Collection[str] | None = None,
        report: ReportWish | None = None,
    ) -> None:
        self._published, self._wish = published, report
        self._job_id, self._datastore_id = job_id, datastore_id
        self._folder, self._storage, self._checkpoint = folder, storage, checkpoint
        self._uri = storage.public(folder) + "/"
        self._claim: Claim

    def check_new(self, resume: bool) -> None:
        """Raise ConfigurationError where the job's folder exists already.

        A work folder in it without a plan is that of a job that was killed before it began.
        """
        try:
            listed = self._storage.list(self._folder + "/")
            names = {entry.uri.removeprefix(f"{self._folder}/") for entry in listed}
        except NotFound:
            return
        except AccessDenied as error:
            if not self._checkpoint.elsewhere:
                raise
            _log.warning("nobody can tell whether this job folder exists already: %s", error)
            return
        if f"{WORK}/{PLAN}" not in names and all(name.startswith(f"{WORK}/") for name in names):
            return
        if not resume:
            why = "choose another job id, or resume it"
        elif MANIFEST in names:
            why = "it is complete"
        else:
            why = "no plan is in it: name the work folder that the job was begun with"
        raise ConfigurationError(f"{self._folder}: this job folder exists already; {why}")

    def check_same(self, plan: Plan, settings: Settings, source: str, resume: bool) -> None:
        """Raise ConfigurationError where the job was begun with another source or choice, or is not
        to be resumed.
        """
        if not resume:
            raise ConfigurationError(
                f"{self._checkpoint.work_folder}: this work folder exists already; choose another "
                "job id, or resume it"
            )
        if plan.source_uri != source:
            raise ConfigurationError(
                f"this job was begun with the source {plan.source_uri} and cannot be resumed with "
                f"{source}"
            )
        for name, before, now in plan.settings.differences(settings):
            raise ConfigurationError(
                f"this job was begun with {name} {before!r} and cannot be resumed with {now!r}"
            )

    def failed(self, message: str) -> JobResult:
        """Return the result of a job that FAILED before a byte was read."""
        return JobResult(
            JobStatus.FAILED,
            message,
            self._job_id,
            self._datastore_id,
            self._uri,
            JobProgressReport(),
        )

    def run(
        self,
        plan: Plan,
        open_workers: Callable[[int], Runner],
        on_progress: OnProgress | None,
        cancel: CancelEvent | None,
        claim: Claim,
    ) -> JobResult:
        """Run the plan to whatever end, as long as the job is this process's.

        ``open_workers`` makes the runner, given how many groups of shards there are.

        Raises Incomplete while shards are missing that others are to do.
        """
        self._claim = claim
        with self._opened(open_workers(len(plan.groups) or 1)) as runner:
            stop = _Stop(claim, cancel)
            tracker = Tracker(plan.inputs, plan.shards, runner.counters, on_progress, stop)
            try:
                return self._stages(plan, runner, tracker)
            except Cancelled:
                if claim.lost is not None:
                    return self._stopped(JobStatus.FAILED, claim.lost, runner, tracker)
                return self._stopped(JobStatus.CANCEL_COMPLETED, None, runner, tracker)
            except Held as error:
                return self._stopped(JobStatus.FAILED, error.reason, runner, tracker)
            except Unavailable as error:
                return self._stopped(JobStatus.FAILED, self._resumable(error), runner, tracker)
            except Incomplete:
                raise  # nothing has failed, nor ended
            except StorageError as error:
                return self._stopped(
                    JobStatus.FAILED, f"cannot write the output: {error}", runner, tracker
                )
            except EngineError as error:
                return self._stopped(JobStatus.FAILED, str(error), runner, tracker)
            except Exception as error:  # noqa: BLE001 the wall around one job: a bug ends it with a status, its record stays
                log_crash("the job failed", error)
                return self._stopped(
                    JobStatus.FAILED, f"internal error: {type(error).__name__}", runner, tracker
                )

    def _stages(self, plan: Plan, runner: Runner, tracker: Tracker) -> JobResult:
        ending = plan.ending
        if ending is None:
            ending = self._published_all(plan, runner, tracker)
        else:
            tracker.published(ending.files, ending.shards)
        publish_tables(plan.settings, tracker.tick)
        manifest = Manifest.of(
            plan.source_uri, self._uri, plan.settings.choices.encryption_key_id, ending.files
        )
        place = self._storage.join(self._folder, MANIFEST)
        # Whoever finds a Manifest takes the job for complete: logs, parts and tables are in place.
        self._storage.put(place, manifest.to_bytes(), durable=True)
        ended = self._completed(plan, manifest, ending, tracker)
        self._report(plan, ended, ending, tracker)
        self._checkpoint.delete(self._claim)  # last: till here a killed job can be gone on with
        tracker.finish(ended.progress)
        return ended

    def _published_all(self, plan: Plan, runner: Runner, tracker: Tracker) -> Ending:
        """Have all read and published; return what is left to say, which the plan holds by then."""
        results = self._read(plan, runner, tracker)
        curve = tracker.read()
        tracker.phase = "publishing"
        outcomes = OutcomesByFile(plan.inputs, plan.shards.files, results)
        duplicates, causes = self._publish(plan, results, outcomes, runner, tracker)
        checks = None
        if plan.settings.choices.checks:
            checks = run_checks(runner, plan.settings, outcomes, tracker.tick)
        referred = referred_shards(duplicates.examples, causes, checks)
        files = FilesSum.of(outcomes, results.totals, referred)
        ending = Ending(files, len(plan.shards), duplicates, causes, checks, curve)
        self._sweep()  # what killed workers left
        self._storage.settle(self._folder)  # before the parts go that all is made of
        self._claim.confirm()
        self._checkpoint.save(replace(plan, ending=ending))
        return ending

    def _read(self, plan: Plan, runner: Runner, tracker: Tracker) -> Results:
        """Have every shard read that an earlier run did not finish; return all results."""
        results = Results(plan.shards)
        for result in self._checkpoint.results(unreachable=self._published is not None):
            results.add(result)
            tracker.add(result, earlier=True)
        if self._published is not None:
            refuse_missing(results.missing(), len(plan.shards))
        look_again(plan.inputs, plan.shards, results)
        self._forget(plan, range(len(plan.shards)), results)
        groups = groups_left(plan.shards, plan.groups, results.done())
        for result in run_recorded(runner, plan.settings, groups, tracker.tick):
            results.add(result)
            tracker.add(result)
        refuse_unreachable(plan.inputs, plan.shards, results)
        rest = self._without_dropped(plan, results)
        for result in run_recorded(runner, plan.settings, rest, tracker.tick):
            results.add(result)
        return results

    def _without_dropped(self, plan: Plan, results: Results) -> list[Group]:
        """Return what is to be done again: groups of which only some shards count, without those
        that do not, since parts and keys are of the whole group.
        """
        again = []
        dropped = {*_dropped(plan, results)}
        numbers = {results[index].part for index in dropped}
        for number, of_group in sorted(_by_group(numbers, results).items()):
            lost = [result for result in of_group if result.index in dropped]
            if len(lost) < len(of_group) and any(result.lines for result in lost):
                empty = [ShardResult(result.index, 0, group=number) for result in lost]
                save_record(plan.settings, empty)
                for result in empty:
                    results.add(result)
                discard(plan.settings, [number])
                kept = [plan.shards[one.index] for one in of_group if one.index not in dropped]
                again.append(tuple(kept))
        return again

    def _publish(
        self,
        plan: Plan,
        results: Results,
        outcomes: OutcomesByFile,
        runner: Runner,
        tracker: Tracker,
    ) -> tuple[Duplicates, CauseSums]:
        dropped = {*_dropped(plan, results)}
        counted = results if not dropped else _Counted(results, dropped)
        self._forget(plan, (results[index].part for index in dropped), counted)
        logs = (
            plans
            for plans in log_plans(outcomes, results)
            if not self._published or digest_of(plans) not in self._published
        )
        duplicates, causes = Duplicates(), CauseSums()
        looking = _DuplicateTasks(plan.settings, counted, runner.slots)
        others = looking.first()
        if parts := finding_parts(results, dropped):
            others.append(Task(_CAUSES, find_causes, (plan.settings, parts)))
        with closing(LogPublication(plan.settings, runner.slots)) as publication:
            for tasks in (chain(publication.tasks(logs), others), looking.last()):
                for task, result in run_all(runner, tasks, tracker.tick):
                    match result:
                        case TaskFailure(message):
                            raise EngineError(f"{_undone(task)}: {message}")
                        case CauseSums():
                            causes = result
                        case Duplicates():
                            duplicates += result
                        case _:
                            publication.add(result)
        return _by_shard(duplicates, counted), causes

    def _completed(
        self,
        plan: Plan,
        manifest: Manifest,
        ending: Ending,
        tracker: Tracker,
    ) -> JobResult:
        summary = Summary.of(
            ending.files, plan.skipped, ending.duplicates, ending.causes, ending.checks
        )
        report = tracker.report(summary.totals, ending.files.figures)
        status = status_of(manifest.to_json())
        return JobResult(
            status,
            None,
            self._job_id,
            self._datastore_id,
            self._uri,
            report,
            manifest,
            summary,
            tracker.elapsed,
        )

    def _report(self, plan: Plan, result: JobResult, ending: Ending, tracker: Tracker) -> None:
        """Write the report, where one is wanted. That it cannot be written fails no job."""
        if self._wish is None or result.manifest is None:
            return
        try:
            facts = JobFacts(
                wish=self._wish,
                job_id=self._job_id,
                datastore_id=self._datastore_id,
                status=result.status,
                folder=self._uri,
                source=plan.source_uri,
                choices=plan.settings.choices,
                manifest=result.manifest,
                progress=result.progress,
                summary=result.summary,
                finished=time.time(),
                elapsed=result.elapsed,
                earlier=tracker.before,
                curve=ending.curve,
            )
            write_report(facts, self._storage, self._folder)
        except (BulkfhirError, OSError) as error:
            _log.warning("the report of the job could not be written: %s", error)
        except Exception as error:  # noqa: BLE001 the job is published: no bug of its report undoes that
            log_crash("the report of the job could not be written", error)

    def _stopped(
        self, status: JobStatus, message: str | None, runner: Runner, tracker: Tracker
    ) -> JobResult:
        report = tracker.progress().report
        runner.close(kill=True)
        self._sweep()
        return JobResult(
            status,
            message,
            self._job_id,
            self._datastore_id,
            self._uri,
            report,
            elapsed=tracker.elapsed,
        )

    def _resumable(self, error: Unavailable) -> str:
        return (
            f"{error}; nothing is published and nothing is lost: once the store answers, resume "
            f"job {self._job_id}"
        )

    def _sweep(self) -> None:
        if self._claim.lost is not None:
            return  # another process writes there by now
        with suppress(StorageError):
            self._storage.sweep(self._folder)
            self._checkpoint.sweep()

    def _forget(self, plan: Plan, numbers: Iterable[int], counted: Iterable[ShardResult]) -> None:
        """Takes the lines of groups out of the sink of which no shard counts."""
        choices = plan.settings.choices
        if choices.sink is not None or choices.rejected is not None:
            discard(plan.settings, {*numbers} - {result.part for result in counted})

    @contextmanager
    def _opened(self, runner: Runner) -> Iterator[Runner]:
        """Hold a runner; sweep where it is killed."""
        try:
            with working(runner):
                yield runner
        except BaseException:
            self._sweep()
            raise


class _Stop:
    """A job stops when that is asked for, and when it is no longer this process's."""

    def __init__(self, claim: Claim, cancel: CancelEvent | None) -> None:
        self._claim, self._cancel = claim, cancel

    def is_set(self) -> bool:
        return self._claim.lost is not None or (self._cancel is not None and self._cancel.is_set())


def refuse_missing(missing: Sequence[int], shards: int) -> None:
    """Raise Incomplete where shards of so many are not done, and name them."""
    if missing:
        raise Incomplete(
            f"{len(missing)} of {shards} shards are missing: {runs_named(missing)}; nothing is "
            "published; do them with bulkfhir run-shards, and merge again"
        )


def runs_named(numbers: Sequence[int]) -> str:
    """Return numbers that are in order as text: ``3 to 7, 9``; the first runs of them."""
    runs = list[list[int]]()
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    shown = ", ".join(" to ".join(map(str, run)) for run in runs[:_NAMED])
    return shown + (", …" if len(runs) > _NAMED else "")


def _undone(task: Task) -> str:
    if task.key is _CAUSES:
        return "findings could not be grouped"
    if isinstance(task.key, range):
        return "duplicates could not be looked for"
    return f"{task.key}: its logs could not be published"


def _dropped(plan: Plan, results: Results) -> Iterator[int]:
    """Yield the numbers of the shards that lie behind a customer's error in their file."""
    files = plan.shards.files
    for index, broken in sorted(results.broken.items()):
        file, index = files[index], index + 1
        while broken.status == 400 and index < len(files) and files[index] == file:
            yield index
            index += 1


class _Counted:
    """The results that count."""

    def __init__(self, results: Results, dropped: Collection[int]) -> None:
        self._results, self._dropped = results, dropped

    def __iter__(self) -> Iterator[ShardResult]:
        return (result for result in self._results if result.index not in self._dropped)


def _by_group(
    numbers: Collection[int], results: Iterable[ShardResult]
) -> dict[int, list[ShardResult]]:
    """Return the results of these groups by the number of their group, in order."""
    groups: dict[int, list[ShardResult]] = {}
    for result in results if numbers else ():
        if result.part in numbers:
            groups.setdefault(result.part, []).append(result)
    return groups


def _by_shard(duplicates: Duplicates, results: Iterable[ShardResult]) -> Duplicates:
    """Return the same, with places that are (shard, line in it) instead of (group, line in it)."""
    places = [place for pair in duplicates.examples for place in pair]
    groups = _by_group({number for number, _ in places}, results)

    def place(found: Place) -> Place:
        number, line = found
        for result in groups[number]:
            if line < result.lines:
                return result.index, line
            line -= result.lines
        raise ValueError(f"group {number} has no such line")

    examples = tuple((place(first), place(last)) for first, last in duplicates.examples)
    return replace(duplicates, examples=examples)


class _DuplicateTasks:
    """The tasks that look for duplicates: one where there is little to look through; else such as
    put the keys together, each group's read once, and then one for each slot, each of which reads
    its own buckets.
    """

    def __init__(self, settings: Settings, counted: Iterable[ShardResult], slots: int) -> None:
        keys: dict[int, int] = {}
        for result in counted:
            if imported := result.totals.imported:
                keys[result.part] = keys.get(result.part, 0) + imported
        self._settings, self._lines = settings, sum(keys.values())
        together = self._lines > _FEW_LINES and slots > 1
        self._runs = runs_of(keys) if together else []
        self._groups = tuple(run[0] for run in self._runs) or tuple(keys)
        self._ranges = bucket_ranges(slots if together else 1) if self._lines > 1 else []

    def first(self) -> list[Task]:
        """Return those that go before."""
        return [
            Task(range(run[0], run[0] + 1), put_together, (self._settings, run))
            for run in self._runs
        ]

    def last(self) -> list[Task]:
        """Return those that come to the duplicates of some buckets each."""
        given = (self._settings, self._groups, self._lines)
        return [
            Task(range(*buckets), find_duplicates, (*given, buckets, bool(self._runs)))
            for buckets in self._ranges
        ]
