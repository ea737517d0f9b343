"""Parquet sink: accepted resources as a data set a type, ``resources/<Type>/part-000000.parquet``.

``json`` is the resource itself, its bytes untouched: whoever reads it as JSON loses digits of
decimals, and can still go back to them. The other columns are for finding a resource. Of one that
comes more than once every row is kept, in the order of the input.
"""

from __future__ import annotations

import io
from array import array
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import orjson

from ..errors import NotFound
from ..storage import Storage, Writer
from .interface import Accepted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ParquetSink"]

_PENDING: Final = 32 << 20
"""Bytes of JSON that wait for their row group, over all types of a shard together: one bound, since
a job may have a hundred types. At the bound the type that has most is written.
"""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_COMPRESSIONS: Final = ("zstd", "snappy", "none")


class ParquetSink:
    """A Sink of Parquet parts: one a type in each shard.

    compression  of the parts: zstd (level 1), snappy or none
    """

    def __init__(self, folder: str, storage: Storage, *, compression: str = "zstd") -> None:
        if compression not in _COMPRESSIONS:
            raise ValueError(
                f"{compression}: the compression of parts is {' or '.join(_COMPRESSIONS)}"
            )
        self._folder = storage.join(folder, "resources")
        self._storage = storage
        self._compression = compression

    def open(self, index: int) -> _Parts:
        """Return a writer for the parts of a shard, one for each type that it holds."""

        def open_part(name: str) -> _Part:
            place = self._storage.join(self._folder, f"{name}/{_name(index)}")
            return _Part(self._storage.writer(place), self._compression)

        return _Parts(open_part)

    def discard(self, index: int) -> None:
        """Delete the parts of a shard."""
        try:
            entries = list(self._storage.list(self._folder))
        except NotFound:
            return
        for entry in entries:
            if entry.uri.endswith("/" + _name(index)):
                self._storage.delete(entry.uri)


def _name(index: int) -> str:
    return f"part-{index:06d}.parquet"


def schema() -> pa.Schema:
    """Return the columns of a part.

    id            Resource.id
    version_id    meta.versionId; null where there is none
    last_updated  meta.lastUpdated in UTC, cut to microseconds; null where there is none, and where
                  it is a leap second or no moment
    profiles      meta.profile; empty where there is none
    source_file   the file that the resource came from, as a URI
    line_offset   where its line begins in that file, in bytes, decompressed
    json          the resource
    """
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("version_id", pa.string()),
            pa.field("last_updated", pa.timestamp("us", tz="UTC")),
            pa.field("profiles", pa.list_(pa.string()), nullable=False),
            pa.field("source_file", pa.string(), nullable=False),
            pa.field("line_offset", pa.int64(), nullable=False),
            pa.field("json", pa.string(), nullable=False),
        ]
    )


class _Parts:
    """The parts of one shard."""

    def __init__(self, open_part: Callable[[str], _Part]) -> None:
        self._open = open_part
        self._parts: dict[str, _Part] = {}
        self._pending = 0

    def write(self, accepted: Accepted) -> None:
        for (name, key, line), offset in zip(accepted.resources(), accepted.offsets(), strict=True):
            part = self._parts.get(name)
            if part is None:
                part = self._parts[name] = self._open(name)
            part.add(key, accepted.source, offset, line)
            self._pending += len(line)
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
        from pyarrow import parquet

        self._writer = writer
        self._file = _File(writer)
        self._rows = _Rows()
        self.size = 0
        # Plain strings: ids and JSON do not repeat, and a dictionary of them costs more than it
        # saves. Statistics of the JSON itself would be a copy of two resources in each row group.
        self._parquet = parquet.ParquetWriter(
            self._file,
            schema(),
            compression=compression,
            compression_level=1 if compression == "zstd" else None,
            use_dictionary=["source_file", "profiles.list.element"],
            write_statistics=["id", "last_updated", "line_offset"],
        )

    def add(self, key: str, source: str, offset: int, line: bytes) -> None:
        """Take one resource."""
        self._rows.add(key, _meta(line), source, offset, line)
        self.size += len(line)

    def flush(self) -> None:
        """Write what waits as one row group."""
        self._parquet.write_batch(self._rows.batch())
        self._rows = _Rows()
        self.size = 0

    def close(self) -> None:
        """Write what waits, and what stands at the end of a Parquet file."""
        if self.size:
            self.flush()
        self._parquet.close()

    def commit(self) -> None:
        """Publish the part, which is closed."""
        self._writer.commit()

    def abort(self) -> None:
        """Leave nothing."""
        self._file.drop()
        self._writer.abort()


