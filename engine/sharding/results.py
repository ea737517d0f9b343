"""Results: what came of every shard of a job, folded as it comes."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from ..errors import EngineError
from ..figures.totals import Totals, TotalsSum
from .shard import Break, NumberedLines, ShardResult
from .shard_list import ShardList

__all__ = ["DoneShards", "Results"]

_NONE, _WHOLE = -2, -1
"""Stand for no piece, and for a piece that is a whole part."""


class DoneShards:
    """Which shards of a job were done at some moment."""

    def __init__(self, flags: bytes) -> None:
        self.flags = flags

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and self.flags[index] == 1


class Results:
    """Results by the number of their shard. The totals are added up as they come, in the order of
    each file, since what follows a customer's error in it does not count; of a shard there remain a
    few numbers.

    ``results[number].totals`` has the accepted resources alone.
    """

    def __init__(self, shards: ShardList) -> None:
        count = len(shards)
        self._files = shards.files
        self._done = bytearray(count)
        self._lines, self._groups, self._imported = (array("q", bytes(8 * count)) for _ in range(3))
        self._pieces: dict[str, array[int]] = {}
        self._broken: dict[int, Break] = {}
        self._numbered: dict[int, tuple[tuple[str, NumberedLines], ...]] = {}
        self._sum = TotalsSum()
        self._next: dict[int, int] = {}
        self._held: dict[int, Totals] = {}
        self._ended: dict[int, int] = {}

    def __len__(self) -> int:
        return self._done.count(1)

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and self._done[index] == 1

    def __iter__(self) -> Iterator[ShardResult]:
        return (self[index] for index, done in enumerate(self._done) if done)

    def __getitem__(self, index: int) -> ShardResult:
        if not self._done[index]:
            raise KeyError(index)
        pieces = (
            (name, None if sizes[index] == _WHOLE else sizes[index])
            for name, sizes in sorted(self._pieces.items())
            if sizes[index] != _NONE
        )
        group = self._groups[index]
        return ShardResult(
            index,
            self._lines[index],
            Totals(imported=self._imported[index]) if self._imported[index] else _NO_TOTALS,
            tuple(pieces),
            self._broken.get(index),
            None if group == index else group,
            self._numbered.get(index, ()),
        )

    def add(self, result: ShardResult) -> None:
        """Add the result of a shard, or put it in the place of one that came to the same.

        Raises EngineError where a shard that counts was done again and came to another end.
        """
        index = result.index
        if not self._done[index]:
            self._put(result)
            self._fold(index, result.totals)
            return
        counts = index <= self._ended.get(self._files[index], index)
        before = (self._lines[index], self._imported[index], self._broken.get(index))
        self._put(result)
        if counts and before != (result.lines, result.totals.imported, result.broken):
            raise EngineError(
                f"shard {index} was done again and came to another end than before; resume the job"
            )

    def missing(self) -> list[int]:
        """Return the numbers of the shards that are not done."""
        return [index for index, done in enumerate(self._done) if not done]

    def done(self) -> DoneShards:
        """Return which shards are done by now."""
        return DoneShards(bytes(self._done))

    @property
    def broken(self) -> dict[int, Break]:
        """Return the breaks by the number of their shard."""
        return self._broken

    @property
    def totals(self) -> Totals:
        """Return the sum of the totals that count, once all shards are done."""
        return self._sum.total()

    def _put(self, result: ShardResult) -> None:
        index = result.index
        self._done[index] = 1
        self._lines[index] = result.lines
        self._groups[index] = result.part
        self._imported[index] = result.totals.imported
        for sizes in self._pieces.values():
            sizes[index] = _NONE
        for name, size in result.pieces:
            if name not in self._pieces:
                self._pieces[name] = array("q", [_NONE]) * len(self._done)
            self._pieces[name][index] = _WHOLE if size is None else size
        if result.broken:
            self._broken[index] = result.broken
        else:
            self._broken.pop(index, None)
        if result.numbered:
            self._numbered[index] = result.numbered
        else:
            self._numbered.pop(index, None)

    def _fold(self, index: int, totals: Totals) -> None:
        """Add totals, and those that have waited for them."""
        file = self._files[index]
        first = index == 0 or self._files[index - 1] != file
        if not first and self._next.get(file) != index:
            self._held[index] = totals
            return
        waiting: Totals | None = totals
        while waiting is not None:
            if file not in self._ended:
                self._sum.add(waiting)
            broken = self._broken.get(index)
            if broken is not None and broken.status == 400:
                self._ended.setdefault(file, index)
            index += 1
            waiting = self._held.pop(index, None)
        if index < len(self._files) and self._files[index] == file:
            self._next[file] = index
        else:
            self._next.pop(file, None)


_NO_TOTALS = Totals()
