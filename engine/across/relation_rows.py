"""Relation rows: the rows of all segments in files of Arrow on this machine's disk, a file for
every kind of question, which are read where they lie, and only the columns that it names.
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..columns.plain_relations import IDENTIFIER, NAMELESS, NOWHERE, REFERENCE, RESOURCE
from .relation_columns import REJECTED, texts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ROWS", "RelationRows"]

_KINDS: Final = {
    "resource_row": (RESOURCE, NAMELESS, REJECTED),
    "reference_row": (REFERENCE,),
    "nowhere_row": (NOWHERE,),
    "identifier_row": (IDENTIFIER,),
}
"""File -> the kinds of a segment's rows that are its."""
_TARGETS: Final = "target_row"
ROWS: Final = (*_KINDS, _TARGETS)
"""Names of the files."""

_MOST_NAMES: Final = 500_000
"""Different paths and types that are told apart; only hostile data has more."""
_OTHER: Final = "….…"
"""The name of all others."""

_BATCH: Final = 20_000
"""Rows that are read at once; a reader holds a dozen of these."""


class RelationRows:
    """The files, written row by row and then read.

    Each has kind, key, shard, line, offset, path, text, row, as a segment; but the path is a number
    (see ``names``), and row is the place in the file, from 0. What lies outside the job has key,
    path and row.
    """

    def __init__(self, folder: Path) -> None:
        """Keep them in a folder, which is the caller's to remove."""
        self._folder = folder
        self._numbers: dict[str, int] = {}
        self._writers: dict[str, pa.RecordBatchFileWriter] = {}
        self._counts = dict.fromkeys(ROWS, 0)

    def add(self, segment: pa.Table) -> None:
        """Take the rows of a segment."""
        import pyarrow as pa
        from pyarrow import compute

        coded = self._coded(segment.drop_columns(["count"]))
        for name, kinds in _KINDS.items():
            wanted = pa.Array.from_buffers(
                pa.uint8(), len(kinds), [None, pa.py_buffer(bytes(kinds))]
            )
            self._write(name, coded.filter(compute.is_in(coded["kind"], value_set=wanted)))

    def add_targets(self, rows: pa.Table) -> None:
        """Take resources (key, type) that lie outside the job."""
        rows = rows.rename_columns(["key", "path"])
        self._write(_TARGETS, self._coded(rows))

    def datasets(self) -> dict[str, Any]:
        """Return what reads each file that has rows, by its name. Nothing can be added any more."""
        from pyarrow import dataset

        self.close()
        return {
            name: dataset.dataset(self._folder / name, format="ipc")
            for name, count in self._counts.items()
            if count
        }

    def names(self) -> pa.Table:
        """Return (path, name) of every path, and type, that rows have."""
        import pyarrow as pa

        numbers = _column(pa.uint32(), array("I", self._numbers.values()).tobytes())
        return pa.table({"path": numbers, "name": texts(list(self._numbers))})

    def close(self) -> None:
        """End the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _coded(self, rows: pa.Table) -> pa.Table:
        """Rows with the numbers of their paths."""
        import pyarrow as pa

        rows = rows.combine_chunks()
        place = rows.schema.get_field_index("path")
        found = rows.column(place).combine_chunks()
        if not pa.types.is_dictionary(found.type):
            found = found.dictionary_encode()
        if isinstance(found, pa.ChunkedArray):
            found = pa.concat_arrays(found.chunks)
        used = set(found.indices.unique().to_pylist())  # a dictionary has more, of what is counted
        own = [
            self._number(name) if place in used else 0
            for place, name in enumerate(found.dictionary.to_pylist())
        ]
        numbers = _column(pa.uint32(), array("I", own).tobytes()).take(found.indices)
        return rows.set_column(place, "path", numbers)

    def _number(self, name: str) -> int:
        if name not in self._numbers and len(self._numbers) >= _MOST_NAMES:
            name = _OTHER
        return self._numbers.setdefault(name, len(self._numbers))

    def _write(self, name: str, rows: pa.Table) -> None:
        import pyarrow as pa

        if not rows.num_rows:
            return
        first = self._counts[name]
        self._counts[name] += rows.num_rows
        place = array("Q", range(first, self._counts[name])).tobytes()
        rows = rows.append_column("row", _column(pa.uint64(), place))
        if name not in self._writers:
            self._writers[name] = pa.ipc.new_file(self._folder / name, rows.schema)
        self._writers[name].write_table(rows, max_chunksize=_BATCH)


def _column(kind: pa.DataType, data: bytes) -> pa.Array:
    import pyarrow as pa

    return pa.Array.from_buffers(kind, len(data) * 8 // kind.bit_width, [None, pa.py_buffer(data)])
