"""Sets of characters as sorted ranges of code points, and the sets that Java has names for."""

from __future__ import annotations

import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, groupby
from typing import Final

__all__ = [
    "ALL", "BLANK", "DIGIT", "LINE_END", "NEWLINE", "SPACE", "VERTICAL", "WORD", "Ranges", "both",
    "either", "folded", "has", "named", "of", "other",
]  # fmt: skip

Ranges = tuple[tuple[int, int], ...]
"""First and last code point of each run, in order, with gaps between them."""

_LAST: Final = sys.maxunicode
ALL: Final[Ranges] = ((0, _LAST),)


def of(*characters: str | tuple[str, str]) -> Ranges:
    """Return the set of some characters and ranges of characters."""
    return either(((ord(one[0]), ord(one[-1])),) for one in characters)


def either(sets: Iterable[Ranges]) -> Ranges:
    """Return the union."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(chain.from_iterable(sets)):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def other(ranges: Ranges) -> Ranges:
    """Return the complement."""
    found, start = [], 0
    for first, last in ranges:
        if start < first:
            found.append((start, first - 1))
        start = last + 1
    if start <= _LAST:
        found.append((start, _LAST))
    return tuple(found)


def both(one: Ranges, two: Ranges) -> Ranges:
    """Return the intersection."""
    return other(either((other(one), other(two))))


def has(ranges: Ranges, code: int) -> bool:
    """Return whether a code point is in a set."""
    place = bisect_right(ranges, (code, _LAST + 1)) - 1
    return place >= 0 and ranges[place][1] >= code


DIGIT: Final = of("09")
WORD: Final = of("az", "AZ", "09", "_")
SPACE: Final = of("\t\r", " ")
BLANK: Final = of(
    " ", "\t", "\xa0", "\u1680", "\u180e", "\u2000\u200a", "\u202f", "\u205f", "\u3000"
)
VERTICAL: Final = of("\n\r", "\x85", "\u2028\u2029")
LINE_END: Final = of("\n", "\r", "\x85", "\u2028\u2029")
NEWLINE: Final = of("\n")

_POSIX: Final[dict[str, Ranges]] = {
    "Lower": of("az"),
    "Upper": of("AZ"),
    "ASCII": of("\0\x7f"),
    "Alpha": of("az", "AZ"),
    "Digit": DIGIT,
    "Alnum": of("az", "AZ", "09"),
    "Punct": of("!/", ":@", "[`", "{~"),
    "Graph": of("!~"),
    "Print": of(" ~"),
    "Blank": of(" ", "\t"),
    "Cntrl": of("\0\x1f", "\x7f"),
    "XDigit": of("09", "af", "AF"),
    "Space": SPACE,
    "L1": of("\0\xff"),
    "all": ALL,
}
_LETTERS_CASED: Final = ("Lu", "Ll", "Lt")


def named(name: str) -> Ranges | None:
    r"""Return the set that ``\p{name}`` means; None for one that is not known here: scripts,
    blocks and most binary properties, of which Python has no tables.
    """
    if name in _POSIX:
        return _POSIX[name]
    for prefix in ("general_category=", "gc=", "Is"):
        if name.startswith(prefix):
            name = name[len(prefix) :]
            break
    if name == "LC":
        return either(map(_category, _LETTERS_CASED))
    if len(name) == 1:
        parts = [category for category in _categories() if category[0] == name]
        return either(_categories()[category] for category in parts) if parts else None
    return _categories().get(name)


def _category(name: str) -> Ranges:
    return _categories()[name]


_WITHOUT_LETTERS: Final = ((0x323B0, 0xDFFFF), (0xE0200, 0xEFFFF))
"""Planes in which no character is assigned, not looked at one by one: Unicode up to 16."""


@lru_cache(maxsize=1)
def _categories() -> dict[str, Ranges]:
    found: dict[str, list[tuple[int, int]]] = {"Cn": list(_WITHOUT_LETTERS), "Co": []}
    for category, run in groupby(
        chain(range(0x323B0), range(0xE0000, 0xE0200)), lambda code: unicodedata.category(chr(code))
    ):
        found.setdefault(category, []).extend(_runs(list(run)))
    found["Co"] += [(0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)]
    found["Cn"] += [(0xFFFFE, 0xFFFFF), (0x10FFFE, 0x10FFFF)]
    return {category: either([tuple(ranges)]) for category, ranges in found.items()}


def _runs(codes: list[int]) -> Iterable[tuple[int, int]]:
    start = before = codes[0]
    for code in codes[1:]:
        if code != before + 1:
            yield start, before
            start = code
        before = code
    yield start, before


def folded(ranges: Ranges, *, unicode: bool) -> Ranges:
    """Return the set with its characters in the other case too; without ``unicode`` only a to z."""
    if not unicode:
        return either(
            (
                ranges,
                tuple((a + 32, b + 32) for a, b in both(ranges, of("AZ"))),
                tuple((a - 32, b - 32) for a, b in both(ranges, of("az"))),
            )
        )
    return either(
        (ranges, *(((c, c),) for code, partners in _cased() if has(ranges, code) for c in partners))
    )


@lru_cache(maxsize=1)
def _cased() -> list[tuple[int, tuple[int, ...]]]:
    """Every character that has another case, with its partners, as Java folds: by upper, then
    lower.
    """
    groups: dict[str, list[int]] = {}
    for code in range(0x1E944):
        character = chr(code)
        upper = character.upper()
        key = (upper if len(upper) == 1 else character).lower()
        if key != character or upper != character:
            groups.setdefault(key, []).append(code)
    return [
        (code, tuple(one for one in group if one != code))
        for group in groups.values()
        if len(group) > 1
        for code in group
    ]
