"""KeyGlob: a pattern over the paths of files or the keys of a bucket, matched in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

__all__ = ["KeyGlob", "first_wildcard"]

_WILDCARD = lazy_pattern(r"[*?\[]")
_TOKEN = lazy_pattern(r"(?:\*\*/)+|\*{2,}|\*|\?|\[[!^]?[^\]]+\]|.", re.DOTALL)

_ONE, _STAR, _DEEP, _FOLDERS = range(4)


class KeyGlob:
    """A pattern of ``*`` and ``?``, which stop at ``/``, of ``**``, which does not, of ``**/``,
    which stands for any folders or none, and of classes such as ``[a-z]`` and ``[!x]``.

    All that the pattern may stand for is followed side by side, one character after the other, so
    that no pattern takes more steps than its length times that of the text.
    """

    def __init__(self, pattern: str) -> None:
        self._tokens = [_token(text) for text in _TOKEN.findall(pattern)]

    def matches(self, text: str) -> bool:
        """Return whether the pattern stands for all of a text."""
        states = self._skipped({0})
        for char in text:
            states = self._skipped(set(self._after(states, char)))
            if not states:
                return False
        return len(self._tokens) in states

    def _skipped(self, states: set[int]) -> set[int]:
        """Add the states behind those tokens that may stand for nothing."""
        for state in tuple(states):
            while 0 <= state < len(self._tokens) and self._tokens[state][0] != _ONE:
                state += 1
                states.add(state)
        return states

    def _after(self, states: set[int], char: str) -> Iterator[int]:
        """Yield the states after one more character. ``~n``: inside the folders of token n."""
        for state in states:
            place = ~state if state < 0 else state
            if place == len(self._tokens):
                continue
            kind, chars = self._tokens[place]
            if kind == _ONE:
                if chars.fullmatch(char):
                    yield place + 1
            elif kind == _FOLDERS:
                yield ~place
                if char == "/":
                    yield place + 1
            elif kind == _DEEP or char != "/":
                yield place


def first_wildcard(place: str) -> int | None:
    """Return where the first wildcard of a pattern stands; None where it has none."""
    found = _WILDCARD.search(place)
    return found.start() if found else None


def _token(text: str) -> tuple[int, re.Pattern[str]]:
    if text.startswith("**"):
        return (_FOLDERS if text.endswith("/") else _DEEP), _ANY
    if text == "*":
        return _STAR, _ANY
    if text == "?":
        return _ONE, _ANY
    return _ONE, _class(text[1:-1]) if len(text) > 2 else re.compile(re.escape(text), re.DOTALL)


_ANY = lazy_pattern(r"[^/]")
_RANGE = lazy_pattern(r"(.)-(.)|(.)", re.DOTALL)


def _class(body: str) -> re.Pattern[str]:
    """One character of a class; a range that runs backwards holds none."""
    negated = body[0] in "!^"
    parts = [
        re.escape(single) if single else f"{re.escape(low)}-{re.escape(high)}"
        for low, high, single in _RANGE.findall(body[negated:])
        if single or low <= high
    ]
    if not parts:
        return re.compile(r"[^/]" if negated else r"(?!)")
    return re.compile(f"[{'^/' if negated else ''}{''.join(parts)}]")
