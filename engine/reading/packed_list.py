"""PackedList: records in a row, of which a million fit into a few dozen megabytes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, overload

__all__ = ["PackedList", "row_of"]

_Record = TypeVar("_Record")

_TOGETHER = 1_000
"""Records of one block: some 20 KB packed; unpacking one takes a millisecond."""

_KEPT = 4
"""Blocks that stay unpacked, of those that were looked into last."""


class PackedList(Sequence[_Record]):
    """Records of a slotted dataclass of plain values. The last ones stay as they are, so that a
    short list packs nothing.

    kind   the class of the records
    """

    def __init__(self, kind: type[_Record], records: Iterable[_Record] = ()) -> None:
        self._kind = kind
        self._blocks: list[bytes] = []
        self._unpacked: dict[int, list[_Record]] = {}
        self._last: list[_Record] = []
        for record in records:
            self.append(record)

    def append(self, record: _Record) -> None:
        """Add a record to the end."""
        self._last.append(record)
        if len(self._last) == _TOGETHER:
            text = json.dumps([row_of(one) for one in self._last], separators=(",", ":"))
            self._blocks.append(zlib.compress(text.encode(), 1))
            self._last = []

    def __len__(self) -> int:
        return len(self._blocks) * _TOGETHER + len(self._last)

    def __iter__(self) -> Iterator[_Record]:
        for number in range(len(self._blocks)):
            yield from self._block(number)
        yield from self._last

    @overload
    def __getitem__(self, place: int) -> _Record: ...
    @overload
    def __getitem__(self, place: slice) -> list[_Record]: ...
    def __getitem__(self, place: int | slice) -> _Record | list[_Record]:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step == 1:
                return list(self._between(start, stop))
            return list(map(self.__getitem__, range(start, stop, step)))
        number, within = divmod(range(len(self))[place], _TOGETHER)
        return self._last[within] if number == len(self._blocks) else self._block(number)[within]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def _between(self, start: int, stop: int) -> Iterator[_Record]:
        """Yield the records of a range, a block at a time."""
        while start < stop:
            number, within = divmod(start, _TOGETHER)
            block = self._last if number == len(self._blocks) else self._block(number)
            found = block[within : within + stop - start]
            yield from found
            start += len(found)

    def _block(self, number: int) -> list[_Record]:
        found = self._unpacked.get(number)
        if found is None:
            rows: list[list[Any]] = json.loads(zlib.decompress(self._blocks[number]))
            found = [self._kind(*row) for row in rows]
            kept = list(self._unpacked.items())[1 - _KEPT :]
            self._unpacked = {**dict(kept), number: found}
        return found


def row_of(record: object) -> list[Any]:
    """Return the members of a slotted dataclass; ``astuple`` would look into each of them."""
    return [getattr(record, name) for name in type(record).__slots__]  # type: ignore[attr-defined]
