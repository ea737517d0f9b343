"""JSON written in unusual ways: another order of names, escapes in names and values, white space,
and now and then a name twice.
"""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

__all__ = ["Lexeme", "spelled"]

_SPACES = (" ", "\t", "  ", "\r", " \t ")


class Lexeme(str):
    """A number as it is to be written: ``1.00``, ``-0``, ``1E400``."""

    __slots__ = ()


def spelled(value: Any, rng: random.Random, oddness: float = 0.1) -> bytes:
    """The value as one line of JSON.

    oddness: the chance of everything unusual, from 0 (compact, as most writers do it) to 1.
    """
    return _Writer(rng, oddness).value(value).encode("utf-8", "surrogatepass")


class _Writer:
    def __init__(self, rng: random.Random, oddness: float) -> None:
        self._rng = rng
        self._oddness = oddness
        self._escapes = self._odd()
        self._spaces = self._odd()
        self._shuffles = self._odd()
        self._repeats = self._odd() and self._odd()

    def _odd(self, part: float = 1.0) -> bool:
        return self._rng.random() < self._oddness * part

    def _space(self) -> str:
        return self._rng.choice(_SPACES) if self._spaces and self._odd(0.5) else ""

    def value(self, value: Any) -> str:
        match value:
            case Lexeme() | Decimal():
                return str(value)
            case str():
                return self._text(value)
            case dict():
                return "{" + ",".join(self._members(value)) + self._space() + "}"
            case list():
                return (
                    "["
                    + ",".join(self._space() + self.value(item) for item in value)
                    + self._space()
                    + "]"
                )
            case _:
                return json.dumps(value)

    def _members(self, value: dict[str, Any]) -> list[str]:
        names = list(value)
        if self._shuffles:
            self._rng.shuffle(names)
        if self._repeats and names and self._odd():
            names.append(self._rng.choice(names))
            self._repeats = (
                False  # once in a line: repeated at every level, a deep value would never end
            )
        return [
            f"{self._space()}{self._text(name)}{self._space()}:{self._space()}{self.value(value[name])}{self._space()}"
            for name in names
        ]

    def _text(self, text: str) -> str:
        if not self._escapes or not self._odd(0.5):
            return json.dumps(text, ensure_ascii=self._odd(0.3))
        chosen, chance = self._rng.randrange(len(text) + 1), self._oddness * 0.1
        odd, plain = self._rng.random, json.encoder.encode_basestring
        # Some texts have a million characters.
        written = [
            self._escaped(c) if at == chosen or odd() < chance else plain(c)[1:-1]
            for at, c in enumerate(text)
        ]
        return f'"{"".join(written)}"'

    def _escaped(self, character: str) -> str:
        if character == "/":
            return "\\/"
        units = character.encode("utf-16-be", "surrogatepass")
        form = self._rng.choice(("%04x", "%04X"))
        return "".join(
            "\\u" + form % int.from_bytes(units[at : at + 2], "big")
            for at in range(0, len(units), 2)
        )
