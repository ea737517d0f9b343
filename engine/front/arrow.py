"""Arrow in, Arrow out: resources in a column of a record batch, their verdicts in another batch.

What DuckDB, Polars, pandas, Dask and Spark exchange is Arrow, so that one function serves them all:
see docs/arrow.md. Nothing of a row is kept, and the batch is read where it lies but for one copy of
the column's bytes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from pyarrow import compute as pc

from bulkfhir.validators import (
    Block,
    BlockVerdicts,
    DictionaryColumn,
    Issue,
    Level,
    NewlineColumn,
    Validator,
)
from bulkfhir.validators.texts import texts

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

__all__ = ["SCHEMA", "spark_schema", "validate_batch"]

_ISSUE: Final = pa.struct(
    [
        pa.field("severity", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("location", pa.string(), nullable=False),
        pa.field("diagnostics", pa.string(), nullable=False),
    ]
)
_MEMBERS: Final = attrgetter(*(member.name for member in _ISSUE))
SCHEMA: Final = pa.schema(
    [
        pa.field("resourceType", pa.string()),
        pa.field("id", pa.string()),
        pa.field("accepted", pa.bool_()),
        pa.field("issues", pa.list_(_ISSUE)),
    ]
)
"""What ``validate_batch`` returns. All is null for a row that is null or blank; issues are empty
for a resource of which there is nothing to say.
"""
_VALIDATORS: Final = 4
"""Validators kept in each thread: one of US Core takes some 60 MB."""
_MOST_BYTES: Final = 1 << 31
"""Bytes that a validator is given at once."""


def validate_batch(
    batch: pa.RecordBatch | pa.Table,
    *,
    level: Level,
    column: str = "json",
    packages: Sequence[str] = (),
    issues: bool = True,
) -> pa.RecordBatch:
    """Return the verdicts of the resources in one column: a row for every row, in order.

    Safe to call from several threads; each makes a validator of its own when it first comes with a
    level and packages, and keeps it.

    batch     a record batch, or a table
    level     ``strict``, ``structure-only`` or ``minimal``
    column    the name of a column of strings or of bytes, one FHIR resource as JSON in each
    packages  FHIR packages: ``.tgz`` files, folders, or ``name#version`` in the standard cache
    issues    whether to return the issues too; without, the last column of SCHEMA is left out

    Raises KeyError where there is no such column, TypeError where it holds neither strings nor
    bytes, or where ``batch`` is a data frame or another thing, PackageError for a package that
    cannot be read, ValueError for an unknown level.
    """
    validator = _validators.of(level, texts(packages))
    parts = [_verdicts(validator, rows, issues=issues) for rows in _chunks(_column(batch, column))]
    schema = SCHEMA if issues else SCHEMA.remove(len(SCHEMA) - 1)
    columns = [pa.concat_arrays(column) for column in zip(*parts, strict=True)]
    columns = columns or [pa.array([], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def spark_schema() -> StructType:
    """Return SCHEMA as Spark wants it of ``mapInArrow``. Raises ImportError without pyspark."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(SCHEMA)


class _Validators(threading.local):
    """The validators of each thread, those that were asked for last."""

    def __init__(self) -> None:
        self.of = lru_cache(_VALIDATORS)(_new_validator)


def _new_validator(level: Level, packages: tuple[str, ...]) -> Validator:
    return Validator(level, packages=packages)


_validators = _Validators()


def _column(batch: pa.RecordBatch | pa.Table, name: str) -> pa.ChunkedArray:
    if not isinstance(batch, pa.RecordBatch | pa.Table):
        raise TypeError(f"a RecordBatch or a Table of pyarrow is wanted, not {type(batch)!r}")
    if name not in batch.schema.names:
        raise KeyError(f"no column {name!r}: there are {', '.join(batch.schema.names)}")
    column = batch.column(name)
    chunked = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
    kind = chunked.type.value_type if pa.types.is_dictionary(chunked.type) else chunked.type
    if not _is_text(kind) and not pa.types.is_null(kind):
        raise TypeError(f"column {name!r} holds {chunked.type}, and should hold JSON text")
    return chunked.cast(pa.large_binary())


def _is_text(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (
            pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view,
            pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view,
        )
    )  # fmt: skip


