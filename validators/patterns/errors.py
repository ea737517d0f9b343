"""Errors in the text of a pattern."""

from __future__ import annotations

__all__ = ["PatternError", "UnknownSyntaxError"]


class PatternError(ValueError):
    """The text is no regular expression, for the reference either."""


class UnknownSyntaxError(ValueError):
    """The text may be a regular expression, but is not one that is read here: nothing can be
    decided by it.
    """
