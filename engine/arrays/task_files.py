"""Task files: the shards of a plan in pieces, so that a process reads no more than its own share.

<work folder>/tasks/weights            what each shard costs: 64-bit integers
                   /shards-000000.json a thousand shards, and which of them begin a group
"""

from __future__ import annotations

import dataclasses
import sys
from array import array
from collections.abc import Iterator

from ..checkpoint import Plan
from ..errors import ConfigurationError
from ..sealed import sealed, unsealed
from ..settings import Settings
from ..shard import Shard
from ..shard_groups import Group, groups_left, shard_weight
from ..storage import Storage, storage_for
from .share import Share

__all__ = ["TaskFiles"]

_TOGETHER = 1_000
"""Shards of one file: some 200 KB."""


class TaskFiles:
    """The task files of one job."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.work_folder
        self._storage: Storage = storage_for(self._folder, settings.choices.encryption_key_id)

    def write(self, plan: Plan) -> None:
        """Write the shards of a plan."""
        firsts = {*plan.groups}
        for number in range(0, len(plan.shards), _TOGETHER):
            shards = plan.shards[number : number + _TOGETHER]
            data = {
                "shards": [dataclasses.astuple(shard) for shard in shards],
                "groups": [shard.index for shard in shards if shard.index in firsts],
            }
            self._storage.put(self._place(number), sealed(data), durable=True)
        weights = array("Q", (shard_weight(shard, plan.inputs) for shard in plan.shards))
        self._storage.put(self._weights, _little(weights).tobytes(), durable=True)

    def cut(self, share: Share) -> range:
        """Return the numbers of the shards of a share."""
        weights = array("Q")
        weights.frombytes(self._storage.read(self._weights))
        return share.cut(_little(weights))

    def groups(self, within: range, done: set[int]) -> Iterator[Group]:
        """Yield what is left of every group of these shards, given the numbers of those that are
        done. A group that is cut by the range's end is one for each side.
        """
        for number in range(within.start // _TOGETHER * _TOGETHER, within.stop, _TOGETHER):
            data = unsealed(self._storage.read(self._place(number)))
            shards = [Shard(*values) for values in data["shards"]]
            shards = [shard for shard in shards if shard.index in within]
            if not shards:
                raise ConfigurationError(f"{self._place(number)}: it holds none of these shards")
            base = shards[0].index
            firsts = [first - base for first in data["groups"] if first in within]
            yield from groups_left(shards, sorted({0, *firsts}), done)

    @property
    def _weights(self) -> str:
        return self._storage.join(self._folder, "tasks/weights")

    def _place(self, number: int) -> str:
        return self._storage.join(self._folder, f"tasks/shards-{number:06d}.json")


def _little(numbers: array[int]) -> array[int]:
    """Return the same in the order of bytes of the file, whichever this machine's is."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
