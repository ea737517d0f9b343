"""Certain entries: of a Bundle that is not accepted, those that are valid all the same, so that
what fails it is looked for in the others.

Bundles are walked once more, by the table that knows nothing but what fails a line. Where that
finds nothing, as in a valid Bundle with one odd entry, nothing has to be said of the others.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

from ..checks.doubts import WHOLE, Doubts
from ..issue import Verdict
from ..undecided import LineUndecided
from .doubt_finder import needs_all
from .hearing import Hearing

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

    def find(
        self, data: bytes, places: Sequence[tuple[int, int]]
    ) -> dict[int, tuple[Doubts, LineUndecided]]:
        """Return, of the Bundles among some lines of a block, the entries that are not certain and
        what was left undecided of the others, by the position of the line in ``places``; lines that
        are not there have to be looked at otherwise.

        places   where each line starts and ends
        """
        if not self._is_valid_expected:
            return {}
        bundles = [
            number
            for number, (start, end) in enumerate(places)
            if data.find(_BUNDLE, start, min(end, start + _HEAD)) >= 0
            and not needs_all(data, start, end)
        ]
        if not bundles:
            return {}
        starts, ends = (
            array("I", (places[number][side] for number in bundles)).tobytes() for side in (0, 1)
        )
        judged = self._hearing.judge(data, (starts, ends), by_entry=True)
        return {
            bundles[position]: (dict.fromkeys((entry for entry, _ in parts), WHOLE), self._of(left))
            for position, parts, left in judged.parted()
        }

    def _of(self, questions: Sequence[tuple[int, bytes]]) -> LineUndecided:
        undecided = LineUndecided()
        for check, text in questions:
            undecided.update(self._hearing.table.left_undecided(check, text))
        return undecided
