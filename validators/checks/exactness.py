"""Exactness: a check that needs the digits of a number, and was given a float."""

from __future__ import annotations

__all__ = ["InexactNumberError"]


class InexactNumberError(Exception):
    """A number was read as a float, and how it is written decides.

    Reading every number exactly takes many times as long; few lines need it, so a check that does
    breaks off, and whoever read the line reads it again (``decode_exact``).
    """
