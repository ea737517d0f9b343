"""Kept rows: a Parquet file without some of its rows, as another one."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final

from ..columns.buffers import fixed_column
from ..sinks.parquet_rows import open_writer
from ..storage import Storage
from .stored_file import StoredFile, WrittenFile

__all__ = ["copy_file", "opened_parquet", "write_kept"]

_BATCH: Final = 2_000
_GROUP: Final = 32 << 20
"""Bytes of rows that wait for their row group."""

_COPIED: Final = 4 << 20


def opened_parquet(storage: Storage, uri: str) -> Any:
    """Return a Parquet file of the storage, open; a context manager. Raises StorageError."""
    from pyarrow import parquet

    return parquet.ParquetFile(StoredFile(storage, uri))


def write_kept(
    storage: Storage, source: str, gone: array[int], place: str, tick: Callable[[], None]
) -> None:
    """Write the rows of ``source`` but for those whose numbers, in order, are ``gone``."""
    import pyarrow as pa

    with (
        opened_parquet(storage, source) as file,
        WrittenFile(storage.writer(place)) as written,
        open_writer(written, file.schema_arrow) as writer,
    ):
        waiting, size, first = list[Any](), 0, 0
        for batch in file.iter_batches(batch_size=_BATCH):
            tick()
            keep = bytearray(b"\1") * batch.num_rows
            end = first + batch.num_rows
            for row in gone[bisect_left(gone, first) : bisect_left(gone, end)]:
                keep[row - first] = 0
            first = end
            rows = batch.filter(fixed_column(pa.uint8(), keep).cast(pa.bool_()))
            waiting.append(rows)
            size += rows.nbytes
            if size > _GROUP:
                writer.write_table(pa.Table.from_batches(waiting, file.schema_arrow))
                waiting, size = [], 0
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, file.schema_arrow))


def copy_file(storage: Storage, source: str, place: str) -> None:
    """Copy a file within the storage."""
    reader = storage.open(source)
    try:
        with WrittenFile(storage.writer(place)) as written:
            while piece := reader.read(_COPIED):
                written.write(piece)
    finally:
        reader.close()
