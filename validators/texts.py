"""Texts: what takes several of them takes one alone too, and never its letters."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["texts"]


def texts(given: str | Iterable[str]) -> tuple[str, ...]:
    """Return some texts; one that is given alone is one.

    >>> texts("us-core#6.1.0"), texts(["a#1", "b#2"])
    (('us-core#6.1.0',), ('a#1', 'b#2'))
    """
    return (given,) if isinstance(given, str) else tuple(given)
