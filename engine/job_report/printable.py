"""Text from data, as it may be written where a person reads."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Return the text without what a terminal would obey (control characters) or cannot write (lone
    surrogates): data is not trusted.
    """
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )
