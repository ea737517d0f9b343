"""The finder of entries in doubt: where a Bundle is not accepted, the explainer need not walk
through the entries of which there is nothing to say.

The lines are judged once more, by a table that also holds what fails no resource. To make that
table takes as long as to explain some hundred entries, so that it is made when there have been as
many.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final

from ..checks.compilation import Compilation
from ..checks.doubts import WHOLE, Doubts
from .hearing import Hearing

__all__ = ["EntryFinder"]

_WHOLE: Final = 0xFFFFFFFF
"""Instead of a member: the whole entry."""
_BUNDLE: Final = b'"Bundle"'
_ENTRY: Final = b'"entry"'
_AT_ONCE: Final = b'"QuestionnaireResponse"'
"""The type whose rules find out things at one member that they need at another."""
_WORTH_IT: Final = 300_000
"""Bytes of Bundles that are explained whole at first."""


class EntryFinder:
    """Finds the entries in doubt; one per validator, not thread-safe.

    compilation   gives one that also says what fails no resource
    """

    def __init__(self, compilation: Callable[[], Compilation]) -> None:
        self._compilation = compilation
        self._left = _WORTH_IT

    @cached_property
    def _hearing(self) -> Hearing:
        return Hearing(self._compilation, by_entry=True)

    def find(self, data: bytes, places: Sequence[tuple[int, int]]) -> dict[int, Doubts]:
        """Return what is in doubt of the Bundles among some lines of a block, by the position of
        the line in ``places``; lines that are not there have to be explained whole.

        places   where each line starts and ends
        """
        bundles = [
            number
            for number, (start, end) in enumerate(places)
            if data.find(_BUNDLE, start, end) >= 0
            and data.find(_ENTRY, start, end) >= 0
            and data.find(_AT_ONCE, start, end) < 0
        ]
        if self._left > 0:
            self._left -= sum(places[number][1] - places[number][0] for number in bundles)
            return {}
        if not bundles:
            return {}
        starts, ends = (
            array("I", (places[number][side] for number in bundles)).tobytes() for side in (0, 1)
        )
        judged = self._hearing.judge(data, (starts, ends))
        return {bundles[position]: _doubts(parts) for position, parts in judged.parted()}


def _doubts(parts: Sequence[tuple[int, int]]) -> Doubts:
    doubts: dict[int, list[int] | None] = {}
    for entry, member in parts:
        if member == _WHOLE:
            doubts[entry] = WHOLE
        else:
            members = doubts.setdefault(entry, [])
            assert members is not None, "an entry is in doubt as a whole, or by member"
            members.append(member)
    return doubts
