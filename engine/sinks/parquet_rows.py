"""Rows of a Parquet part: resources, and what is said of each beside it."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate, chain, repeat
from typing import TYPE_CHECKING, Any

from ..columns.buffers import fixed_column
from .resource_columns import ResourceColumns, TextColumn
from .resource_meta import Meta

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

__all__ = ["ParquetRows", "open_writer", "schema"]


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


def open_writer(file: Any, columns: pa.Schema, compression: str = "zstd") -> ParquetWriter:
    """Return pyarrow's writer of such rows to a file: zstd is of level 1.

    Strings are plain: ids and JSON do not repeat, and a dictionary of them costs more than it
    saves. Statistics of the JSON itself would be a copy of two resources in each row group.
    """
    from pyarrow import parquet

    return parquet.ParquetWriter(
        file,
        columns,
        compression=compression,
        compression_level=1 if compression == "zstd" else None,
        use_dictionary=["source_file", "profiles.list.element"],
        write_statistics=["id", "last_updated", "line_offset"],
    )


class ParquetRows:
    """Rows as columns, on their way to a row group.

    The columns become Arrow's by their bytes: ``pyarrow.array`` would import pandas where it is
    installed, which takes longer than most jobs, and a cast the compute functions. Texts do so
    block by block, so that they are held once.
    """

    def __init__(self) -> None:
        self._ids: list[pa.Array] = []
        self._lines: list[pa.Array] = []
        self._metas: list[Meta] = []
        self._sources: list[tuple[bytes, int]] = []
        self._offsets = array("q")

    def add(self, source: bytes, columns: ResourceColumns) -> None:
        """Take resources of one file, whose URI is given in UTF-8."""
        self._ids.append(_texts(columns.ids))
        self._lines.append(_texts(columns.lines))
        self._metas += columns.metas
        self._sources.append((source, len(columns.metas)))
        self._offsets.frombytes(columns.offsets)

    def table(self) -> pa.Table:
        """Return the rows. Raises ArrowInvalid where a text is no UTF-8."""
        import pyarrow as pa

        rows = pa.Table.from_arrays(
            [
                pa.chunked_array(self._ids, pa.string()),
                *self._meta_columns(),
                _texts(self._source_column()),
                fixed_column(pa.int64(), self._offsets),
                pa.chunked_array(self._lines, pa.string()),
            ],
            schema=schema(),
        )
        rows.validate(full=True)
        return rows

    def _meta_columns(self) -> tuple[pa.Array, pa.Array, pa.Array]:
        """Return versions, moments and profiles; most resources of many senders have none."""
        import pyarrow as pa

        # Not by zip, whose thousands of iterators make Python look through all objects there are.
        versions = [version for version, _, _ in self._metas]
        moments = [moment for _, moment, _ in self._metas]
        profiles = [listed for _, _, listed in self._metas]
        nothing = bytes(8 * len(versions) + 8)
        no_text = b"", nothing[: 4 * len(versions) + 4]
        ends, urls = no_text[1], list[bytes]()
        if any(profiles):
            ends = array("i", accumulate(map(len, profiles), initial=0)).tobytes()
            urls = [url for listed in profiles if listed for url in listed]
        version_texts = _joined([one or b"" for one in versions]) if any(versions) else no_text
        numbers = array("q", [one or 0 for one in moments] if any(moments) else nothing[:-8])
        return (
            _texts(version_texts, _present(versions)),
            fixed_column(pa.timestamp("us", tz="UTC"), numbers, _present(moments)),
            pa.ListArray.from_arrays(
                pa.Array.from_buffers(pa.int32(), len(versions) + 1, [None, pa.py_buffer(ends)]),
                _texts(_joined(urls)),
            ),
        )

    def _source_column(self) -> TextColumn:
        sizes = chain.from_iterable(repeat(len(uri), count) for uri, count in self._sources)
        bounds = array("i", accumulate(sizes, initial=0))
        return b"".join([uri * count for uri, count in self._sources]), bounds.tobytes()


def _present(column: Sequence[object]) -> pa.Buffer | None:
    """Return which entries of a column are not None, as Arrow's bitmap; None for all."""
    import pyarrow as pa

    missing = column.count(None)
    if not missing:
        return None
    if missing == len(column):
        return pa.py_buffer(bytes(len(column) // 8 + 1))
    flags = "".join(["0" if entry is None else "1" for entry in reversed(column)])
    return pa.py_buffer(int(flags, 2).to_bytes(len(flags) // 8 + 1, "little"))


def _joined(texts: Sequence[bytes]) -> TextColumn:
    return b"".join(texts), array("i", accumulate(map(len, texts), initial=0)).tobytes()


def _texts(column: TextColumn, present: pa.Buffer | None = None) -> pa.Array:
    """Return a column of strings, given in UTF-8."""
    import pyarrow as pa

    texts, bounds = column
    buffers = [present, pa.py_buffer(bounds), pa.py_buffer(texts)]
    return pa.Array.from_buffers(pa.string(), len(bounds) // 4 - 1, buffers)
