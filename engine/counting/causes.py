"""Causes: the findings of a job as a person asks for them: what was found where, how often, and
what to mend first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from bulkfhir.validators.economy.light_dataclass import dataclass
from bulkfhir.validators.verdicts.issue import FAILING

from ..across.cause_rows import Quoted
from ..across.cause_sums import CauseGroup, CauseSums, MendStep
from ..figures.totals import Place, Totals

__all__ = ["Cause", "Causes", "Drowning", "Example", "Mend"]

_FEW = 0.1
"""Share of the rejected lines that is few enough to be named for what they drown."""


@dataclass(frozen=True, slots=True)
class Example:
    """A line that shows a rule: the file as the user named it, and the line in it from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings that are alike: of one rule, at one place of their resources, with one message.

    path      the place without indexes; it begins with ``*`` where several types have it
    message   what was found, cut after 300 characters
    issues    how many there are, ``lines`` in how many lines
    types     resource type -> issues, the most frequent first; "" where it is not known
    first     the first lines, three at the most, beside the resource in each: ``Patient/1``
    quoted    the stretches of the message that may quote the data; None where nobody knows
    """

    severity: str
    rule: str
    path: str
    message: str
    issues: int
    lines: int
    types: Mapping[str, int] = field(hash=False)
    first: tuple[tuple[Example, str], ...] = ()
    quoted: tuple[Quoted, ...] | None = None

    @property
    def fails(self) -> bool:
        """Return whether it fails a line."""
        return self.severity in FAILING


@dataclass(frozen=True, slots=True)
class Mend:
    """A cause to mend.

    message   what was found; ``#`` stands for numbers in which the findings differ
    whole     rejected lines that pass once this one and all before it are mended
    quoted    as of a cause
    """

    rule: str
    path: str
    message: str
    issues: int
    whole: int
    quoted: tuple[Quoted, ...] | None = None


@dataclass(frozen=True, slots=True)
class Drowning:
    """A few lines whose errors are most of all: so many ``lines`` have so many ``errors`` of
    ``all_errors``.
    """

    lines: int
    errors: int
    all_errors: int


@dataclass(frozen=True, slots=True)
class Causes:
    """The findings of a job in groups: 2,000 groups at the most, each with its exact count.

    groups     what fails a line first, then the most frequent
    distinct   how many groups there are in all
    issues     how many issues they hold in all
    mends      what to mend, so that most lines pass for the fewest causes
    drowning   the lines that drown the others, where there are such
    """

    groups: tuple[Cause, ...] = ()
    distinct: int = 0
    issues: int = 0
    mends: tuple[Mend, ...] = ()
    drowning: Drowning | None = None

    def __iter__(self) -> Iterator[Cause]:
        """Return the groups, one by one."""
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    @classmethod
    def of(cls, sums: CauseSums, totals: Totals, locate: Callable[[Place], Example]) -> Causes:
        """Name places as the user named files."""
        return cls(
            tuple(_cause(group, locate) for group in sums.groups),
            sums.distinct,
            sum(totals.rules.values()),
            tuple(_mend(step) for step in sums.mends),
            _drowning(sums.loud, totals),
        )


def _cause(group: CauseGroup, locate: Callable[[Place], Example]) -> Cause:
    severity, rule, path, message = group.key
    first = tuple((locate(place), name) for place, name in group.places)
    path = _placed(path, tuple(group.types))
    counts = group.issues, group.lines, group.types
    return Cause(severity, rule, path, message, *counts, first, group.quoted)


def _mend(step: MendStep) -> Mend:
    path = _placed(step.path, step.types)
    return Mend(step.rule, path, step.message, step.issues, step.whole, step.quoted)


def _placed(path: str, types: tuple[str, ...]) -> str:
    return types[0] + path[1:] if path.startswith("*") and len(types) == 1 else path


def _drowning(loud: tuple[int, ...], totals: Totals) -> Drowning | None:
    """Return the fewest lines that have half of the errors, where they are few."""
    errors = sum(count for key, count in totals.rules.items() if key.partition(" ")[0] in FAILING)
    found = 0
    for lines, more in enumerate(loud, 1):
        if lines > totals.customer_errors * _FEW:
            break
        found += more
        if found * 2 >= errors:
            further = [count for count in loud[lines:] if count * 100 >= errors]
            lines, found = lines + len(further), found + sum(further)
            return (
                Drowning(lines, found, errors) if lines <= totals.customer_errors * _FEW else None
            )
    return None
