"""Comparison: line by line, what only one of two jobs rejects, by message."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..across.cause_rows import masked
from .rejections import WHOLE_FILE, JobLogs, Rejection

__all__ = [
    "Comparison",
    "FileDifference",
    "FirstPlace",
    "MessageGroup",
    "OneSided",
    "compared",
    "counted",
]

_GROUPS: Final = 10_000
"""Messages that are told apart at one side; what is said beyond is counted together."""


@dataclass(frozen=True, slots=True)
class FirstPlace:
    """Where a message stands first: the file's log name, the line from 1 (None: the file as a
    whole), the resource and the place in it.
    """

    file: str
    line: int | None
    resource: str
    location: str

    def __str__(self) -> str:
        """Return ``Patient.ndjson:17  Patient/1  Patient.birthDate``, as far as it is known."""
        at = self.file if self.line is None else f"{self.file}:{self.line}"
        return "  ".join(part for part in (at, self.resource, self.location) if part)


@dataclass(slots=True)
class MessageGroup:
    """Lines with one message; ``#`` stands for its numbers where it was said of several lines."""

    message: str
    first: FirstPlace
    lines: int = 0


@dataclass(slots=True)
class OneSided:
    """The lines that only one of the two jobs rejects.

    lines    how many lines
    files    log names of inputs that only this job has anything of; their lines are not counted
    others   findings whose messages were not told apart any more
    """

    lines: int = 0
    files: list[str] = field(default_factory=list)
    others: int = 0
    groups: dict[str, MessageGroup] = field(default_factory=dict)

    def most_frequent(self) -> list[MessageGroup]:
        """Return the groups, the most frequent first."""
        return sorted(self.groups.values(), key=lambda one: (-one.lines, one.message))

    def count(self, name: str, rejection: Rejection) -> None:
        """Count a line by each of its messages, once each."""
        self.lines += 1
        by_key = {masked(text): (text, place) for text, place in reversed(rejection.findings)}
        for key, (text, place) in by_key.items():
            group = self.groups.get(key)
            if group is None and len(self.groups) >= _GROUPS:
                self.others += 1
                continue
            if group is None:
                number = None if rejection.line == WHOLE_FILE else rejection.line
                first = FirstPlace(name, number, rejection.resource, place)
                group = self.groups[key] = MessageGroup(text, first)
            elif group.message != text:
                group.message = key
            group.lines += 1


@dataclass(frozen=True, slots=True)
class FileDifference:
    """Lines of one input that both jobs reject, and that only one of them does."""

    name: str
    both: int
    only_ours: int
    only_theirs: int


@dataclass(slots=True)
class Comparison:
    """Two jobs beside one another.

    both      lines that both reject
    differing  the inputs where they differ, by name
    figures   (name, ours, theirs) of the Manifests' numbers that differ
    """

    ours: OneSided
    theirs: OneSided
    files: int = 0
    both: int = 0
    differing: list[FileDifference] = field(default_factory=list)
    figures: list[tuple[str, float, float]] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Return whether both rejected the same lines of the same files."""
        sides = (self.ours, self.theirs)
        return not any(side.lines or side.files for side in sides)


def compared(ours: JobLogs, theirs: JobLogs) -> Comparison:
    """Compare the FAILURE logs of two jobs over the same input, line by line.

    Memory: eight bytes for each line that fails in one file, and 10,000 messages a side. Raises
    ConfigurationError for a log that is none.
    """
    found = Comparison(OneSided(), OneSided(), len(ours.names | theirs.names))
    found.ours.files = sorted(ours.names - theirs.names)
    found.theirs.files = sorted(theirs.names - ours.names)
    for name in sorted(ours.names & theirs.names):
        our_lines, their_lines = ours.rejected_lines(name), theirs.rejected_lines(name)
        only_ours = _without(our_lines, their_lines)
        only_theirs = _without(their_lines, our_lines)
        both = len(our_lines) - len(only_ours)
        found.both += both
        _count(found.ours, name, _of_lines(only_ours, ours, name))
        _count(found.theirs, name, _of_lines(only_theirs, theirs, name))
        if only_ours or only_theirs:
            found.differing.append(FileDifference(name, both, len(only_ours), len(only_theirs)))
    our_figures, their_figures = ours.figures(), theirs.figures()
    found.figures = [
        (name, value, their_figures[name])
        for name, value in our_figures.items()
        if their_figures.get(name, value) != value
    ]
    return found


def counted(logs: JobLogs) -> OneSided:
    """Return all that one job rejects, by message."""
    found = OneSided()
    for name in sorted(logs.names):
        _count(found, name, logs.rejections(name))
    return found


def _count(side: OneSided, name: str, rejections: Iterable[Rejection]) -> None:
    """Count lines, each once however often its log names it."""
    before = set[int]()
    for rejection in rejections:
        if rejection.line not in before:
            before.add(rejection.line)
            side.count(name, rejection)


def _of_lines(lines: array[int], logs: JobLogs, name: str) -> Iterator[Rejection]:
    """Yield what a log says of some lines, which ascend; it is not read again for none."""
    if lines:
        yield from (one for one in logs.rejections(name) if _holds(lines, one.line))


def _without(lines: array[int], others: Iterable[int]) -> array[int]:
    """Return the numbers that the others do not hold; both ascend."""
    rest, following = array("Q"), iter(others)
    other = next(following, None)
    for line in lines:
        while other is not None and other < line:
            other = next(following, None)
        if line != other:
            rest.append(line)
    return rest


def _holds(lines: array[int], line: int) -> bool:
    place = bisect_left(lines, line)
    return place < len(lines) and lines[place] == line
