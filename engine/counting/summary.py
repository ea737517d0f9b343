"""Summary: what a person wants to know when all lines are read: by resource type, by rule, by
file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field, replace

from bulkfhir.validators.economy.light_dataclass import dataclass
from bulkfhir.validators.verdicts.issue import FAILING

from ..across.cause_sums import CauseSums
from ..across.duplicates import Duplicates
from ..across.job_checks import JobChecks
from ..figures.totals import Place, Totals
from ..reading.sources import Skipped
from ..sharding.file_outcomes import FilesSum
from .causes import Causes, Example

__all__ = ["BrokenFile", "CheckedGroup", "Example", "Repeated", "RuleCount", "Summary", "TypeCount"]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A resource that comes more than once: its first line, and its last, which wins."""

    first: Example
    last: Example


@dataclass(frozen=True, slots=True)
class CheckedGroup:
    """How many findings of a check over the whole job are alike, with the first lines that they
    are about. ``group`` is path → type for references, the resource type for resources, the value
    set for codes.
    """

    check: str
    group: str
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class CheckedCode:
    """How often a code stands in accepted lines that a value set could not decide offline, and the
    first line that has it; system and code are None where there is none.
    """

    value_set: str
    system: str | None
    code: str | None
    count: int
    first: Example


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many issues of one severity a rule found, with the first lines that show them."""

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
        """Return how many lines of the type were read."""
        return self.accepted + self.rejected + self.crashed


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """An input that was not read to its end; status 400: it is damaged, changed or closed to us,
    500: we failed.
    """

    name: str
    message: str
    status: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Sums over all lines that count.

    types        by name, the unknown type last
    rules        what fails a line before what does not, the most frequent first
    undecided    value set, code system or slicing -> how often it could not be decided offline
    fallbacks    reason -> lines that the fast path handed to the slow one (``asked`` in 0.1.0)
    opinions     validator -> outcome (agrees, accepts, rejects, crashes) -> lines
    replaced     accepted lines whose type and id come again in a later accepted line; None where
                 nobody looked (a validation)
    repeated     the first resources that come more than once
    causes       the findings grouped by what was found, and what to mend first
    checks       what the checks over the whole job come to; None where they were not asked for
    check_groups their most frequent findings, with the first lines
    check_codes  the most frequent codes that could not be decided; none where values are masked
    """

    totals: Totals = field(default_factory=Totals)
    files: int = 0
    types: tuple[TypeCount, ...] = ()
    rules: tuple[RuleCount, ...] = ()
    broken_files: tuple[BrokenFile, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    replaced: int | None = None
    repeated: tuple[Repeated, ...] = ()
    causes: Causes = field(default_factory=Causes)
    checks: JobChecks | None = None
    check_groups: tuple[CheckedGroup, ...] = ()
    check_codes: tuple[CheckedCode, ...] = ()

    @classmethod
    def of(
        cls,
        sums: FilesSum,
        skipped: Sequence[Skipped],
        duplicates: Duplicates | None = None,
        causes: CauseSums | None = None,
        checks: JobChecks | None = None,
    ) -> Summary:
        """Say what a job's files came to. ``duplicates`` is None where nobody looked for them,
        ``causes`` where no line has an issue.
        """
        totals = sums.totals
        broken = tuple(BrokenFile(*one) for one in sums.broken)

        def locate(place: Place) -> Example:
            shard, line = place
            name, base = sums.origins[shard]
            return Example(name, base + line + 1)

        summary = cls(
            totals,
            sums.figures.scanned,
            _types(totals),
            _rules(totals, locate),
            broken,
            tuple(skipped),
        )
        if causes is not None:
            summary = replace(summary, causes=Causes.of(causes, totals, locate))
        if checks is not None:
            groups = tuple(
                CheckedGroup(one.check, one.group, one.count, tuple(map(locate, one.places)))
                for one in checks.groups
            )
            codes = tuple(
                CheckedCode(one.value_set, one.system, one.code, one.count, locate(one.place))
                for one in checks.codes
            )
            summary = replace(summary, checks=checks, check_groups=groups, check_codes=codes)
        if duplicates is None:
            return summary
        repeated = tuple(
            Repeated(locate(first), locate(last)) for first, last in duplicates.examples
        )
        return replace(summary, replaced=duplicates.replaced, repeated=repeated)

    def found(self, checks: Collection[str]) -> bool:
        """Return whether one of these checks over the whole job found something."""
        return self.checks is not None and any(self.checks.counts.get(name) for name in checks)

    @property
    def undecided(self) -> Mapping[str, int]:
        """Return binding or value set -> codes that could not be checked offline."""
        return self.totals.undecided

    @property
    def fallbacks(self) -> Mapping[str, int]:
        """Return reason -> lines that the fast path handed to the slow one."""
        return self.totals.fallbacks

    @property
    def asked(self) -> Mapping[str, int]:
        """Return the fallbacks, under their name of version 0.1.0."""
        return self.fallbacks

    @property
    def opinions(self) -> Mapping[str, Mapping[str, int]]:
        """Return validator -> outcome (agrees, accepts, rejects, crashes) -> lines."""
        found: dict[str, dict[str, int]] = {}
        for key, count in self.totals.opinions.items():
            name, _, outcome = key.rpartition(" ")
            found.setdefault(name, {})[outcome] = count
        return found


def _types(totals: Totals) -> tuple[TypeCount, ...]:
    accepted, rejected, crashed = totals.imported_types, totals.customer_types, totals.server_types
    names = sorted(
        accepted.keys() | rejected.keys() | crashed.keys(), key=lambda name: (not name, name)
    )
    return tuple(
        TypeCount(name, accepted.get(name, 0), rejected.get(name, 0), crashed.get(name, 0))
        for name in names
    )


def _rules(totals: Totals, locate: Callable[[Place], Example]) -> tuple[RuleCount, ...]:
    rules = []
    for key, count in totals.rules.items():
        severity, _, rule = key.partition(" ")
        rules.append(RuleCount(severity, rule, count, tuple(map(locate, totals.examples[key]))))
    return tuple(
        sorted(
            rules,
            key=lambda rule: (rule.severity not in FAILING, -rule.count, rule.rule, rule.severity),
        )
    )
