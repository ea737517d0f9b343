"""Handed on: the lines of a block that the acceptor did not accept, and what comes of them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..verdicts.block import Block, PlacedCodes
from ..verdicts.issue import Verdict
from .hearing import REASONS, SitedLines

if TYPE_CHECKING:
    from bulkfhir._native import Judgement

    from .sites import SiteWalk

__all__ = ["HandedOn"]


class HandedOn:
    """The lines.

    judgement  of the block
    positions  of the lines in it
    reasons    reason why lines were handed on -> how many
    types, ids of the lines that are judged, by position
    verdicts   of the lines with an issue, by position
    failed     positions of the lines that fail
    crashed    positions of the lines whose validation itself broke
    codes      that were undecided, where the block asks for them
    """

    def __init__(
        self,
        block: Block,
        judgement: Judgement,
        codes: PlacedCodes,
    ) -> None:
        self.judgement = judgement
        self._block = block
        positions, self._reasons = judgement.fallbacks()
        self.positions: Sequence[int] = memoryview(positions).cast("I")
        self.reasons = {REASONS[reason]: n for reason, n in Counter(self._reasons).items()}
        self._starts, self._ends = (
            memoryview(column).cast("I") for column in (judgement.starts(), judgement.ends())
        )
        self.types: dict[int, str | None] = {}
        self.ids: dict[int, str | None] = {}
        self.codes = codes
        self.verdicts: dict[int, Verdict] = {}
        self.failed, self.crashed = set[int](), set[int]()

    @property
    def data(self) -> bytes:
        """The block's bytes."""
        return self._block.data

    @property
    def size(self) -> int:
        """The bytes of all these lines."""
        starts, ends = self._starts, self._ends
        return sum(ends[position] - starts[position] for position in self.positions)

    def line(self, position: int) -> bytes:
        """Return the bytes of a line."""
        return self.data[self._starts[position] : self._ends[position]]

    def beginning_with(self, text: bytes, most: int) -> Sequence[int]:
        """Return the positions of the lines that hold a text in their first bytes, of which there
        are ``most``.
        """
        return memoryview(self.judgement.beginning_with(self.data, text, most)).cast("I")

    def come_to(self, position: int) -> None:
        """Say that a line is come to; what the block's functions raise passes through."""
        if self._block.between is not None:
            self._block.between()
        self._explain(position)

    def add(self, position: int, verdict: Verdict) -> None:
        """Take the verdict of a line."""
        self.types[position], self.ids[position] = verdict.resource_type, verdict.resource_id
        if self._block.codes:
            self.codes.add_all(verdict.codes, position)
        if verdict.issues:
            self.verdicts[position] = verdict
            if verdict.crashed:
                self.crashed.add(position)
            elif verdict.failed:
                self.failed.add(position)

    def add_told(
        self, lines: SitedLines, sites: SiteWalk, undecided: Counter[str]
    ) -> Sequence[int]:
        """Take what is told of lines by their sites; return the positions of those that take
        more.

        undecided  is added to
        """
        types, ids, verdicts, failed = self.types, self.ids, self.verdicts, self.failed
        names, told, left = sites.types, sites.told, list[int]()
        is_watched = self._block.explaining is not None
        for position, kind, identity, number, said in zip(*lines, strict=True):
            if is_watched:
                self._explain(position)
            findings = told(number)
            if findings is None:
                if self._block.between is not None:
                    self._block.between()
                findings = sites.told_of(number, said, partial(self.line, position))
                if findings is None:
                    left.append(position)
                    continue
            issues, hidden, keys, codes = findings
            types[position], ids[position] = names[kind], identity
            for key, count in keys.items():
                undecided[key] += count
            if codes and self._block.codes:
                self.codes.add_all(codes, position)
            if issues:
                verdicts[position] = Verdict(names[kind], identity, issues, hidden, (), codes)
                failed.add(position)
        return left

    def _explain(self, position: int) -> None:
        if self._block.explaining is not None:
            place = bisect_left(self.positions, position)
            self._block.explaining(REASONS[self._reasons[place]])
