"""NDJSON sink: accepted lines by resource type, bytes untouched:
``resources/<Type>/part-000000.ndjson``.

Of a resource that comes more than once every line is kept, in the order of the input: whoever reads
the parts in order ends with the last, which wins.
"""

from __future__ import annotations

from collections.abc import Collection

from ..storage import Storage, Writer
from ..storage.open_files import OpenFiles
from .compressed import COMPRESSIONS, Compressed
from .interface import Accepted
from .part_files import GroupFiles, PartFiles

__all__ = ["NdjsonSink"]


class NdjsonSink:
    """A Sink of NDJSON parts.

    compression  of the parts: none, gz or zst, which their names then end in
    """

    def __init__(self, folder: str, storage: Storage, *, compression: str = "none") -> None:
        if compression not in ("none", *COMPRESSIONS):
            raise ValueError(
                f"{compression}: the compression of parts is none or {' or '.join(COMPRESSIONS)}"
            )
        self._compression = None if compression == "none" else compression
        ending = f".{compression}" if self._compression else ""
        self._files = PartFiles(folder, storage, f".ndjson{ending}")

    def open(self, index: int) -> _NdjsonParts:
        """Return a writer for the parts of a group, one for each type that it holds."""
        return _NdjsonParts(self._files.of(index), self._compression)

    def discard(self, index: int) -> None:
        """Delete the parts of a group."""
        self._files.discard([index])

    def discard_all(self, numbers: Collection[int]) -> None:
        """Delete the parts of several groups."""
        self._files.discard(numbers)


class _NdjsonParts:
    def __init__(self, files: GroupFiles, compression: str | None) -> None:
        def writer(name: str) -> Writer:
            part = files.writer(name)
            return Compressed(part, compression) if compression else part

        self._files = OpenFiles(writer)
        self.abort, self.sizes = self._files.abort, files.sizes

    def write(self, accepted: Accepted) -> None:
        for name, lines in accepted.by_type():
            self._files.write(name, lines)

    def commit(self) -> None:
        self._files.commit(durable=True)
