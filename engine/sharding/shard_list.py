"""ShardList: the shards of a job in their order, as columns of numbers, and how inputs are cut into
them; a job may have millions.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import overload

from ..reading.contents import compression_of_file
from ..reading.sources import InputFile
from ..storage.ahead import ahead
from .shard import Shard

__all__ = ["ShardList", "plan_shards"]

_TOGETHER = 1_000
"""Inputs that are looked at side by side."""

_WHOLE = -1
"""Stands for the end of a shard that has none."""


class ShardList(Sequence[Shard]):
    """Shards of some inputs; each knows its place.

    files   the place of each shard's file among the inputs
    """

    def __init__(self, inputs: Sequence[InputFile]) -> None:
        self._inputs = inputs
        self.files = array("q")
        self._starts, self._ends = array("q"), array("q")
        self._compressions: dict[int, str] = {}

    @classmethod
    def of(cls, inputs: Sequence[InputFile], shards: Iterable[Shard]) -> ShardList:
        """Return shards as such a list."""
        made = cls(inputs)
        for shard in shards:
            made.append(shard.file, shard.start, shard.end, shard.compression)
        return made

    def append(self, file: int, start: int, end: int | None, compression: str | None) -> None:
        """Add a shard to the end."""
        if compression:
            self._compressions[len(self.files)] = compression
        self.files.append(file)
        self._starts.append(start)
        self._ends.append(_WHOLE if end is None else end)

    def row(self, index: int) -> list[int | str | None]:
        """Return file, start, end and compression of a shard."""
        end = self._ends[index]
        compression = self._compressions.get(index)
        return [self.files[index], self._starts[index], None if end < 0 else end, compression]

    def size(self, index: int) -> int:
        """Return the bytes of the file that a shard reads, before any decompression."""
        if self._ends[index] < 0:
            return self._inputs[self.files[index]].size
        return self._ends[index] - self._starts[index]

    def __len__(self) -> int:
        return len(self.files)

    @overload
    def __getitem__(self, place: int) -> Shard: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Shard, ...]: ...
    def __getitem__(self, place: int | slice) -> Shard | tuple[Shard, ...]:
        if isinstance(place, slice):
            return tuple(self[index] for index in range(*place.indices(len(self))))
        index = range(len(self))[place]
        file, end = self._inputs[self.files[index]], self._ends[index]
        return Shard(
            index,
            self.files[index],
            file.uri,
            file.etag,
            self._starts[index],
            None if end < 0 else end,
            self._compressions.get(index),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def plan_shards(inputs: Sequence[InputFile], size: Callable[[int], int]) -> ShardList:
    """Cut every input, in order. ``size`` says how large the next shard is, by how many bytes are
    left of all inputs.

    Each input has at least one shard, so that even an empty one is opened. A rest of less than half
    a shard goes with the one before it: the log of an input that is one shard is its part, while
    others are put together. An input that would be cut is looked at first: an archive without the
    name of one is no byte ranges either. Many are looked at side by side.
    """
    shards, left = ShardList(inputs), sum(file.size for file in inputs)
    for number, file, compression in _looked_at(inputs, size, left):
        start, last = 0, max(file.size, 1)
        if compression:
            shards.append(number, 0, None, compression)
        while not compression and start < last:
            end = start + _next(last - start, size(left - start))
            shards.append(number, start, end, None)
            start = end
        left -= file.size
    return shards


def _next(rest: int, wanted: int) -> int:
    """Return how large the next shard of an input is of which so much is left."""
    return rest if rest < wanted + wanted // 2 else wanted


def _looked_at(
    inputs: Sequence[InputFile], size: Callable[[int], int], left: int
) -> Iterator[tuple[int, InputFile, str | None]]:
    """Yield the number, the file and the compression of every input."""
    for first in range(0, len(inputs), _TOGETHER):
        files, large = inputs[first : first + _TOGETHER], set[int]()
        for number, file in enumerate(files, first):
            last = max(file.size, 1)
            if file.compression is None and _next(last, size(left)) < last:
                large.add(number)
            left -= file.size
        found = ahead(_compression, (inputs[number] for number in sorted(large)))
        for number, file in enumerate(files, first):
            yield number, file, next(found) if number in large else file.compression


def _compression(file: InputFile) -> str | None:
    return compression_of_file(file.uri, file.etag)
