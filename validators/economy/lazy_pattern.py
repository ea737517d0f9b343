"""Regular expressions of our own modules, compiled when they are first asked.

A process that validates one file imports 150 of them and asks thirty. Afterwards their methods cost
what a compiled expression's do.

One that meets values of the data repeats no group but possessively (``(?:ab)*+``): of any other
repetition Python's engine keeps a mark, a hundred bytes for a few characters of a value that may
have 256 million.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr, Generic

__all__ = ["lazy_pattern"]

_METHODS = ("fullmatch", "match", "search", "sub", "split", "findall", "finditer", "pattern")


class _LazyPattern(Generic[AnyStr]):
    """Stands for ``re.compile(pattern, flags)``, by the attributes that the modules use."""

    def __init__(self, pattern: AnyStr, flags: int = 0) -> None:
        self._given: tuple[AnyStr, int] = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        """Compile the expression, and keep its methods where they are found next time."""
        if name not in _METHODS:
            raise AttributeError(name)
        compiled = re.compile(*self._given)
        self.__dict__.update((each, getattr(compiled, each)) for each in _METHODS)
        return self.__dict__[name]


if TYPE_CHECKING:

    def lazy_pattern(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
        """Return an expression that is compiled at its first use."""

else:
    lazy_pattern = _LazyPattern
