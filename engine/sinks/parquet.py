"""Parquet sink: accepted resources as a data set a type, ``resources/<Type>/part-000000.parquet``.

``json`` is the resource itself, its bytes untouched: whoever reads it as JSON loses digits of
decimals, and can still go back to them. The other columns are for finding a resource. Of one that
comes more than once every row is kept, in the order of the input.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from importlib.util import find_spec
from typing import Any, Final

from ..storage import Storage, Writer
from .interface import Accepted
from .parquet_rows import ParquetRows, open_writer, schema
from .part_files import GroupFiles, PartFiles
from .resource_columns import ResourceColumns, columns_by_type

__all__ = ["ParquetSink"]

_PENDING: Final = 32 << 20
"""Bytes of JSON that wait for their row group, over all types of a group together: one bound, since
a job may have a hundred types. At the bound the type that has most is written.
"""
_COMPRESSIONS: Final = ("zstd", "snappy", "none")


class ParquetSink:
    """A Sink of Parquet parts: one a type in each group.

    compression  of the parts: zstd (level 1), snappy or none
    """

    def __init__(self, folder: str, storage: Storage, *, compression: str = "zstd") -> None:
        if compression not in _COMPRESSIONS:
            raise ValueError(
                f"{compression}: the compression of parts is {' or '.join(_COMPRESSIONS)}"
            )
        if find_spec("pyarrow") is None:
            raise ValueError(
                "Parquet is written by pyarrow, which is not installed: pip install pyarrow"
            )
        self._compression = compression
        self._files = PartFiles(folder, storage, ".parquet")

    def open(self, index: int) -> _ParquetParts:
        """Return a writer for the parts of a group, one for each type that it holds."""
        return _ParquetParts(self._files.of(index), self._compression)

    def discard(self, index: int) -> None:
        """Delete the parts of a group."""
        self._files.discard([index])

    def discard_all(self, numbers: Collection[int]) -> None:
        """Delete the parts of several groups."""
        self._files.discard(numbers)


class _ParquetParts:
    """The parts of one group."""

    def __init__(self, files: GroupFiles, compression: str) -> None:
        self._files, self._compression = files, compression
        self.sizes = files.sizes
        self._parts: dict[str, _Part] = {}
        self._pending = 0

    def write(self, accepted: Accepted) -> None:
        source = accepted.source.encode(errors="backslashreplace")  # its name may be no UTF-8
        for name, columns in columns_by_type(accepted):
            part = self._parts.get(name)
            if part is None:
                part = _Part(self._files.writer(name), self._compression)
                self._parts[name] = part
            self._pending += part.add(source, columns)
        while self._pending > _PENDING:
            largest = max(self._parts.values(), key=lambda part: part.size)
            self._pending -= largest.size
            largest.flush()

    def commit(self) -> None:
        for part in self._parts.values():
            part.close()
        for part in self._parts.values():
            part.commit()

    def abort(self) -> None:
        for part in self._parts.values():
            part.abort()


class _Part:
    """The part of one type.

    size  bytes of JSON that wait for their row group
    """

    def __init__(self, writer: Writer, compression: str) -> None:
        self._writer = writer
        self._file = _File(writer)
        self._rows = ParquetRows()
        self.size = 0
        self._parquet = open_writer(self._file, schema(), compression)

    def add(self, source: bytes, columns: ResourceColumns) -> int:
        """Take resources of one file; return how many bytes of JSON they are."""
        self._rows.add(source, columns)
        added = len(columns.lines[0])
        self.size += added
        return added

    def flush(self) -> None:
        """Write what waits as one row group."""
        table = self._rows.table()
        self._parquet.write_table(table, row_group_size=len(table))
        self._rows = ParquetRows()
        self.size = 0

    def close(self) -> None:
        """Write what waits, and what stands at the end of a Parquet file."""
        if self.size:
            self.flush()
        self._parquet.close()

    def commit(self) -> None:
        """Publish the part, which is closed."""
        self._writer.commit(durable=True)

    def abort(self) -> None:
        """Leave nothing."""
        self._file.drop()
        self._writer.abort()


class _File(io.RawIOBase):
    """A Writer as the file that pyarrow writes to; to close it publishes nothing."""

    def __init__(self, writer: Writer) -> None:
        super().__init__()
        self._writer: Writer | None = writer
        self._position = 0

    def drop(self) -> None:
        """Write nothing any more: pyarrow ends a file that is given up, too."""
        self._writer = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        held = bytes(data)
        if self._writer is not None:
            self._writer.write(held)
        self._position += len(held)
        return len(held)

    def tell(self) -> int:
        return self._position