def _chunks(column: pa.ChunkedArray) -> Iterator[pa.LargeBinaryArray]:
    """Yield the chunks of a column, in pieces of which each can be judged at once."""
    for chunk in column.chunks:
        left = [chunk]
        while left:
            piece = left.pop()
            if len(piece) > 1 and piece.nbytes > _MOST_BYTES:
                half = len(piece) // 2
                left += [piece.slice(half), piece.slice(0, half)]
            else:
                yield piece


def _verdicts(validator: Validator, rows: pa.LargeBinaryArray, *, issues: bool) -> list[pa.Array]:
    """Return the columns of SCHEMA for these rows."""
    count = len(rows)
    verdicts = validator.validate_block(_block(rows))
    arrays = [_types(verdicts), _ids(verdicts), _accepted(verdicts)]
    if issues:
        arrays.append(_issues(verdicts))
    if len(verdicts.numbers) < count:  # null and blank rows have no verdict
        places: list[int | None] = [None] * count
        for place, number in enumerate(verdicts.numbers):
            places[number] = place
        indices = pa.array(places, pa.int64())
        arrays = [each.take(indices) for each in arrays]
    return arrays


def _block(rows: pa.LargeBinaryArray) -> Block:
    """Return the rows as a block, without a copy of each: null rows are blank."""
    if rows.null_count:
        rows = rows.fill_null(b"")
    _, offsets, data = rows.buffers()
    first, count = rows.offset, len(rows)
    if offsets is None or not count:
        return Block(b"", rows=(b"", b""))
    places = pa.Array.from_buffers(pa.int64(), count + 1, [None, offsets], offset=first)
    start, end = places[0].as_py(), places[count].as_py()
    words = pc.subtract(places, start).cast(pa.uint32()).buffers()[1].to_pybytes()
    text = data.slice(start, end - start).to_pybytes() if data is not None else b""
    return Block(text, rows=(words[: 4 * count], words[4 : 4 * count + 4]))


def _types(verdicts: BlockVerdicts) -> pa.Array:
    types = verdicts.types
    if isinstance(types, DictionaryColumn):
        codes = pa.Array.from_buffers(pa.uint16(), len(types), [None, pa.py_buffer(types.codes)])
        return pa.array(types.names, pa.string()).take(codes)
    return pa.array(list(types), pa.string())


def _ids(verdicts: BlockVerdicts) -> pa.Array:
    ids = verdicts.ids
    if isinstance(ids, NewlineColumn):  # the last newline ends a row, and begins none
        return pc.split_pattern(pa.array([ids.text.decode()]), "\n").values[:-1]
    return pa.array(list(ids), pa.string())


def _accepted(verdicts: BlockVerdicts) -> pa.Array:
    count = len(verdicts.numbers)
    bits = bytearray(b"\xff") * ((count + 7) // 8)
    for position in verdicts.failed | verdicts.crashed:
        bits[position >> 3] &= ~(1 << (position & 7))
    return pa.Array.from_buffers(pa.bool_(), count, [None, pa.py_buffer(bits)])


def _issues(verdicts: BlockVerdicts) -> pa.Array:
    found, positions = list[Issue](), sorted(verdicts.verdicts)
    offsets, last = bytearray(), -1
    for position in positions:
        offsets += len(found).to_bytes(4, sys.byteorder) * (position - last)
        found += verdicts.verdicts[position].issues
        last = position
    offsets += len(found).to_bytes(4, sys.byteorder) * (len(verdicts.numbers) - last)
    once = {id(issue): issue for issue in found}  # verdicts share them
    columns = zip(*map(_MEMBERS, once.values()), strict=True) if once else [()] * len(_ISSUE)
    items = pa.StructArray.from_arrays(
        [pa.array(column, pa.string()) for column in columns], fields=[*_ISSUE]
    )
    if len(once) < len(found):
        places_of = dict(zip(once, range(len(once)), strict=True))
        items = items.take(pa.array([places_of[id(issue)] for issue in found], pa.int32()))
    places = pa.Array.from_buffers(pa.int32(), len(offsets) // 4, [None, pa.py_buffer(offsets)])
    return pa.ListArray.from_arrays(places, items, type=pa.list_(_ISSUE))
