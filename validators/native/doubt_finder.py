"""The finder of doubts: where a line is not accepted, the explainer need not walk through what
there is nothing to say of.

The lines are judged once more, by a table that also holds what fails no resource. To make that
table takes as long as to explain some hundred lines, so that it is made when there have been as
many.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from ..checks.doubts import WHOLE, Doubts
from .hearing import Hearing, SitedLines

if TYPE_CHECKING:
    from ..explainer.resource_walk import Explainer
    from .handed_on import HandedOn
    from .sites import SiteWalk

__all__ = ["NOTHING", "DoubtFinder", "Found", "needs_all"]

_WHOLE: Final = 0xFFFFFFFF
"""Instead of a member: the whole entry."""
_AT_ONCE: Final = b'"QuestionnaireResponse"'
"""The type whose rules find out things at one member that they need at another."""
_WORTH_IT: Final = 300_000
"""Bytes of lines that are explained whole at first."""


def needs_all(line: bytes) -> bool:
    """Tell whether a line has to be explained whole, if at all."""
    return _AT_ONCE in line


class Found(NamedTuple):
    """The doubts about the lines of a block.

    doubts   of Bundles, by position
    lines    those that are told by their sites
    sites    tells them; None where there are none
    """

    doubts: Mapping[int, Doubts]
    lines: SitedLines
    sites: SiteWalk | None


NOTHING: Final = Found({}, SitedLines((), (), (), (), ()), None)


class DoubtFinder:
    """Finds what is in doubt of lines; one per validator, not thread-safe.

    explainer   gives the one that also says what fails no resource
    max_issues  issues of a line that are shown at the most, 0 for all
    """

    def __init__(self, explainer: Callable[[], Explainer], max_issues: int) -> None:
        self._explainer = explainer
        self._max_issues = max_issues
        self._left = _WORTH_IT

    @cached_property
    def _hearing(self) -> Hearing:
        return Hearing(self._explainer, closer=True, aside=_AT_ONCE)

    @cached_property
    def _sites(self) -> SiteWalk:
        from .sites import SiteWalk  # with the explainer

        return SiteWalk(self._explainer(), self._hearing, self._max_issues)

    def find(self, lines: HandedOn, positions: Sequence[int]) -> Found:
        """Return what is found of some lines; those of which nothing is found have to be explained
        whole.

        positions   of the lines
        """
        if self._left > 0:
            self._left -= lines.size
            return NOTHING
        if not positions:
            return NOTHING
        words = array("I", positions).tobytes()
        judged = self._hearing.judge_again(lines.data, lines.judgement, words)
        doubts = {position: _doubts(parts) for position, parts, _ in judged.parted()}
        sites, lists, sited = self._hearing.sited(lines.data, judged)
        if not sited.positions:
            return Found(doubts, sited, None)
        self._sites.learn(sites, lists)
        return Found(doubts, sited, self._sites)


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
