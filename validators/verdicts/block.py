"""A run of NDJSON lines and the answer to it: the unit in which engine and validators talk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, fields
from typing import Final, Protocol

from ..economy.light_dataclass import dataclass
from .issue import Verdict, crash_verdict
from .undecided import UndecidedCode

__all__ = [
    "NO_FAST_PATH",
    "Block",
    "BlockVerdicts",
    "BlockValidator",
    "OneByOne",
    "PlacedCodes",
    "ResourceValidator",
]

NO_FAST_PATH: Final = "no fast path"
"""Reason why every line of a block is judged by itself."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of NDJSON, as they stand in the file, or the rows of a column.

    data     bytes; every line but perhaps the last ends in a newline
    between  called before each line that is judged by itself; what it raises ends the block. A
             worker that shares its process learns in this way that its job is to stop.
    rows     where rows start and where they end in data, as native 32-bit words; then each row is
             one resource, whatever newlines it holds, and a row of white space is a blank line
    codes    whether to tell codes that could not be decided: ``BlockVerdicts.codes``
    explaining  called with the reason before each line that a fast path hands to the slow one; a
             validator without a fast path calls it once. Whoever measures learns of it
    """

    data: bytes
    between: Callable[[], None] | None = field(default=None, compare=False)
    rows: tuple[bytes, bytes] | None = None
    explaining: Callable[[str], None] | None = field(default=None, compare=False)
    codes: bool = False

    def lines(self) -> Iterator[tuple[int, int, int]]:
        """Yield (number of the line in the block from 0, start, end) of every line that is not
        blank.

        start and end are byte offsets into ``data``; the line's own newline and a carriage return
        before it are left out. Of rows all is given as it stands.
        """
        if self.rows is not None:
            yield from self._rows(*self.rows)
            return
        data, start, number, size = self.data, 0, 0, len(self.data)
        while start < size:
            newline = data.find(b"\n", start)
            if newline < 0:
                newline = size
            end = newline
            while end > start and data[end - 1] in b" \t\r":
                end -= 1
            first = start
            while first < end and data[first] in b" \t":
                first += 1
            if first < end:
                if self.between is not None:
                    self.between()
                yield number, start, end
            number += 1
            start = newline + 1

    def _rows(self, starts: bytes, ends: bytes) -> Iterator[tuple[int, int, int]]:
        spans = zip(memoryview(starts).cast("I"), memoryview(ends).cast("I"), strict=True)
        for number, (start, end) in enumerate(spans):
            if self.data[start:end].strip():
                if self.between is not None:
                    self.between()
                yield number, start, end


@dataclass(frozen=True, slots=True, init=False)
class BlockVerdicts:
    """The verdicts of a block: parallel columns with one entry per line that is not blank, in
    order, and no object per accepted line.

    numbers         line number in the block, from 0
    starts, ends    byte offsets of the line in the block's data, without line end
    types, ids      resourceType and id, None where they could not be read (or are no strings);
                    lists, or ``DictionaryColumn`` and ``NewlineColumn`` as they came
    verdicts        position in these columns -> Verdict, only for lines with an issue of any
                    severity
    failed          positions of the lines that have an issue of severity error or fatal
    crashed         positions whose validation itself broke (counted as server errors; their verdict
                    says how)
    undecided       value set, code system or slicing -> how often it could not be decided offline
    fallbacks       reason -> how many lines the fast path handed to the slow one (empty without a
                    fast path); ``asked`` is its older name
    codes           code that could not be decided offline -> positions of the lines that have it,
                    once for each time; empty where ``Block.codes`` did not ask for it
    """

    numbers: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]
    types: Sequence[str | None]
    ids: Sequence[str | None]
    verdicts: Mapping[int, Verdict]
    failed: frozenset[int]
    crashed: frozenset[int] = frozenset()
    undecided: Mapping[str, int] = field(default_factory=dict)
    fallbacks: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[UndecidedCode, Sequence[int]] = field(default_factory=dict)

    def __init__(
        self,
        numbers: Sequence[int],
        starts: Sequence[int],
        ends: Sequence[int],
        types: Sequence[str | None],
        ids: Sequence[str | None],
        verdicts: Mapping[int, Verdict],
        failed: frozenset[int],
        crashed: frozenset[int] = frozenset(),
        undecided: Mapping[str, int] | None = None,
        fallbacks: Mapping[str, int] | None = None,
        *,
        asked: Mapping[str, int] | None = None,
        codes: Mapping[UndecidedCode, Sequence[int]] | None = None,
    ) -> None:
        counts = undecided or {}, fallbacks or asked or {}, codes or {}
        values = (numbers, starts, ends, types, ids, verdicts, failed, crashed, *counts)
        for column, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, column.name, value)

    @property
    def asked(self) -> Mapping[str, int]:
        """The older name of ``fallbacks``, for plug-ins that know no other."""
        return self.fallbacks


class PlacedCodes:
    """Undecided codes of a block in the making: code -> positions of lines, in any order."""

    def __init__(self) -> None:
        self.places: dict[UndecidedCode, list[int]] = {}

    def add(self, code: UndecidedCode, position: int) -> None:
        """Take a code that stands in a line."""
        self.places.setdefault(code, []).append(position)

    def add_all(self, codes: Mapping[UndecidedCode, int], position: int) -> None:
        """Take the codes of a line, each with how often it stands there."""
        for code, count in codes.items():
            self.places.setdefault(code, []).extend([position] * count)


class ResourceValidator(Protocol):
    """The least that a plug-in has to do: judge one line.

    Made once per worker, called for every line.
    """

    def validate(self, line: bytes) -> Verdict:
        """Return the verdict for one resource given as JSON bytes. Never raises for bad data."""
        ...


class BlockValidator(Protocol):
    """A judge of whole blocks: the one form that the engine calls."""

    def validate_block(self, block: Block) -> BlockVerdicts:
        """Return the verdicts for a block of lines. Never raises for bad data."""
        ...


class OneByOne:
    """An adapter: a BlockValidator made from a ResourceValidator.

    An exception of the validator fails its own line only.
    """

    def __init__(self, validator: ResourceValidator) -> None:
        self._validator = validator

    def validate_block(self, block: Block) -> BlockVerdicts:
        """Return the verdicts for a block, each line judged by itself; what ``Block.between``
        raises passes through.
        """
        numbers: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        types: list[str | None] = []
        ids: list[str | None] = []
        verdicts: dict[int, Verdict] = {}
        failed: set[int] = set()
        crashed: set[int] = set()
        undecided: Counter[str] = Counter()
        codes = PlacedCodes()
        validate, data = self._validator.validate, block.data
        if block.explaining is not None:
            block.explaining(NO_FAST_PATH)
        for position, (number, start, end) in enumerate(block.lines()):
            try:
                verdict = validate(data[start:end])
            except Exception as error:  # noqa: BLE001 the wall around one resource: a bug in a validator costs its own line only
                verdict = crash_verdict(error)
            numbers.append(number)
            starts.append(start)
            ends.append(end)
            types.append(verdict.resource_type)
            ids.append(verdict.resource_id)
            if block.codes:
                codes.add_all(verdict.codes, position)
            if verdict.issues:
                verdicts[position] = verdict
                # A crash is counted as a server error, never as a fault of the data.
                if verdict.crashed:
                    crashed.add(position)
                elif verdict.failed:
                    failed.add(position)
        return BlockVerdicts(
            numbers,
            starts,
            ends,
            types,
            ids,
            verdicts,
            frozenset(failed),
            frozenset(crashed),
            undecided,
            codes=codes.places,
        )
