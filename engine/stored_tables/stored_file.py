"""StoredFile: a file of the project's storage as Python's file object, which libraries read from
and write to.
"""

from __future__ import annotations

import io
import os
from types import TracebackType
from typing import Self

from ..errors import NotFound
from ..storage import Storage, Writer

__all__ = ["StoredFile", "WrittenFile"]


class StoredFile(io.RawIOBase):
    """A file that is read in ranges. Raises StorageError."""

    def __init__(self, storage: Storage, uri: str) -> None:
        found = storage.stat(uri)
        if found is None:
            raise NotFound(uri, "there is no such file")
        self._storage, self._uri, self._etag = storage, uri, found.etag
        self.size = found.size
        self._place = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place; return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the bytes from here on: all of them, or so many."""
        left = max(0, self.size - self._place)
        wanted = left if size is None or size < 0 else min(size, left)
        if not wanted:
            return b""
        end = self._place + wanted
        reader = self._storage.open(self._uri, self._place, end, etag=self._etag)
        pieces = []
        try:
            while self._place < end and (piece := reader.read(end - self._place)):
                pieces.append(piece)
                self._place += len(piece)
        finally:
            reader.close()
        return b"".join(pieces)

    def readall(self) -> bytes:
        """Return the bytes from here to the end."""
        return self.read()


class WrittenFile:
    """A new file, of which nothing is seen before it is closed, and nothing is left where what
    writes it fails.

    size   bytes written so far
    """

    def __init__(self, writer: Writer) -> None:
        self._writer: Writer | None = writer
        self.size = 0

    @property
    def closed(self) -> bool:
        """Return whether the file is in its place, or given up."""
        return self._writer is None

    def readable(self) -> bool:
        """Return False."""
        return False

    def seekable(self) -> bool:
        """Return False."""
        return False

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: bytes, /) -> int:
        """Write bytes to the end; return how many."""
        if self._writer is None:
            raise ValueError("the file is closed")
        self._writer.write(bytes(data))
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        """Return how many bytes are written."""
        return self.size

    def flush(self) -> None:
        """Do nothing: bytes count when the file is closed."""

    def close(self) -> None:
        """Put the file in its place, whole, so that it outlives a power cut."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.commit(durable=True)

    def abort(self) -> None:
        """Leave nothing of the file."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()
