"""The parsed form of a pattern: what it says, without how it was written.

Flags are gone: each set of characters has them worked in, each assertion says which one it is.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from ..economy.light_dataclass import dataclass
from .characters import Ranges

__all__ = [
    "Again", "Assertion", "Atomic", "Chars", "Either", "Kind", "Look", "Numbered", "Repeat",
    "Series", "Tree", "size",
]  # fmt: skip

Assertion = Literal[
    "start",  # \A, ^
    "end",  # \z
    "last",  # \Z, $: the end, or before a line's end that is the end
    "last-unix",  # the same with (?d)
    "line-start",  # ^ with (?m)
    "line-start-unix",
    "line-end",  # $ with (?m)
    "line-end-unix",
    "word",  # \b
    "no-word",  # \B
]
Kind = Literal["greedy", "lazy", "possessive"]


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Series:
    """Parts one after the other; none is the empty pattern."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Parts of which the first that leads to a match is taken."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part that is repeated; ``most`` is None for any number."""

    part: Tree
    least: int
    most: int | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class Numbered:
    """A group that is remembered, by its number."""

    part: Tree
    number: int


@dataclass(frozen=True, slots=True)
class Atomic:
    """The first way in which the part matches, and no other."""

    part: Tree


@dataclass(frozen=True, slots=True)
class Look:
    """A look around: the part must match, or not, from here on or up to here, without moving."""

    part: Tree
    ahead: bool
    wanted: bool


@dataclass(frozen=True, slots=True)
class Again:
    """The text that a group has matched, once more."""

    number: int
    folded: bool


Tree: TypeAlias = Chars | Series | Either | Repeat | Numbered | Atomic | Look | Again | Assertion


def size(tree: Tree) -> int:
    """Return how many parts the pattern has once its counts are written out."""
    match tree:
        case Series(parts) | Either(parts):
            return 1 + sum(map(size, parts))
        case Repeat(part, least, most, _):
            return 1 + size(part) * max(1, least, most or 0)
        case Numbered(part) | Atomic(part) | Look(part):
            return 1 + size(part)
        case _:
            return 1
