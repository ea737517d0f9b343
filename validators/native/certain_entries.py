"""Certain entries: of a Bundle that is not accepted, those that are valid all the same, so that
what fails it is looked for in the others.

Bundles are walked once more, by the table that knows nothing but what fails a line. Where that
finds nothing, as in a valid Bundle with one odd entry, nothing has to be said of the others.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ..checks.doubts import WHOLE, Doubts
from ..verdicts.issue import Verdict
from ..verdicts.undecided import LineUndecided
from .doubt_finder import needs_all
from .hearing import Hearing

if TYPE_CHECKING:
    from .handed_on import HandedOn

__all__ = ["CertainEntries"]

_BUNDLE: Final = b'"Bundle"'
_HEAD: Final = 64
"""The type, and the bytes of a line that it is looked for in: a Bundle that names it later is
judged as any other line is.
"""


class CertainEntries:
    """Finds the entries that are not certain; one per validator, not thread-safe."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._is_valid_expected = True

    def saw(self, verdict: Verdict) -> None:
        """Take note of what came of a line that was explained. Where a Bundle fails, the next one
        is expected to fail too: all of it is asked at once, since a look at what fails it would be
        lost.
        """
        if verdict.resource_type == "Bundle":
            self._is_valid_expected = not verdict.issues

    def find(self, lines: HandedOn) -> dict[int, tuple[Doubts, LineUndecided]]:
        """Return, of the Bundles among some lines, the entries that are not certain and what was
        left undecided of the others, by position; lines that are not there have to be looked at
        otherwise.
        """
        if not self._is_valid_expected:
            return {}
        bundles = [
            position
            for position in lines.beginning_with(_BUNDLE, _HEAD)
            if not needs_all(lines.line(position))
        ]
        if not bundles:
            return {}
        words = array("I", bundles).tobytes()
        judged = self._hearing.judge_again(lines.data, lines.judgement, words, by_entry=True)
        return {
            position: (dict.fromkeys((entry for entry, _ in parts), WHOLE), self._of(left))
            for position, parts, left in judged.parted()
        }

    def _of(self, questions: Sequence[tuple[int, bytes]]) -> LineUndecided:
        undecided = LineUndecided()
        for check, text in questions:
            undecided.update(self._hearing.table.left_undecided(check, text))
        return undecided
