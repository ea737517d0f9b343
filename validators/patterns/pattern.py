"""A pattern, and what it says of a text: yes, no, or nothing within bounds."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from .backtracking import Backtracking, Match, SpentError
from .dialect import parse
from .errors import PatternError, UnknownSyntaxError
from .linear import linear

__all__ = ["Pattern", "pattern"]

_LONGEST_RESULT: Final = 1 << 20
"""Characters that ``replaced`` makes at the most."""


class Pattern:
    """A regular expression, ready for any number of texts.

    text      as it is written
    dot_all   ``.`` takes line ends, as if ``(?s)`` stood before it
    fold      case does not matter, as if ``(?i)`` did

    Every answer may be None: the pattern is of a syntax that is not read here, or the text takes
    more than the bounds allow. Bounds count parts, characters and steps, so that an answer is the
    same on any machine. Raises PatternError for a text that is no regular expression.
    """

    def __init__(self, text: str, *, dot_all: bool = False, fold: bool = False) -> None:
        self.text = text
        self._linear = self._backtracking = None
        try:
            tree, self._groups, self._names = parse(text, dot_all=dot_all, fold=fold)
            self._linear = linear(tree)
            self._backtracking = Backtracking(tree, self._groups)
        except UnknownSyntaxError:
            pass

    def found(self, text: str) -> bool | None:
        """Return whether the pattern matches somewhere in a text."""
        if self._linear is not None and self._linear.takes(text):
            try:
                return self._linear.found(text)
            except UnicodeEncodeError:
                pass  # half a character, which only the other engine takes
        return self.counted(text, whole=False)

    def full(self, text: str) -> bool | None:
        """Return whether the pattern matches a whole text."""
        if self._linear is not None and self._linear.takes(text):
            try:
                return self._linear.full(text)
            except UnicodeEncodeError:
                pass
        return self.counted(text, whole=True)

    def counted(self, text: str, *, whole: bool) -> bool | None:
        """Return the answer of the engine that counts its steps, whichever the other one's is."""
        engine = self._backtracking
        if engine is None:
            return None
        try:
            return engine.full(text) if whole else engine.found(text)
        except SpentError:
            return None

    def replaced(self, text: str, by: str) -> str | None:
        """Return the text with every match replaced, as Java's replaceAll does: ``$1`` and
        ``${name}`` stand for groups, a backslash before any character for that character.

        Raises PatternError where a match is to be replaced by a group that is not there.
        """
        if self._backtracking is None:
            return None
        try:
            matches = self._backtracking.matches(text)
        except SpentError:
            return None
        if not matches:
            return text
        pieces = self._replacement(by)
        size = sum(len(one) for one in pieces if isinstance(one, str))
        if size * len(matches) + len(text) > _LONGEST_RESULT:
            return None
        return _replaced(text, matches, pieces)

    def _replacement(self, by: str) -> list[str | int]:
        """A replacement as texts and numbers of groups."""
        pieces: list[str | int] = []
        at = 0
        while at < len(by):
            if by[at] == "\\":
                if at + 1 == len(by):
                    raise PatternError("a character to be escaped is missing")
                pieces.append(by[at + 1])
                at += 2
            elif by[at] == "$":
                number, at = self._reference(by, at + 1)
                pieces.append(number)
            else:
                pieces.append(by[at])
                at += 1
        return pieces

    def _reference(self, by: str, at: int) -> tuple[int, int]:
        if by.startswith("{", at):
            end = by.find("}", at)
            name = by[at + 1 : end]
            if end < 0 or name not in self._names:
                raise PatternError("a named group that is not there")
            return self._names[name], end + 1
        if not by[at : at + 1].isdecimal() or not by[at].isascii():
            raise PatternError("illegal group reference")
        number, at = int(by[at]), at + 1
        if number > self._groups:
            raise PatternError(f"no group {number}")
        while by[at : at + 1].isdecimal() and by[at].isascii():
            if number * 10 + int(by[at]) > self._groups:
                break
            number, at = number * 10 + int(by[at]), at + 1
        return number, at


def _replaced(text: str, matches: list[Match], pieces: list[str | int]) -> str | None:
    made: list[str] = []
    size, at = 0, 0
    for match in matches:
        made.append(text[at : match[0]])
        for piece in pieces:
            if isinstance(piece, str):
                made.append(piece)
                continue
            begin, end = match[2 * piece : 2 * piece + 2]
            size += max(0, end - begin)
            made.append(text[begin:end] if begin >= 0 else "")
        at = match[1]
        if size > _LONGEST_RESULT:
            return None
    return "".join([*made, text[at:]])


@lru_cache(maxsize=1024)
def pattern(text: str, *, dot_all: bool = False, fold: bool = False) -> Pattern:
    """Return the pattern of a text; those asked for last are kept. Raises PatternError."""
    return Pattern(text, dot_all=dot_all, fold=fold)
