"""The finder of doubts: where a line is not accepted, the explainer need not walk through what
there is nothing to say of.

The lines are judged once more, by a table that also holds what fails no resource. To make that
table takes as long as to explain some hundred lines, so that it is made when there have been as
many.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from ..checks.doubts import WHOLE, Doubts
from .answers import Told
from .hearing import Hearing

if TYPE_CHECKING:
    from ..explainer.resource_walk import Explainer
    from .sites import SiteWalk

__all__ = ["DoubtFinder", "Found", "needs_all"]

Found = Doubts | Callable[[], Told | None]
"""What is in doubt of a Bundle; or what is to be said of another line, None where the line has to
be explained whole.
"""

_WHOLE: Final = 0xFFFFFFFF
"""Instead of a member: the whole entry."""
_AT_ONCE: Final = b'"QuestionnaireResponse"'
"""The type whose rules find out things at one member that they need at another."""
_WORTH_IT: Final = 300_000
"""Bytes of lines that are explained whole at first."""


def needs_all(data: bytes, start: int, end: int) -> bool:
    """Tell whether a line has to be explained whole, if at all."""
    return data.find(_AT_ONCE, start, end) >= 0


class DoubtFinder:
    """Finds what is in doubt of lines; one per validator, not thread-safe.

    explainer   gives the one that also says what fails no resource
    """

    def __init__(self, explainer: Callable[[], Explainer]) -> None:
        self._explainer = explainer
        self._left = _WORTH_IT

    @cached_property
    def _hearing(self) -> Hearing:
        return Hearing(self._explainer, closer=True)

    @cached_property
    def _sites(self) -> SiteWalk:
        from .sites import SiteWalk  # with the explainer

        return SiteWalk(self._explainer(), self._hearing)

    def find(self, data: bytes, places: Sequence[tuple[int, int]]) -> dict[int, Found]:
        """Return what is found of some lines of a block, by the position of the line in
        ``places``; lines that are not there have to be explained whole.

        places   where each line starts and ends
        """
        if self._left > 0:
            self._left -= sum(end - start for start, end in places)
            return {}
        lines = [
            number for number, (start, end) in enumerate(places) if not needs_all(data, start, end)
        ]
        if not lines:
            return {}
        starts, ends = (
            array("I", (places[number][side] for number in lines)).tobytes() for side in (0, 1)
        )
        judged = self._hearing.judge(data, (starts, ends))
        found: dict[int, Found] = {
            lines[position]: _doubts(parts) for position, parts, _ in judged.parted()
        }
        first, sites, sited = self._hearing.sited(judged)
        if sited:
            self._sites.learn(first, sites)
        for position, kind, (start, end), numbers in sited:
            identity = data[start:end].decode() if end else None
            line = partial(_slice, data, *places[lines[position]])
            found[lines[position]] = partial(self._sites.told, kind, identity, numbers, line)
        return found


def _slice(data: bytes, start: int, end: int) -> bytes:
    return data[start:end]


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
