"""The linear engine: re2, for patterns of which it can say the same as Java.

What it cannot say (a look around, a group once more, a possessive quantifier, lines inside the
text, ``$`` with something behind it) is left to the engine that counts its steps.
"""

from __future__ import annotations

from typing import Any, Final

from . import characters as sets
from .characters import Ranges
from .pieces import Chars, Either, Numbered, Repeat, Series, Tree, size

try:
    import re2
except ImportError:  # no wheel for this platform, as for musl
    re2 = None

__all__ = ["LINEAR", "Linear", "linear"]

LINEAR: Final = re2 is not None
"""Whether re2 is installed."""

_LARGEST: Final = 2_000
"""Parts of a pattern with its counts written out."""
_MOST_RANGES: Final = 10_000
"""Ranges of all its sets: ``\\p{L}`` has some 650, and re2 takes a microsecond for each."""
_LIGHT: Final = 500
"""Parts of a pattern that may meet a text of any length: the worst that re2 makes of a part and a
character takes some 50 nanoseconds.
"""
_WORK: Final = 200_000
"""Parts times characters for heavier ones."""
_COUNT: Final = 1_000  # re2 reads no larger count
_NEVER: Final = r"[^\x{0}-\x{10FFFF}]"
_SURROGATES: Final[Ranges] = ((0xD800, 0xDFFF),)
_ENDS: Final = ("\n", "\r", "\x85", "\u2028", "\u2029")


class _InexpressibleError(Exception):
    """re2 has no words for it."""


class Linear:
    """A pattern in re2.

    whole   for the text as it is
    before  for the text without the line's end that ends it, where ``$`` may stand before one
    """

    def __init__(self, whole: Any, before: Any, weight: int) -> None:
        self._whole, self._before, self._weight = whole, before, weight

    def takes(self, text: str) -> bool:
        """Return whether the work for a text is within bounds; no surrogate may stand in it."""
        return self._weight <= _LIGHT or self._weight * len(text) <= _WORK

    def found(self, text: str) -> bool:
        """Return whether the pattern matches somewhere. Raises UnicodeEncodeError for half a
        character.
        """
        if self._whole.search(text.encode()) is not None:
            return True
        if self._before is None or not text.endswith(_ENDS):
            return False
        shorter = text[:-2] if text.endswith("\r\n") else text[:-1]
        return self._before.search(shorter.encode()) is not None

    def full(self, text: str) -> bool:
        """Return whether the pattern matches the whole text. Raises as ``found``."""
        return self._whole.fullmatch(text.encode()) is not None


def linear(tree: Tree) -> Linear | None:
    """Return the pattern in re2; None where it cannot be said, or is too large."""
    weight = size(tree)
    if re2 is None or weight > _LARGEST or _ranges(tree) > _MOST_RANGES:
        return None
    try:
        whole = _Writer(r"\z").write(tree, last=True)
        before = _Writer(_NEVER).write(tree, last=True)
        options = re2.Options()
        options.log_errors = False
        options.never_capture = True
        return Linear(
            re2.compile(whole.encode(), options),
            re2.compile(before.encode(), options) if _has_last(tree) else None,
            weight,
        )
    except (_InexpressibleError, re2.error):
        return None


def _ranges(tree: Tree) -> int:
    match tree:
        case Chars(ranges):
            return len(ranges)
        case Series(parts) | Either(parts):
            return sum(map(_ranges, parts))
        case Repeat(part, least, most, _):
            return _ranges(part) * max(1, least, most or 0)
        case Numbered(part):
            return _ranges(part)
        case _:
            return 0


def _has_last(tree: Tree) -> bool:
    match tree:
        case Series(parts) | Either(parts):
            return any(map(_has_last, parts))
        case Repeat(part) | Numbered(part):
            return _has_last(part)
        case _:
            return tree == "last"


class _Writer:
    """Writes a tree as re2 reads it; end: what the very end is written as."""

    def __init__(self, end: str) -> None:
        self._end = end

    def write(self, tree: Tree, *, last: bool) -> str:
        """last: whether nothing can follow that takes a character."""
        match tree:
            case Chars(ranges):
                return _set(ranges)
            case Series(parts):
                return "".join(self._series(parts, last=last))
            case Either(parts):
                return "(?:" + "|".join(self.write(part, last=last) for part in parts) + ")"
            case Numbered(part):
                return "(?:" + self.write(part, last=last) + ")"
            case Repeat(part, least, most, "greedy" | "lazy"):
                # what is repeated may be followed by itself
                inside = "(?:" + self.write(part, last=last and most == 1) + ")"
                return _repeated(inside, least, most)
            case "start":
                return r"\A"
            case "word":
                return r"\b"
            case "last" if last:
                return r"\z"
            case "end" if last:
                return self._end
            case _:
                raise _InexpressibleError

    def _series(self, parts: tuple[Tree, ...], *, last: bool) -> list[str]:
        written = []
        # from the end: a part is last where all that follows takes no character
        for part in reversed(parts):
            written.append(self.write(part, last=last))
            last = last and isinstance(part, str)
        return written[::-1]


def _set(ranges: Ranges) -> str:
    # re2 reads UTF-8, which has no halves of characters
    kept = sets.both(ranges, sets.other(_SURROGATES))
    if not kept:
        return _NEVER
    return "[" + "".join(rf"\x{{{first:X}}}-\x{{{last:X}}}" for first, last in kept) + "]"


def _repeated(inside: str, least: int, most: int | None) -> str:
    """Counts over a thousand in pieces."""
    pieces = []
    for _ in range(least // _COUNT):
        pieces.append(inside + f"{{{_COUNT}}}")
    least %= _COUNT
    if most is None:
        return "".join([*pieces, inside + f"{{{least},}}"])
    more = most - least - len(pieces) * _COUNT
    pieces.append(inside + f"{{{least}}}")
    for _ in range(more // _COUNT):
        pieces.append(inside + f"{{0,{_COUNT}}}")
    return "".join([*pieces, inside + f"{{0,{more % _COUNT}}}"])
