"""Metas in Python: where ``meta`` of a resource stands in its line, without the rest of the line
read as JSON.
"""

from __future__ import annotations

import re
from array import array
from typing import Final

__all__ = ["NO_META", "TEXTS", "UNCLEAR", "metas"]

NO_META, UNCLEAR, TEXTS = range(3)
"""What the number of a line's meta says: there is none; the line has to be read; and the first of
the numbers that texts have.
"""

_NAME: Final = b'"meta"'
_VALUE: Final = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*(?=\{)")

_MOST_BRACES: Final = 32
"""Ends that are tried of an object; a line with more is read."""


def metas(data: bytes, starts: bytes, ends: bytes) -> tuple[bytes, list[bytes]]:
    """Return for every line, a resource that starts and ends there, the number of its meta; and the
    different metas: the text of the member, or of its beginning up to a brace.

    A text that is whole JSON is the whole member: no beginning of an object is one itself.
    """
    numbers, found = dict[bytes, int](), array("I")
    for start, end in zip(array("I", starts), array("I", ends), strict=True):
        if start > end or end > len(data):
            raise ValueError("a line that ends before it starts, or beyond the data")
        text = _text_of(data[start:end])
        found.append(
            text if isinstance(text, int) else numbers.setdefault(text, TEXTS + len(numbers))
        )
    return found.tobytes(), list(numbers)


def _text_of(line: bytes) -> bytes | int:
    """Return the text, or what the number says where it is not certain that there is one and that
    it is the resource's own.
    """
    if b"\\u00" in line:
        return UNCLEAR
    start = line.find(_NAME)
    if start < 0:
        return NO_META
    value = _VALUE.match(line, start + len(_NAME))
    if value is None or not _at_top(line[:start]) or line.find(_NAME, value.end()) >= 0:
        return UNCLEAR  # of a member that comes twice the last counts
    end = value.end()
    for _ in range(_MOST_BRACES):
        end = line.find(b"}", end) + 1
        text = line[value.end() : end]
        if not text:
            break
        if text.count(b"{") == text.count(b"}"):
            return text
    return UNCLEAR


def _at_top(head: bytes) -> bool:
    """Return True where what follows a resource's beginning is surely a member of its own."""
    return (
        head.count(b"{") == 1
        and b"[" not in head
        and b"\\" not in head
        and head.count(b'"') % 2 == 0
    )
