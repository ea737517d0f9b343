"""Spool: copies of what comes through a pipe, which has no byte ranges and cannot be read twice."""

from __future__ import annotations

import os
from typing import BinaryIO

from ..errors import NotFound, StorageError
from ..process.temporary import TemporaryFolder
from ..storage import StoredObject, storage_for

__all__ = ["Spool"]

_AT_ONCE = 1 << 20


class Spool:
    """A folder of copies.

    folder              where they lie, in any storage; None: in a temporary folder, until ``close``
    encryption_key_id   the key by which they are encrypted there
    """

    def __init__(self, folder: str | None = None, encryption_key_id: str | None = None) -> None:
        self._folder, self._key = folder, encryption_key_id
        self._temporary: TemporaryFolder | None = None
        self._copies: list[str] = []

    def copy(self, name: str, pipe: BinaryIO) -> StoredObject:
        """Return the copy of all that a pipe gives.

        Raises StorageError, about the pipe's name where it is the pipe that breaks.
        """
        if self._folder is None:
            self._temporary = TemporaryFolder()
            self._folder = self._temporary.name
        storage = storage_for(self._folder, self._key)
        place = storage.join(self._folder, f"piped-{len(self._copies)}.ndjson")
        self._copies.append(place)
        writer = storage.writer(place)
        try:
            while data := _read(name, pipe):
                writer.write(data)
            writer.commit()
        except BaseException:
            writer.abort()
            raise
        entry = storage.stat(place)
        if entry is None:
            raise NotFound(place, "the copy is gone")
        return entry

    def discard(self) -> None:
        """Remove every copy: the job does not begin."""
        for place in self._copies:
            storage_for(place, self._key).delete(place)
        self.close()

    def close(self) -> None:
        """Remove the temporary folder, where there is one. May be called twice."""
        if self._temporary is not None:
            self._temporary.cleanup()


def _read(name: str, pipe: BinaryIO) -> bytes:
    try:
        return pipe.read(_AT_ONCE)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise StorageError(name, reason) from None
