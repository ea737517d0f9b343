"""Totals: what was counted, added up in any order to the same sums."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from bulkfhir.validators.economy.light_dataclass import dataclass

from .job_figures import LINE_FIGURES, LineFigures

if TYPE_CHECKING:
    from bulkfhir.validators import Issue

__all__ = ["EXAMPLES", "Place", "Totals", "TotalsSum", "counted_type", "rule_key"]

EXAMPLES = 3
"""How many places are kept of each rule."""

Place = tuple[int, int]
"""(index of the shard, line within it from 0): sorts as the input does."""


_OLDER = {"asked": "fallbacks"}
"""Names of counts in the checkpoints of 0.1.0, which a job that is resumed goes on with."""


def rule_key(severity: str, rule: str) -> str:
    """Return one name for the pair that findings are counted by."""
    return f"{severity} {rule}"


def counted_type(name: str | None, issues: Iterable[Issue]) -> str:
    """Return the type to count a line with these issues by; "" where it is no known one, so that
    rubbish cannot fill a table.
    """
    return "" if any(issue.rule == "resource-type" for issue in issues) else name or ""


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
        return Totals.sum((self, other))

    @classmethod
    def sum(cls, parts: Iterable[Totals]) -> Totals:
        """Return the sum of any number of totals."""
        added = TotalsSum()
        for part in parts:
            added.add(part)
        return added.total()

    def to_json(self) -> dict[str, Any]:
        """Return what was counted as JSON values."""
        members = ((item.name, getattr(self, item.name)) for item in dataclasses.fields(self))
        return {name: value for name, value in members if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Totals:
        """Read what ``to_json`` made, after JSON, or what an earlier version wrote."""
        members = {_OLDER.get(name, name): value for name, value in data.items()}
        members["examples"] = {
            key: tuple((shard, line) for shard, line in places)
            for key, places in members.get("examples", {}).items()
        }
        return cls(**members)


_COUNTS = tuple(
    item.name for item in dataclasses.fields(Totals) if item.name not in (*LINE_FIGURES, "examples")
)
"""Names of what is counted by something."""


class TotalsSum:
    """A sum of totals in the making: adding to it costs by what is added alone."""

    def __init__(self) -> None:
        self._numbers = dict.fromkeys(LINE_FIGURES, 0)
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._examples: dict[str, list[Place]] = {}

    def add(self, part: Totals) -> None:
        """Add totals."""
        for name in LINE_FIGURES:
            self._numbers[name] += getattr(part, name)
        for name in _COUNTS:
            if found := getattr(part, name):
                self._counts[name].update(found)
        for key, places in part.examples.items():
            self._examples[key] = sorted((*self._examples.get(key, ()), *places))[:EXAMPLES]

    def total(self) -> Totals:
        """Return the sum so far."""
        members: dict[str, Any] = {**self._numbers}
        members.update((name, dict(of_name)) for name, of_name in self._counts.items())
        members["examples"] = {key: tuple(places) for key, places in self._examples.items()}
        return Totals(**members)
