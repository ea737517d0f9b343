"""Contents: the bytes of a file as its first bytes say they are to be read."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import StorageError
from ..storage import Reader, storage_for
from .compression import BrokenArchive, decompress
from .forms import HEAD, compression_inside, fault_inside
from .lines import read_range

__all__ = ["Contents", "NotNdjson", "compression_of_file", "look_inside"]

_MARK = 512
"""Bytes that tell what kind of archive a file is, and whether it begins as plain text."""


class NotNdjson(Exception):
    """The file is something else, which its text names."""


class Contents:
    """A file that is read from its start on, as its first bytes say.

    compression   of the archive that it is, None for plain text; ``named`` is what the name tells
    """

    def __init__(self, reader: Reader, named: str | None) -> None:
        self._whole = _Whole(reader)
        self.compression = compression_inside(self._whole.head, named)

    def head(self) -> bytes:
        """Return the first bytes, decompressed; of a broken archive those before the break."""
        if self.compression is None:
            return self._whole.read(HEAD)
        try:
            return next(decompress(self._whole, self.compression), b"")[:HEAD]
        except BrokenArchive:
            return b""

    def pieces(self, end: int | None) -> Iterator[bytes]:
        """Yield the bytes, decompressed; those of plain text in blocks up to ``end``, in small
        pieces beyond.

        Raises NotNdjson before any byte is yielded, BrokenArchive after those before the break.
        """
        pieces = (
            decompress(self._whole, self.compression)
            if self.compression
            else read_range(self._whole, 0, end)
        )
        first = next(pieces, b"")
        what = fault_inside(first[:HEAD])
        if what:
            raise NotNdjson(what)
        if first:
            yield first
        yield from pieces


def look_inside(uri: str, etag: str, named: str | None) -> tuple[str | None, bytes]:
    """Return by which compression a file is read, and its first bytes, decompressed.

    Raises StorageError; of a broken archive the bytes are those before the break.
    """
    reader = storage_for(uri).open(uri, 0, HEAD, etag=etag)
    try:
        contents = Contents(reader, named)
        return contents.compression, contents.head()
    finally:
        reader.close()


def compression_of_file(uri: str, etag: str) -> str | None:
    """Return by which compression a file is read that has no name of one; None as well where it
    cannot be read, which shows again when its lines are to be read.
    """
    try:
        return look_inside(uri, etag, None)[0]
    except StorageError:
        return None


class _Whole:
    """A reader that gives the bytes again which were looked at."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.head = b""
        while len(self.head) < _MARK and (more := reader.read(_MARK - len(self.head))):
            self.head += more
        self._left = self.head

    def read(self, size: int, /) -> bytes:
        given, self._left = self._left[:size], self._left[size:]
        return given + self._reader.read(size - len(given)) if len(given) < size else given

    def close(self) -> None:
        self._reader.close()
