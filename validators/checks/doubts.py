"""Doubts: which parts of a Bundle are in doubt, where nothing is to be said of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["WHOLE", "Doubts"]

WHOLE: None = None
"""Instead of members: the entry as a whole."""

Doubts = Mapping[int, Sequence[int] | None]
"""Position of an entry of a Bundle -> the members of its resource of which there may be something
to say, though nothing fails: which ones, counted from 0 in document order; or ``WHOLE``. Of an
entry that is not there, nothing is to be said. The members of the Bundle itself, and the rules on
it, are in doubt always.
"""
