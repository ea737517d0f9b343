"""Columns: what is done with all lines of a block at once. ``plain`` says what; the native module,
where it is installed, does the same without a Python object a line.
"""

from __future__ import annotations

try:
    from bulkfhir._native import (
        KnownKeys,
        bucketed,
        by_bucket,
        count_lines,
        fill,
        gather,
        in_order,
        keys,
        measure,
        metas,
        numbers_by_kind,
        rebase,
        relation_keys,
        relations_of,
        repeated,
        text_spans,
        texts_by_kind,
    )
except ImportError:
    from .plain import bucketed, count_lines, fill, gather, keys, measure, rebase, repeated
    from .plain_join import KnownKeys, by_bucket, in_order  # type: ignore[assignment] # alike
    from .plain_metas import metas
    from .plain_parted import numbers_by_kind, text_spans, texts_by_kind
    from .plain_relations import relation_keys, relations_of

__all__ = [
    "BUCKETS",
    "KnownKeys",
    "bucketed",
    "by_bucket",
    "count_lines",
    "fill",
    "gather",
    "in_order",
    "keys",
    "measure",
    "metas",
    "numbers_by_kind",
    "rebase",
    "relation_keys",
    "relations_of",
    "repeated",
    "text_spans",
    "texts_by_kind",
]

BUCKETS = 256
"""How many there are in ``bucketed`` and in ``by_bucket``."""
