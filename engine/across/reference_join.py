"""Reference join: every reference looked up among all resources, by their keys alone, bucket by
bucket, so that memory holds the resources of one bucket in 256.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..columns import BUCKETS, KnownKeys
from .key_buckets import KeyBuckets

__all__ = ["join"]


def join(
    resources: KeyBuckets,
    targets: KeyBuckets,
    references: KeyBuckets,
    wrong: Iterable[int],
    ignored: Iterable[int],
) -> None:
    """Mark references and resources as engine/columns/plain_join.py says; targets are present, and
    nothing is said of them.

    wrong    pairs, (code of a reference << 32) + code of a resource, that are not allowed
    ignored  codes of references that are none
    """
    wrong, ignored = list(wrong), list(ignored)
    for number in range(BUCKETS):
        known = KnownKeys(wrong, ignored)
        for present in (resources, targets):
            for rows in present.bucket(number):
                known.add(rows.keys, rows.codes)
        for rows in references.bucket(number):
            rows.mark(known.refer(rows.keys, rows.codes))
        for rows in resources.bucket(number):
            rows.mark(known.marks(rows.keys))
