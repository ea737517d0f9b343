"""Key buckets: the keys of rows in a file on this machine's disk, in pieces of a million, each
sorted by bucket, so that one bucket of all rows can be looked at without the others.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final

from ..columns import BUCKETS, by_bucket, in_order

__all__ = ["KeyBuckets", "KeySlice"]

_PIECE: Final = 1_000_000
"""Rows that are sorted at once, 24 bytes each."""
_KEY, _WORD = 16, 4


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows of the file: which number the first has, and before how many of the piece's each bucket
    begins, and the last one ends.
    """

    first: int
    starts: array[int]

    @property
    def rows(self) -> int:
        return self.starts[-1]


@dataclass(frozen=True, slots=True)
class KeySlice:
    """The rows of one bucket in one piece: their keys, 16 bytes each, and their codes, as words."""

    keys: bytes
    codes: bytes
    _marks: int
    _place: int

    def mark(self, marks: bytes) -> None:
        """Keep a byte for every row."""
        os.pwrite(self._marks, marks, self._place)


class KeyBuckets:
    """Rows in the order in which they are added; of each a key, a code and, later, a mark."""

    def __init__(self, folder: Path) -> None:
        """Open files in a folder that are gone with this object."""
        self._keys = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (closed by close)
        self._marks = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (as above)
        self._waiting: list[tuple[bytes, bytes]] = []
        self._rows = self._written = 0
        self._pieces: list[_Piece] = []

    def close(self) -> None:
        """Remove the files."""
        self._keys.close()
        self._marks.close()

    def add(self, keys: bytes, codes: bytes) -> None:
        """Take rows: their keys and their codes."""
        self._waiting.append((keys, codes))
        self._rows += len(codes) // _WORD
        if self._rows - self._written >= _PIECE:
            self._write()

    def bucket(self, number: int) -> Iterator[KeySlice]:
        """Yield the rows of a bucket, in their order."""
        if self._waiting:
            self._write()
        for piece in self._pieces:
            start, end = piece.starts[number], piece.starts[number + 1]
            if start == end:
                continue
            at = piece.first * (_KEY + 2 * _WORD)
            yield KeySlice(
                self._read(at + _KEY * start, _KEY * (end - start)),
                self._read(at + _KEY * piece.rows + _WORD * start, _WORD * (end - start)),
                self._marks.fileno(),
                piece.first + start,
            )

    def marks(self) -> Iterator[bytes]:
        """Yield the marks of all rows in their order, a piece at a time; 0 where there is none."""
        for piece in self._pieces:
            marks = os.pread(self._marks.fileno(), piece.rows, piece.first)
            at = piece.first * (_KEY + 2 * _WORD) + (_KEY + _WORD) * piece.rows
            yield in_order(self._read(at, _WORD * piece.rows), marks.ljust(piece.rows, b"\0"))

    def _write(self) -> None:
        """Write what waits as a piece."""
        sorted_rows = memoryview(by_bucket(self._waiting))
        counts, rows = sorted_rows[: _WORD * BUCKETS], sorted_rows[_WORD * BUCKETS :]
        starts = array("I", accumulate(array("I", counts.tobytes()), initial=0))
        self._pieces.append(_Piece(self._written, starts))
        while rows:
            rows = rows[self._keys.write(rows) :]
        self._waiting, self._written = [], self._rows

    def _read(self, place: int, size: int) -> bytes:
        return os.pread(self._keys.fileno(), size, place)
