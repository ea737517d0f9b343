"""Dispatch: every shard of a plan through a runner, the ones that kill their workers included."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

from .across.check_job import CheckedShard, check_job
from .across.job_checks import JobChecks
from .errors import EngineError
from .executors import Runner, Task, TaskFailure, run_all
from .settings import Settings
from .shard import Break, Shard, ShardResult
from .totals import Totals
from .worker import count_lines, run_shard
from .writing.manifest import FileOutcome

__all__ = ["run_checks", "run_shards"]

_log = logging.getLogger("bulkfhir.engine")


def run_shards(
    runner: Runner, settings: Settings, shards: Iterable[Shard], tick: Callable[[], None]
) -> Iterator[ShardResult]:
    """Yield a result for every shard, in the order in which they finish.

    A shard that could not be validated gets a result too: its resources are server errors, and its
    lines are counted for the shards after it.
    """
    lost: dict[int, tuple[Shard, str]] = {}
    for task, result in run_all(
        runner, (Task(shard, run_shard, (settings, shard)) for shard in shards), tick
    ):
        if isinstance(result, TaskFailure):
            lost[task.key.index] = task.key, result.message
        else:
            yield result
    for task, counted in run_all(
        runner, [Task(shard, count_lines, (shard,)) for shard, _ in lost.values()], tick
    ):
        shard, message = lost[task.key.index]
        if isinstance(counted, TaskFailure):
            raise EngineError(
                f"{shard.uri}: the lines of bytes {shard.start:,} to {shard.end or 'the end'} "
                f"cannot even be counted: {counted.message}"
            )
        _log.error("%s: shard %d was given up: %s", shard.uri, shard.index, message)
        yield _given_up(shard, message, *counted)


def run_checks(
    runner: Runner, settings: Settings, outcomes: Sequence[FileOutcome], tick: Callable[[], None]
) -> JobChecks:
    """Return what the checks over a whole job come to, given what came of its files."""
    shards = tuple(
        CheckedShard(
            shard.index,
            outcome.file.uri,
            base,
            None if shard.broken and shard.broken.status == 500 else shard.index,
        )
        for outcome in outcomes
        for shard, base in zip(outcome.shards, outcome.bases, strict=True)
    )
    task = Task("checks", check_job, (settings, shards, runner.slots))
    ((_, result),) = run_all(runner, [task], tick)
    if isinstance(result, TaskFailure):
        raise EngineError(f"the checks over the whole job could not be made: {result.message}")
    checks: JobChecks = result
    return checks


def _given_up(shard: Shard, message: str, lines: int, resources: int) -> ShardResult:
    where = (
        "The file"
        if shard.start == 0 and shard.end is None
        else f"Its part from byte {shard.start:,} to byte {shard.end:,}"
    )
    broken = Break(
        f"{where} could not be processed: {message}; {resources:,} resources in {lines:,} lines "
        "are not imported",
        500,
    )
    totals = Totals(
        scanned=resources,
        server_errors=resources,
        server_types={"": resources} if resources else {},
    )
    return ShardResult(shard.index, lines, totals, (), broken)