class _Rows:
    """Rows as columns, on their way to a row group.

    The columns become Arrow's by their bytes: ``pyarrow.array`` would import pandas where it is
    installed, which takes longer than most jobs.
    """

    def __init__(self) -> None:
        self._ids: list[bytes] = []
        self._versions: list[bytes | None] = []
        self._moments: list[int | None] = []
        self._profiles: list[bytes] = []
        self._ends_of_profiles = array("i", [0])
        self._sources: list[bytes] = []
        self._offsets = array("q")
        self._lines: list[bytes] = []

    def add(self, key: str, meta: _Meta, source: str, offset: int, line: bytes) -> None:
        version, moment, profiles = meta
        self._ids.append(key.encode())
        self._versions.append(version)
        self._moments.append(moment)
        self._profiles += profiles
        self._ends_of_profiles.append(len(self._profiles))
        self._sources.append(source.encode())
        self._offsets.append(offset)
        self._lines.append(line)

    def batch(self) -> pa.RecordBatch:
        """Return the rows. Raises ArrowInvalid where a line is no UTF-8."""
        import pyarrow as pa

        moments = array("q", [moment or 0 for moment in self._moments])
        lists = pa.py_buffer(self._ends_of_profiles)
        return pa.RecordBatch.from_arrays(
            [
                _texts(self._ids),
                _texts(self._versions),
                _numbers(moments, pa.timestamp("us", tz="UTC"), _present(self._moments)),
                pa.ListArray.from_arrays(
                    pa.Array.from_buffers(pa.int32(), len(self._ends_of_profiles), [None, lists]),
                    _texts(self._profiles),
                ),
                _texts(self._sources),
                _numbers(self._offsets, pa.int64()),
                _texts(self._lines),
            ],
            schema=schema(),
        )


def _present(column: Sequence[object]) -> pa.Buffer | None:
    """Return which entries of a column are not None, as Arrow's bitmap; None for all."""
    import pyarrow as pa

    if None not in column:
        return None
    flags = bytes(entry is not None for entry in column)
    whole = pa.Array.from_buffers(pa.uint8(), len(flags), [None, pa.py_buffer(flags)])
    return whole.cast(pa.bool_()).buffers()[1]


def _numbers(column: array[int], kind: pa.DataType, present: pa.Buffer | None = None) -> pa.Array:
    import pyarrow as pa

    return pa.Array.from_buffers(kind, len(column), [present, pa.py_buffer(column)])


def _texts(column: Sequence[bytes | None]) -> pa.Array:
    """Return a column of strings, given in UTF-8."""
    import pyarrow as pa

    ends = array("i", accumulate((len(text or b"") for text in column), initial=0))
    buffers = [_present(column), pa.py_buffer(ends), pa.py_buffer(b"".join(filter(None, column)))]
    return pa.Array.from_buffers(pa.binary(), len(column), buffers).cast(pa.string())


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


_Meta = tuple[bytes | None, int | None, list[bytes]]


def _meta(line: bytes) -> _Meta:
    """Return versionId, lastUpdated in microseconds since 1970, and profiles of a resource that is
    valid JSON.
    """
    if b'"meta"' not in line and b"\\u" not in line:
        return None, None, []
    meta = orjson.loads(line).get("meta")
    if type(meta) is not dict:
        return None, None, []
    version, profiles = meta.get("versionId"), meta.get("profile")
    return (
        version.encode() if type(version) is str else None,
        _moment(meta.get("lastUpdated")),
        [url.encode() for url in profiles if type(url) is str] if type(profiles) is list else [],
    )


def _moment(text: Any) -> int | None:
    """Return a FHIR instant in microseconds since 1970; None for none, and for a leap second."""
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
    except (TypeError, ValueError, OverflowError):
        return None
