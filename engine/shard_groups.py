"""Groups: shards in a row that one worker does as one task, with one record and one set of parts,
named by the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from itertools import pairwise

from .reading.sources import InputFile
from .shard import Shard

__all__ = ["Group", "groups_left", "plan_groups", "shard_weight", "split", "weight"]

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


def shard_weight(shard: Shard, inputs: Sequence[InputFile]) -> int:
    """Return what a shard of some inputs costs, in bytes."""
    return weight(inputs[shard.file].size if shard.end is None else shard.end - shard.start)


def plan_groups(
    shards: Sequence[Shard],
    inputs: Sequence[InputFile],
    size: Callable[[int], int],
    *,
    sharers: int | None = None,
) -> tuple[int, ...]:
    """Return the number of the first shard of every group. ``size`` says how large the next group
    is, by how many bytes are left of all inputs; a group has one shard at the least.

    sharers  given where a sink keeps parts of each group: how many workers share the groups, which
             then are larger than ``size`` says where every worker has its own even so
    """
    weights = [shard_weight(shard, inputs) for shard in shards]
    firsts, room, left = list[int](), 0, sum(weights)
    for shard, bytes_of in zip(shards, weights, strict=True):
        if not firsts or bytes_of > room:
            room = size(left)
            if sharers is not None:
                room = max(room, left // max(1, sharers - len(firsts), left // _SHARE))
            firsts.append(shard.index)
        room -= bytes_of
        left -= bytes_of
    return tuple(firsts)


def groups_left(
    shards: Sequence[Shard], firsts: Sequence[int], done: Container[int]
) -> Iterator[Group]:
    """Yield what is left of every group, given the numbers of the shards that are done; shards that
    no longer stand in a row are groups of their own.
    """
    for first, end in pairwise((*firsts, len(shards))):
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
