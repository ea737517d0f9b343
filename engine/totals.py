"""Totals: what was counted, added up in any order to the same sums."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .figures import LineFigures

__all__ = ["EXAMPLES", "Place", "Totals", "rule_key"]

EXAMPLES = 3
"""How many places are kept of each rule."""

Place = tuple[int, int]
"""(index of the shard, line within it from 0): sorts as the input does."""


_OLDER = {"asked": "fallbacks"}
"""Names of counts in the checkpoints of 0.1.0, which a job that is resumed goes on with."""


def rule_key(severity: str, rule: str) -> str:
    """Return one name for the pair that findings are counted by."""
    return f"{severity} {rule}"


@dataclass(frozen=True, slots=True)
class Totals(LineFigures):
    """Counts over any set of lines, with what they are counted by. ``a + b`` is associative and
    commutative.

    *_types         the lines by resource type; "" where the type is not known
    rules           ``severity rule`` -> issues
    examples        ``severity rule`` -> the first places
    undecided       value set, code system or slicing -> how often it could not be decided offline
    fallbacks       reason -> lines that the fast path handed to the slow one
    opinions        ``validator outcome`` -> lines, for every second opinion
    """

    imported_types: Mapping[str, int] = field(default_factory=dict)
    customer_types: Mapping[str, int] = field(default_factory=dict)
    server_types: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    undecided: Mapping[str, int] = field(default_factory=dict)
    fallbacks: Mapping[str, int] = field(default_factory=dict)
    opinions: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            **{
                item.name: _sum(item.name, getattr(self, item.name), getattr(other, item.name))
                for item in dataclasses.fields(self)
            }
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Totals:
        """Read what ``dataclasses.asdict`` and JSON made of totals, those of version 0.1.0 too."""
        members = {_OLDER.get(name, name): value for name, value in data.items()}
        members["examples"] = {
            key: tuple((shard, line) for shard, line in places)
            for key, places in members["examples"].items()
        }
        return cls(**members)


def _sum(name: str, left: Any, right: Any) -> Any:
    if isinstance(left, int):
        return left + right
    if name == "examples":
        return {
            key: tuple(sorted((*left.get(key, ()), *right.get(key, ())))[:EXAMPLES])
            for key in left.keys() | right.keys()
        }
    return {key: left.get(key, 0) + right.get(key, 0) for key in left.keys() | right.keys()}
