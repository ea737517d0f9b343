"""LineMemory: what paths and invariants found in the objects of one line, for those that look
there once more: a document's rules ask thirty times for its entries of a type.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

__all__ = ["LineMemory"]

_MOST, _MOST_ITEMS = 8192, 1024
"""Results that are kept, and items of each: what is in a line must not fill a worker."""


class LineMemory:
    """The results of expressions that look at nothing but their focus, an object of the line.

    found   (expression, identity of the object, …) -> (the object, result, steps that it took). It
            holds the object, so that no other one gets its identity
    """

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: dict[Hashable, tuple[Any, Any, int]] = {}

    def keep(self, key: Hashable, value: Any, result: Any, steps: int) -> None:
        """Keep a result, unless it is long; what was kept is forgotten where there is much of
        it.
        """
        if result.__class__ is list and len(result) > _MOST_ITEMS:
            return
        if len(self.found) >= _MOST:
            self.found.clear()
        self.found[key] = value, result, steps
