"""Share run: the shards of one share of an array job, by the workers of one machine."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterator

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..dispatching.recorded_groups import run_recorded
from ..errors import Incomplete
from ..executors import default_workers, no_tick, open_runner, working
from ..job.refusals import refuse_unusable
from ..sharding.shard_groups import Group, groups_left
from ..sharding.task_files import TaskFiles
from .array_job import ArrayJob
from .share import Share
from .share_marks import ShareMark, ShareMarks

__all__ = ["ShareDone", "run_share"]

_log = logging.getLogger("bulkfhir.engine")


@dataclass(frozen=True, slots=True)
class ShareDone:
    """The outcome of a share.

    shards    that it has
    earlier   how many of them another run had finished
    lines     of those that this run has read, blank ones too
    rejected  resources of those
    """

    shards: int
    earlier: int
    lines: int = 0
    rejected: int = 0


def run_share(uri: str, share: Share, *, workers: int | None = None) -> ShareDone | None:
    """Do what is left of a share's shards. May be run any number of times, one after another or at
    once: each finds what is done, and a shard that two have done is the same of both. None where
    the job is published already.

    Raises ConfigurationError where this process would not judge as the plan says, StorageError
    where it cannot write, Incomplete where it can read none of the files.
    """
    job = ArrayJob.read(uri)
    if job.ended is not None or job.is_published():
        return None
    job.check()
    choices = job.settings.choices
    refuse_unusable(choices, workers, None)
    files = TaskFiles.of(job.settings)
    within = share.cut(files.weights())
    done = {result.index for result in job.checkpoint.results(within)}
    earlier = len(done.intersection(within))
    groups = list(_groups(files, within, done))
    if not groups:
        return ShareDone(len(within), earlier)
    ShareMarks(job).put(ShareMark.now(share, within))
    count = workers or min(default_workers(), len(groups))
    lines = rejected = reached = 0
    with working(open_runner("local", count, plug_ins=choices.plug_ins)) as runner:
        for result in run_recorded(runner, job.settings, groups, no_tick):
            lines += result.lines
            rejected += result.totals.customer_errors + result.totals.server_errors
            reached += not (result.broken and result.broken.unreachable)
            _log.info("shard %d is done: %d lines", result.index, result.lines)
    if not reached:
        raise Incomplete(
            f"share {share}: none of its files can be read here: give this process the disk or the "
            "credentials of the one that planned the job, and run the share again"
        )
    return ShareDone(len(within), earlier, lines, rejected)


def _groups(files: TaskFiles, within: range, done: Container[int]) -> Iterator[Group]:
    """Yield what is left of every group of these shards, given the numbers of those that are done.
    A group that is cut by the range's end is one for each side.
    """
    for shards, firsts in files.shards(within):
        base = shards[0].index
        yield from groups_left(shards, sorted({0, *(first - base for first in firsts)}), done)
