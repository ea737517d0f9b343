"""CauseTally: the findings of one shard so far, grouped by what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bulkfhir.validators import BlockVerdicts, Issue, Verdict
from bulkfhir.validators.economy.lazy_pattern import lazy_pattern
from bulkfhir.validators.verdicts.excerpt import MORE
from bulkfhir.validators.verdicts.issue import FAILING

from ..across.cause_rows import GroupKey, GroupRow, Quoted, encode_rows, mend_id
from ..across.cause_sums import LOUD, MANY
from ..figures.totals import counted_type

__all__ = ["CauseTally", "cut", "without_indexes"]

_HELD = 5_000
"""Groups and sets of causes in memory; then they are written, and begun anew."""

_LONGEST = 300
"""Characters of a sentence that tell groups apart; the logs have it whole."""

_CAUSES = 50
"""Causes of one line that are told apart; a line with more is not mended by a few."""

_LOUD_FROM = 10
"""Errors from which a line is one that may drown the others."""

_INDEX = lazy_pattern(r"\[[0-9]+\]|/\*.*?\*/")
"""What tells entries of lists apart in a location: the index, and a comment that names an entry."""

_NOT_SHOWN = "further issues of lines that have more than are shown (--max-issues)"


class CauseTally:
    """Groups, sets of causes and loud lines, until they are taken as rows of the shard's part."""

    def __init__(self) -> None:
        self._groups: dict[GroupKey, GroupRow] = {}
        self._sets = Counter[tuple[int, ...]]()
        self._loud: list[tuple[int, int]] = []

    def add(self, verdicts: BlockVerdicts, first: int) -> None:
        """Count one block whose first line is the shard's line ``first``."""
        for position in sorted(verdicts.verdicts):
            self._add_line(
                verdicts.verdicts[position],
                first + verdicts.numbers[position],
                rejected=position in verdicts.failed and position not in verdicts.crashed,
            )

    @property
    def full(self) -> bool:
        """Return whether it is time to write the rows."""
        return len(self._groups) + len(self._sets) >= _HELD

    def take(self) -> bytes:
        """Return all rows as they stand in the part; none is left."""
        rows = encode_rows(
            {GroupKey(*map(_sound, key)): row for key, row in self._groups.items()},
            self._sets,
            sorted(self._loud, key=_loudest)[:LOUD],
        )
        self._groups, self._sets, self._loud = {}, Counter(), []
        return rows

    def _add_line(self, verdict: Verdict, line: int, *, rejected: bool) -> None:
        kind = counted_type(verdict.resource_type, verdict.issues)
        name = _sound(f"{kind}/{verdict.resource_id}") if verdict.resource_id else ""
        found = list(_keys(verdict, kind))
        counts, sources = Counter(key for key, _ in found), dict(found)
        for (severity, rule), count in verdict.hidden.items():
            counts[GroupKey(severity, rule, "", _NOT_SHOWN)] += count
        mends, errors = set[int](), 0
        for key, count in counts.items():
            row = self._groups.get(key)
            if row is None:
                number = mend_id(*map(_sound, key[1:]))
                row = self._groups[key] = GroupRow(number, _quoted(key, sources.get(key)))
            row.add(count, kind, line, name)
            if key.severity in FAILING:
                errors += count
                mends.add(row.mend)
        if rejected:
            told = len(mends) <= _CAUSES and not verdict.hidden
            self._sets[tuple(sorted(mends)) if told else MANY] += 1
            if errors >= _LOUD_FROM:
                self._loud.append((errors, line))


def _keys(verdict: Verdict, kind: str) -> Iterator[tuple[GroupKey, Issue]]:
    for issue in verdict.issues:
        if issue.rule != MORE.name:
            path, message = _path(issue, kind), cut(_message(issue))
            yield GroupKey(issue.severity, issue.rule, path, message), issue


def _quoted(key: GroupKey, issue: Issue | None) -> list[Quoted]:
    """Return which stretches of a group's sentence are of the data: of the plain text of a plug-in
    that may be any.
    """
    if issue is None:
        return []
    spans, at = list[Quoted](), 0
    whole: list[Quoted] = [("", 0, len(_sound(key.message)))]
    if issue.violation is None:
        return whole
    declaration, values = issue.violation.declaration, issue.violation.values
    pieces = [(name, _sound(text)) for name, text in declaration.brief_pieces(values)]
    if cut("".join(text for _, text in pieces)) != cut(_sound(key.message)):
        return whole
    for name, text in pieces:
        if name and text:
            spans.append((name, at, at + len(text)))
        at += len(text)
    return spans


def _message(issue: Issue) -> str:
    violation = issue.violation
    brief = violation is not None and violation.declaration.brief
    return violation.brief_text if violation is not None and brief else issue.diagnostics


def _path(issue: Issue, kind: str) -> str:
    """Return the place without indexes, ``*`` for the resource."""
    location = without_indexes(issue.location)
    if kind and location.startswith(kind) and location[len(kind) : len(kind) + 1] in ("", "."):
        return "*" + location[len(kind) :]
    return location


def without_indexes(location: str) -> str:
    """Return a location without what tells the entries of lists apart."""
    return _INDEX.sub("", location) if "[" in location else location


def cut(message: str) -> str:
    """Return as much of a sentence as tells groups apart."""
    return message if len(message) <= _LONGEST else message[: _LONGEST - 3] + "..."


def _sound(text: str) -> str:
    """Return the text without lone surrogates, which no JSON in UTF-8 holds."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _loudest(entry: tuple[int, int]) -> tuple[int, int]:
    return -entry[0], entry[1]
