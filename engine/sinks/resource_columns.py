"""Resource columns: the accepted lines of a block by type, as columns on their way to Arrow."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from bulkfhir.validators import DictionaryColumn

from ..columns import numbers_by_kind, text_spans, texts_by_kind
from ..columns.rows import escaped_ids
from ..columns.words import words
from .interface import Accepted
from .resource_meta import Meta, metas_of

__all__ = ["ResourceColumns", "TextColumn", "columns_by_type"]

TextColumn = tuple[bytes, bytes]
"""Texts in a row, and their bounds: 32-bit words, one more than there are texts, from 0 on."""


@dataclass(frozen=True, slots=True)
class ResourceColumns:
    """Resources of one type and one file.

    lines, ids  of each, the ids as they stand in a JSON string
    offsets     where each line begins in its file, in bytes, decompressed: 64-bit words
    metas       what is in ``meta`` of each
    """

    lines: TextColumn
    ids: TextColumn
    offsets: bytes
    metas: list[Meta]


def columns_by_type(accepted: Accepted) -> Iterator[tuple[str, ResourceColumns]]:
    """Yield the resources of each type that a block has, in their order."""
    types = DictionaryColumn.of(accepted.types)
    kinds = types.codes, len(types.names)
    data, starts, ends = _lines(accepted)
    numbers, metas = metas_of(data, starts, ends)
    ids = escaped_ids(accepted.ids)
    columns = zip(
        types.names,
        texts_by_kind(data, starts, ends, *kinds),
        texts_by_kind(ids, *text_spans(ids), *kinds),
        numbers_by_kind(words(accepted.starts), *kinds, accepted.first),
        numbers_by_kind(numbers, *kinds, 0),
        strict=True,
    )
    for name, lines, own, offsets, meta in columns:
        if offsets:
            of_type = [metas[number] for number in array("q", meta)]
            yield name, ResourceColumns(lines, own, offsets, of_type)


def _lines(accepted: Accepted) -> tuple[bytes, bytes, bytes]:
    """Return lines as they are stored: the data, where each starts in it and where it ends."""
    if not accepted.replaced:
        return accepted.data, words(accepted.starts), words(accepted.ends)
    lines = accepted.lines()
    ends = [*accumulate(map(len, lines))]
    return b"".join(lines), words([0, *ends[:-1]]), words(ends)
