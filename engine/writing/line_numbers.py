"""Line numbers: how much longer the lines of a shard become when they are numbered over the whole
file, told without a look at them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from ..sharding.shard import NumberedLines

__all__ = ["LineNumbers", "length_with_base"]


class LineNumbers:
    """The numbers of the lines that one shard has in each log, of which only sums are kept."""

    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = {}

    def add(self, log: str, first: int, numbers: Sequence[int]) -> None:
        """Add lines to a log: ``first`` and a number make theirs; numbers ascend."""
        if not len(numbers):
            return
        sums = self._sums.setdefault(log, [0, 0])
        sums[0] += len(numbers)
        sums[1] += _digits_in_all(first, numbers)

    def take(self) -> Iterator[tuple[str, NumberedLines]]:
        """Yield what was added of each log, and begin anew."""
        sums, self._sums = self._sums, {}
        for log, (lines, digits) in sums.items():
            yield log, NumberedLines(lines, digits)


def length_with_base(
    size: int, numbered: NumberedLines | None, base: int, lines: int
) -> int | None:
    """Return how many bytes a shard's lines have in a log once ``base`` is added to their numbers;
    None where only a look at them can tell.

    size      of them as they are
    numbered  None: nobody has counted them
    lines     of the whole shard, in this log or not
    """
    if not base or not size:
        return size
    if numbered is None:
        return None
    if numbered.lines == lines:
        return size - numbered.digits + _digits_in_all(base, range(1, lines + 1))
    digits = len(str(base + lines))
    if len(str(base + 1)) < digits:
        return None  # nobody knows how many of them have a digit more
    return size - numbered.digits + numbered.lines * digits


def _digits_in_all(first: int, numbers: Sequence[int]) -> int:
    least, most = len(str(first + numbers[0])), len(str(first + numbers[-1]))
    fewer = sum(bisect_left(numbers, 10**digits - first) for digits in range(least, most))
    return most * len(numbers) - fewer
