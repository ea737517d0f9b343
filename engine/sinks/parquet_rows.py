"""Rows of a Parquet part: resources, and what is said of each beside it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, repeat
from typing import TYPE_CHECKING

from .resource_meta import NO_META, may_have_meta, meta_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ParquetRows", "schema"]


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
    installed, which takes longer than most jobs, and a cast the compute functions. The JSON does so
    block by block, so that it is held once.
    """

    def __init__(self) -> None:
        self._ids: list[bytes] = []
        self._versions: list[bytes | None] = []
        self._moments: list[int | None] = []
        self._profiles: list[bytes] = []
        self._ends_of_profiles = array("i", [0])
        self._sources: list[bytes] = []
        self._offsets = array("q")
        self._lines: list[pa.Array] = []

    def add(
        self, source: bytes, ids: Iterable[bytes], offsets: Iterable[int], lines: Sequence[bytes]
    ) -> None:
        """Take resources of one file, whose URI is given in UTF-8: their ids, where they stand in
        it, and themselves, as columns of one length.
        """
        for line in lines:
            version, moment, profiles = meta_of(line) if may_have_meta(line) else NO_META
            self._versions.append(version)
            self._moments.append(moment)
            self._profiles += profiles
            self._ends_of_profiles.append(len(self._profiles))
        self._ids += ids
        self._sources += repeat(source, len(lines))
        self._offsets.extend(offsets)
        self._lines.append(_texts(lines))

    def table(self) -> pa.Table:
        """Return the rows."""
        import pyarrow as pa

        moments = array("q", [moment or 0 for moment in self._moments])
        lists = pa.py_buffer(self._ends_of_profiles)
        return pa.Table.from_arrays(
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
                pa.chunked_array(self._lines, pa.string()),
            ],
            schema=schema(),
        )


def _present(column: Sequence[object]) -> pa.Buffer | None:
    """Return which entries of a column are not None, as Arrow's bitmap; None for all."""
    import pyarrow as pa

    if None not in column:
        return None
    flags = "".join(["0" if entry is None else "1" for entry in reversed(column)])
    return pa.py_buffer(int(flags, 2).to_bytes(len(flags) // 8 + 1, "little"))


def _numbers(column: array[int], kind: pa.DataType, present: pa.Buffer | None = None) -> pa.Array:
    import pyarrow as pa

    return pa.Array.from_buffers(kind, len(column), [present, pa.py_buffer(column)])


def _texts(column: Sequence[bytes | None]) -> pa.Array:
    """Return a column of strings, given in UTF-8. Raises ArrowInvalid where one is no UTF-8."""
    import pyarrow as pa

    texts = [text or b"" for text in column]
    ends = array("i", accumulate(map(len, texts), initial=0))
    buffers = [_present(column), pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    made = pa.Array.from_buffers(pa.string(), len(column), buffers)
    made.validate(full=True)
    return made
