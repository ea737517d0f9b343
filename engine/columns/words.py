"""Words: numbers as the columns that ``engine.columns`` takes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

__all__ = ["words"]


def words(numbers: Sequence[int]) -> bytes:
    """Return a column of native 32-bit words; a memoryview holds such words already."""
    return numbers.tobytes() if isinstance(numbers, memoryview) else array("I", numbers).tobytes()
