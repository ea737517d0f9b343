"""Task files: the inputs and shards of a plan in pieces, so that nobody holds them as one document,
and that a process of an array reads no more than its own share.

<work folder>/tasks/shards-000000.json  a thousand shards, their inputs, and which begin a group
                   /weights             what each shard costs, for arrays: 64-bit integers
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..job_terms.settings import Settings
from ..reading.packed_list import PackedList, row_of
from ..reading.sources import InputFile
from ..storage import Storage, storage_for
from ..storage.ahead import ahead
from ..storage.sealed import Damaged, sealed, unsealed
from .shard import Shard
from .shard_groups import weight
from .shard_list import ShardList

__all__ = ["TOGETHER", "TaskFiles", "TaskRows", "rows_of_tasks"]

TOGETHER: Final = 1_000
"""Shards of one file: some 250 KB."""

TaskRows = dict[str, Any]
"""A piece of a plan as JSON values: ``first`` shard and its ``file``, rows of ``inputs`` and of
``shards``, and in ``groups`` the shards that begin one.
"""


class TaskFiles:
    """The task files of one job."""

    def __init__(self, work_folder: str, encryption_key_id: str | None) -> None:
        self._folder = work_folder
        self._storage: Storage = storage_for(work_folder, encryption_key_id)

    @classmethod
    def of(cls, settings: Settings) -> TaskFiles:
        """Return the task files of a job with these settings."""
        return cls(settings.work_folder, settings.choices.encryption_key_id)

    def write(self, pieces: Iterator[TaskRows]) -> int:
        """Write the pieces of a plan, side by side; return how many."""
        encoded = ((piece["first"], sealed(piece)) for piece in pieces)
        return sum(1 for _ in ahead(lambda piece: self._put(*piece), encoded))

    def read(self, count: int) -> Iterator[TaskRows]:
        """Yield the first pieces of a plan. Raise Damaged, or what the storage says."""
        yield from ahead(self._read, range(0, count * TOGETHER, TOGETHER))

    def shards(self, within: range) -> Iterator[tuple[list[Shard], list[int]]]:
        """Yield the shards in a range, piece by piece, and the numbers of those among them that
        begin a group.
        """
        for piece in ahead(
            self._read, range(within.start // TOGETHER * TOGETHER, within.stop, TOGETHER)
        ):
            inputs, shards = PackedList(InputFile), list[Shard]()
            for row in piece["inputs"]:
                inputs.append(InputFile(*row))
            for index, (file, start, end, compression) in enumerate(
                piece["shards"], piece["first"]
            ):
                if index in within:
                    read = inputs[file - piece["file"]]
                    shards.append(Shard(index, file, read.uri, read.etag, start, end, compression))
            yield shards, [first for first in piece["groups"] if first in within]

    def write_weights(self, shards: ShardList) -> None:
        """Write what each shard costs."""
        weights = array("Q", map(weight, map(shards.size, range(len(shards)))))
        self._storage.put(self._weights, _little(weights).tobytes(), durable=True)

    def weights(self) -> array[int]:
        """Return what each shard costs."""
        weights = array("Q")
        weights.frombytes(self._storage.read(self._weights))
        return _little(weights)

    @property
    def _weights(self) -> str:
        return self._storage.join(self._folder, "tasks/weights")

    def _put(self, first: int, data: bytes) -> None:
        self._storage.put(self._place(first), data, durable=True)

    def _read(self, first: int) -> TaskRows:
        piece = unsealed(self._storage.read(self._place(first)))
        if piece["first"] != first:
            raise Damaged("a task file of other shards")
        return piece

    def _place(self, first: int) -> str:
        return self._storage.join(self._folder, f"tasks/shards-{first:06d}.json")


def rows_of_tasks(
    inputs: Sequence[InputFile], shards: ShardList, groups: Sequence[int]
) -> Iterator[TaskRows]:
    """Yield the pieces of a plan; none of no shards. An input whose shards are of two pieces is in
    both.
    """
    for first in range(0, len(shards), TOGETHER):
        end = min(first + TOGETHER, len(shards))
        begin, last = shards.files[first], shards.files[end - 1]
        yield {
            "first": first,
            "file": begin,
            "inputs": [row_of(file) for file in inputs[begin : last + 1]],
            "shards": [shards.row(index) for index in range(first, end)],
            "groups": list(groups[bisect_left(groups, first) : bisect_left(groups, end)]),
        }


def _little(numbers: array[int]) -> array[int]:
    """Return the same in the order of bytes of the file, whichever this machine's is."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
