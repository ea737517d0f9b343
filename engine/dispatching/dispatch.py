"""Dispatch: every group of a plan through a runner, those that kill their workers included."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from ..across.job_checks import JobChecks
from ..errors import EngineError
from ..executors import Runner, Task, TaskFailure, run_all
from ..figures.totals import Totals
from ..job_terms.settings import Settings
from ..sharding.file_outcomes import FileOutcome
from ..sharding.shard import Break, Shard, ShardResult
from ..sharding.shard_groups import Group, split
from .worker import count_lines, run_group

__all__ = ["run_checks", "run_groups"]

_log = logging.getLogger("bulkfhir.engine")

_Lost = tuple[Group, str]


def run_groups(
    runner: Runner,
    settings: Settings,
    groups: Iterable[Group],
    tick: Callable[[], None],
    forget: Callable[[int], None],
) -> Iterator[tuple[ShardResult, ...]]:
    """Yield the results of every group, in the order in which they finish.

    A group that was lost is done again in pieces, after ``forget`` was called with its number,
    since what its worker left may be of more shards than a piece has. A shard that could not be
    validated alone gets a result too: its resources are server errors, and its lines are counted
    for the shards after it.
    """
    alone: list[_Lost] = []
    while groups:
        lost = list[_Lost]()
        yield from _results(runner, settings, groups, tick, lost)
        for group, _ in lost:
            forget(group[0].index)
        alone += [entry for entry in lost if len(entry[0]) == 1]
        groups = [piece for group, _ in lost if len(group) > 1 for piece in split(group)]
    messages = {group[0].index: message for group, message in alone}
    shards = [group[0] for group, _ in alone]
    for task, counted in run_all(
        runner, [Task(shard, count_lines, (shard,)) for shard in shards], tick
    ):
        shard, message = task.key, messages[task.key.index]
        if isinstance(counted, TaskFailure):
            raise EngineError(
                f"{shard.uri}: the lines of bytes {shard.start:,} to {shard.end or 'the end'} "
                f"cannot even be counted: {counted.message}"
            )
        _log.error("%s: shard %d was given up: %s", shard.uri, shard.index, message)
        yield (_given_up(shard, message, *counted),)


def _results(
    runner: Runner,
    settings: Settings,
    groups: Iterable[Group],
    tick: Callable[[], None],
    lost: list[_Lost],
) -> Iterator[tuple[ShardResult, ...]]:
    """Yield the results of groups; add those that came to none to ``lost``, with the reason."""
    tasks = (Task(group[0].index, run_group, (settings, group)) for group in groups)
    for task, result in run_all(runner, tasks, tick):
        if isinstance(result, TaskFailure):
            lost.append((task.arguments[1], result.message))
        else:
            yield result


def run_checks(
    runner: Runner, settings: Settings, outcomes: Iterable[FileOutcome], tick: Callable[[], None]
) -> JobChecks:
    """Return what the checks over a whole job come to, given what came of its files."""
    from ..across.check_job import CheckedShard, check_job  # few jobs are checked over

    shards = tuple(
        CheckedShard(
            shard.index,
            outcome.file.uri,
            base,
            None if shard.broken and shard.broken.status == 500 else shard.part,
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
