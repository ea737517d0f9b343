"""Rows of a Parquet part: resources, and what is said of each beside it."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ParquetRows", "schema"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


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


class ParquetRows:
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

    def add(self, key: str, source: bytes, offset: int, line: bytes) -> None:
        """Take one resource: its id, where it stands (a URI in UTF-8, bytes), and itself."""
        version, moment, profiles = _meta(line)
        self._ids.append(key.encode())
        self._versions.append(version)
        self._moments.append(moment)
        self._profiles += profiles
        self._ends_of_profiles.append(len(self._profiles))
        self._sources.append(source)
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
