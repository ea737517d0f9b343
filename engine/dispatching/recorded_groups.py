"""Recorded groups: every group of shards done, with a record of each, and what one left that does
not count taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from ..executors import Runner
from ..job_terms.settings import Settings
from ..sharding.checkpoint import save_record
from ..sharding.shard import ShardResult
from ..sharding.shard_groups import Group
from ..sinks import discard_all
from ..writing.parts import open_rejected, open_sink
from .dispatch import run_groups

__all__ = ["discard", "run_recorded"]


def run_recorded(
    runner: Runner, settings: Settings, groups: Iterable[Group], tick: Callable[[], None]
) -> Iterator[ShardResult]:
    """Yield the result of every shard of these groups, each of them recorded."""

    def forget(number: int) -> None:
        discard(settings, [number])

    for group in run_groups(runner, settings, groups, tick, forget):
        for result in group:
            if result.broken and result.broken.status == 500:
                save_record(settings, [result])
            yield result


def discard(settings: Settings, numbers: Collection[int]) -> None:
    """Take the lines of groups that do not count out of the sink again, and out of what is kept of
    rejected ones.
    """
    sink = open_sink(settings) if numbers else None
    if sink is not None:
        discard_all(sink, numbers)
    kept = open_rejected(settings) if numbers else None
    if kept is not None:
        kept.discard(numbers)
