"""Tally: the running count of one shard, block by block, until it is frozen to Totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bulkfhir.validators import BlockVerdicts, DictionaryColumn, PatchedColumn, Verdict
from bulkfhir.validators.verdicts.excerpt import MORE

from ..columns import measure
from ..columns.words import words
from ..figures.job_figures import LINE_FIGURES, LiveFigures
from ..figures.totals import EXAMPLES, Place, Totals, counted_type, rule_key

__all__ = ["Tally"]


class Tally:
    """The counts of one shard so far. Every figure of LineFigures is an attribute of its name."""

    def __init__(self, shard: int) -> None:
        self._shard = shard
        self.scanned = self.imported = self.customer_errors = self.server_errors = 0
        self.search_failures = self.imported_bytes = 0
        self._types, self._customer_types, self._server_types = (
            Counter[str](),
            Counter[str](),
            Counter[str](),
        )
        self._rules = Counter[str]()
        self._examples = dict[str, list[Place]]()
        self._undecided, self._fallbacks, self._opinions = (
            Counter[str](),
            Counter[str](),
            Counter[str](),
        )

    def add(self, verdicts: BlockVerdicts, first: int, search_failures: int) -> None:
        """Count one block whose first line is the shard's line ``first``."""
        customer, server, scanned = (
            len(verdicts.failed),
            len(verdicts.crashed),
            len(verdicts.numbers),
        )
        self.scanned += scanned
        self.imported += scanned - customer - server
        self.customer_errors += customer
        self.server_errors += server
        self.search_failures += search_failures
        self._add_lines(verdicts)
        for position in sorted(
            verdicts.verdicts
        ):  # examples are the first lines, in whatever order a validator came upon them
            self._add_issues(
                verdicts.verdicts[position],
                (self._shard, first + verdicts.numbers[position]),
            )
        for positions, types in (
            (verdicts.failed, self._customer_types),
            (verdicts.crashed, self._server_types),
        ):
            for position in positions:
                self.imported_bytes -= verdicts.ends[position] - verdicts.starts[position]
                self._types[verdicts.types[position]] -= 1  # type: ignore[index]
                issues = verdicts.verdicts[position].issues
                types[counted_type(verdicts.types[position], issues)] += 1
        self._undecided.update(verdicts.undecided)
        self._fallbacks.update(verdicts.fallbacks)

    def _add_lines(self, verdicts: BlockVerdicts) -> None:
        starts, ends, types = verdicts.starts, verdicts.ends, verdicts.types
        if isinstance(types, PatchedColumn) and isinstance(types.column, DictionaryColumn):
            names, codes = types.column.names, memoryview(types.column.codes).cast("H")
            for position, name in types.others.items():
                self._types[names[codes[position]]] -= 1
                self._types[name] += 1  # type: ignore[index]  # as below
            types = types.column
        if isinstance(types, DictionaryColumn):
            columns = words(starts), words(ends), types.codes, len(types.names)
            for code, count, size in measure(*columns):
                self._types[types.names[code]] += count
                self.imported_bytes += size
        else:
            self._types.update(types)  # type: ignore[arg-type]  # None is a key here until it is frozen
            self.imported_bytes += sum(ends) - sum(starts)

    def add_opinions(self, counts: Iterable[tuple[str, int]]) -> None:
        """Add counts of second opinions, each under ``validator outcome``."""
        for key, count in counts:
            self._opinions[key] += count

    def live(self, bytes_read: int) -> LiveFigures:
        """Return what is counted so far, beside how much of the file is read."""
        return LiveFigures(**self._figures(), bytes_read=bytes_read)

    def frozen(self) -> Totals:
        """Return all that was counted."""
        return Totals(
            **self._figures(),
            imported_types={name or "": count for name, count in self._types.items() if count},
            customer_types=dict(self._customer_types),
            server_types=dict(self._server_types),
            rules=dict(self._rules),
            examples={key: tuple(places) for key, places in self._examples.items()},
            undecided=dict(self._undecided),
            fallbacks=dict(self._fallbacks),
            opinions=dict(self._opinions),
        )

    def _figures(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in LINE_FIGURES}

    def _add_issues(self, verdict: Verdict, place: Place) -> None:
        """Count every issue of a line, those too that it does not show."""
        counts = Counter(
            (issue.severity, issue.rule) for issue in verdict.issues if issue.rule != MORE.name
        )
        counts.update(verdict.hidden)
        for (severity, rule), count in counts.items():
            key = rule_key(severity, rule)
            self._rules[key] += count
            places = self._examples.setdefault(key, [])
            if len(places) < EXAMPLES and place not in places:
                places.append(place)
