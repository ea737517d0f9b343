"""Groups: shards in a row that one worker does as one task, with one record and one set of parts,
named by the first of them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Container, Iterator, Sequence
from itertools import chain, pairwise

from .shard import Shard
from .shard_list import ShardList

__all__ = ["Group", "groups_left", "plan_groups", "split", "weight"]

Group = tuple[Shard, ...]

_OPENING = 64 << 10
"""Bytes that are read in the time that it takes to open a file, at the least."""

_PIECES = 16
"""How many groups come of one that was lost."""


_SHARE = 64 << 20
"""Bytes of a group of which a sink keeps parts: shards are smaller where it counts, so that a group
holds 32 MB at the least, and with it a part where all is of one type.
"""


def weight(size: int) -> int:
    """Return what a file or a shard of so many bytes costs, in bytes."""
    return max(size, _OPENING)


def plan_groups(
    shards: ShardList,
    size: Callable[[int], int],
    *,
    sharers: int | None = None,
) -> array[int]:
    """Return the number of the first shard of every group. ``size`` says how large the next group
    is, by how many bytes are left of all inputs; a group has one shard at the least.

    sharers  given where a sink keeps parts of each group: how many workers share the groups, which
             then are larger than ``size`` says where every worker has its own even so
    """
    weights = array("Q", map(weight, map(shards.size, range(len(shards)))))
    firsts, room, left = array("q"), 0, sum(weights)
    for index, bytes_of in enumerate(weights):
        if not firsts or bytes_of > room:
            room = size(left)
            if sharers is not None:
                room = max(room, left // max(1, sharers - len(firsts), left // _SHARE))
            firsts.append(index)
        room -= bytes_of
        left -= bytes_of
    return firsts


def groups_left(
    shards: Sequence[Shard], firsts: Sequence[int], done: Container[int]
) -> Iterator[Group]:
    """Yield what is left of every group, given the numbers of the shards that are done; shards that
    no longer stand in a row are groups of their own.
    """
    for first, end in pairwise(chain(firsts, [len(shards)])):
        row = list[Shard]()
        for shard in shards[first:end]:
            if shard.index not in done:
                row.append(shard)
            elif row:
                yield tuple(row)
                row = []
        if row:
            yield tuple(row)


def split(group: Group) -> list[Group]:
    """Cut a group that was lost into smaller ones, so that all are done but what loses them."""
    step = -(-len(group) // _PIECES)
    return [group[first : first + step] for first in range(0, len(group), step)]
