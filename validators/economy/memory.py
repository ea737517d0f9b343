"""Memory: tables of what was found out from data, so that it is found out once; they share one
bound.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeVar

__all__ = ["Memory"]

_K = TypeVar("_K")
_V = TypeVar("_V")


class Memory:
    """Tables that may hold so many entries in all: keys come from data, and must not fill a worker.

    A table is a plain dict, looked up as such; entries are put into it here only.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._count = 0
        self._tables: dict[Hashable, dict[Any, Any]] = {}

    def table(self, name: Hashable = None) -> dict[Any, Any]:
        """Return the table of a name, or the one without a name, for reading. A table is emptied
        now and then, never replaced.
        """
        return self._tables.setdefault(name, {})

    def keep(self, table: dict[_K, _V], key: _K, value: _V) -> _V:
        """Put a value into one of the tables, and return it; all tables are emptied first where
        they are full.
        """
        if self._count >= self._bound:
            self.clear()
        self._count += key not in table
        table[key] = value
        return value

    def clear(self) -> None:
        """Empty all tables."""
        self._count = 0
        for each in self._tables.values():
            each.clear()

    def keep_early(self, table: dict[_K, _V], key: _K, value: _V) -> _V:
        """Put a value into one of the tables unless they are full, and return it: for values that
        cost so much that those which came first shall not be lost to whatever comes later.
        """
        return self.keep(table, key, value) if self._count < self._bound else value
