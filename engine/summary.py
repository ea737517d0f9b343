"""Summary: what a person wants to know when all lines are read: by resource type, by rule, by file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .manifest import FileOutcome
from .sources import Skipped
from .totals import Totals

__all__ = ["BrokenFile", "Example", "RuleCount", "Summary", "TypeCount"]


@dataclass(frozen=True, slots=True)
class Example:
    """A line that shows a rule: the file as the user named it, and the line in it from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class RuleCount:
    severity: str
    rule: str
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class TypeCount:
    """Lines of one resource type; "" stands for lines whose type is not known."""

    type: str
    accepted: int
    rejected: int
    crashed: int

    @property
    def scanned(self) -> int:
        return self.accepted + self.rejected + self.crashed


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """An input that was not read to its end; status 400: it is damaged, changed or closed to us, 500: we failed."""

    name: str
    message: str
    status: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Sums over all lines that count.

    types        by name, the unknown type last
    rules        the most frequent first
    undecided    binding or value set -> codes that could not be checked offline
    asked        reason -> lines that the fast path handed to the slow one
    opinions     validator -> outcome (agrees, accepts, rejects, crashes) -> lines
    """

    totals: Totals = field(default_factory=Totals)
    files: int = 0
    types: tuple[TypeCount, ...] = ()
    rules: tuple[RuleCount, ...] = ()
    broken_files: tuple[BrokenFile, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @classmethod
    def of(cls, outcomes: Sequence[FileOutcome], skipped: Sequence[Skipped]) -> Summary:
        totals = sum((outcome.totals for outcome in outcomes), Totals())
        broken = tuple(BrokenFile(outcome.file.name, cause.message, cause.status) for outcome in outcomes for cause in outcome.breaks)
        return cls(totals, len(outcomes), _types(totals), _rules(totals, outcomes), broken, tuple(skipped))

    @property
    def undecided(self) -> Mapping[str, int]:
        return self.totals.undecided

    @property
    def asked(self) -> Mapping[str, int]:
        return self.totals.asked

    @property
    def opinions(self) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for key, count in self.totals.opinions.items():
            name, _, outcome = key.rpartition(" ")
            found.setdefault(name, {})[outcome] = count
        return found


def _types(totals: Totals) -> tuple[TypeCount, ...]:
    accepted, rejected, crashed = totals.imported_types, totals.customer_types, totals.server_types
    names = sorted(accepted.keys() | rejected.keys() | crashed.keys(), key=lambda name: (not name, name))
    return tuple(TypeCount(name, accepted.get(name, 0), rejected.get(name, 0), crashed.get(name, 0)) for name in names)


def _rules(totals: Totals, outcomes: Sequence[FileOutcome]) -> tuple[RuleCount, ...]:
    origin = {shard.index: (outcome.file.name, base) for outcome in outcomes for shard, base in zip(outcome.shards, outcome.bases, strict=True)}
    rules = []
    for key, count in totals.rules.items():
        severity, _, rule = key.partition(" ")
        examples = tuple(Example(origin[shard][0], origin[shard][1] + line + 1) for shard, line in totals.examples[key])
        rules.append(RuleCount(severity, rule, count, examples))
    return tuple(sorted(rules, key=lambda rule: (-rule.count, rule.rule, rule.severity)))
