"""Near codes: the one code of a value set that was perhaps meant by a code that is not in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..economy.lazy_pattern import lazy_pattern
from ..economy.memory import Memory

__all__ = ["NearCodes"]

_MOST: Final = 4_096
"""Codes among which is searched: more are a terminology, of which a person has a browser."""

_LONGEST: Final = 64
"""Characters of a code that is compared: an index of longer ones grows with the square."""

_SHORTEST: Final = 4
"""Letters from which one may be wrong: of two letters nearly all codes are near."""

_KEPT: Final = 4096
_DIGIT: Final = lazy_pattern(r"\d")
_BETWEEN: Final = lazy_pattern(r"[\W_]+")


class NearCodes:
    """Codes by their letters in one case, and by what is left when one of these is dropped.

    A code that is another by case, by what parts its words, or by a letter that is wrong, too many,
    missing or in the wrong place is found by a few look-ups, however many codes there are. Codes
    with digits are near to nothing: ``E11.8`` is no misspelt ``E11.9``.
    """

    def __init__(self, codes: Iterable[str]) -> None:
        self._memory = Memory(_KEPT)
        self._known: dict[str, str | None] = self._memory.table()
        self._whole: dict[str, set[str]] = {}
        self._dropped: dict[str, set[str]] = {}
        for code in codes:
            letters = _letters(code)
            if letters:
                self._whole.setdefault(letters, set()).add(code)
                for rest in _dropping_one(letters):
                    self._dropped.setdefault(rest, set()).add(code)

    @classmethod
    def among(cls, codes: frozenset[str] | None) -> NearCodes:
        """Return the search among codes; one that finds nothing where there is no list of them, or
        where they are too many.
        """
        return cls(codes if codes is not None and len(codes) <= _MOST else ())

    def near(self, code: str) -> str | None:
        """Return the one code that is near; None where none is, or several are equally so."""
        if len(code) > _LONGEST:
            return None
        if code in self._known:
            return self._known[code]
        return self._memory.keep(self._known, code, self._search(code))

    def _search(self, code: str) -> str | None:
        letters = _letters(code)
        found = self._whole.get(letters, set())
        if not found and letters:
            found = set(self._dropped.get(letters, ()))  # a letter is missing
            for rest in _dropping_one(letters):
                if rest in self._whole or rest in self._dropped:
                    found |= self._whole.get(rest, set()) | self._dropped.get(rest, set())
        return next(iter(found)) if len(found) == 1 else None


def _letters(code: str) -> str:
    """Return what of a code is compared; "" for one that is too long or has digits."""
    if len(code) > _LONGEST or _DIGIT.search(code):
        return ""
    return _BETWEEN.sub("", code).casefold()


def _dropping_one(letters: str) -> Sequence[str]:
    if len(letters) < _SHORTEST:
        return ()
    return [letters[:at] + letters[at + 1 :] for at in range(len(letters))]
