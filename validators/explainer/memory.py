"""What was found out from data and is kept, so that it is found out once: tables that share one
bound.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

__all__ = ["Memory"]


class Memory:
    """Tables that may hold so many entries in all.

    At the bound they all start anew: keys come from data, and must not fill a worker.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._count = 0
        self._tables: dict[Hashable, dict[Any, Any]] = {}

    def table(self, name: Hashable) -> dict[Any, Any]:
        """Return the table of a name, for reading. A table is emptied now and then,
        never replaced.
        """
        return self._tables.setdefault(name, {})

    def keep(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        """Put a value into one of the tables; all tables are emptied first where they are full."""
        # Keys come from data, so that a memory without a bound could be made to grow without end.
        if self._count >= self._bound:
            self._count = 0
            for each in self._tables.values():
                each.clear()
        self._count += key not in table
        table[key] = value
