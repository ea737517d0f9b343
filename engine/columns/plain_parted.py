"""Parted in Python: texts and numbers by the code of their row.

Numbers are words of 32 bits, codes of 16; columns that do not fit together raise ValueError.
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from operator import sub

from .plain import checked_codes

__all__ = ["numbers_by_kind", "text_spans", "texts_by_kind"]


def texts_by_kind(
    data: bytes, starts: bytes, ends: bytes, codes: bytes, kinds: int
) -> list[tuple[bytes, bytes]]:
    """Return for every code the texts that stand there in the data, in a row, and their bounds: one
    more than there are texts, from 0 on, as words.
    """
    found: list[list[bytes]] = [[] for _ in range(kinds)]
    rows = zip(array("I", starts), array("I", ends), checked_codes(codes, kinds), strict=True)
    for start, end, code in rows:
        if start > end or end > len(data):
            raise ValueError("a line that ends before it starts, or beyond the data")
        found[code].append(data[start:end])
    return [
        (b"".join(texts), array("I", accumulate(map(len, texts), initial=0)).tobytes())
        for texts in found
    ]


def text_spans(texts: bytes) -> tuple[bytes, bytes]:
    """Return where the texts of a column start, and where they end, as words."""
    sizes = [len(text) for text in texts.split(b"\n")[:-1]]
    ends = array("I", [end + place for place, end in enumerate(accumulate(sizes))])
    return array("I", map(sub, ends, sizes)).tobytes(), ends.tobytes()


def numbers_by_kind(column: bytes, codes: bytes, kinds: int, added: int) -> list[bytes]:
    """Return the numbers of each code, in their order, with something added to each, as words of 64
    bits.
    """
    found = [array("q") for _ in range(kinds)]
    for number, code in zip(array("I", column), checked_codes(codes, kinds), strict=True):
        found[code].append(number + added)
    return [numbers.tobytes() for numbers in found]
