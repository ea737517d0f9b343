"""Patterns: regular expressions that come with data or packages, read as java.util.regex reads
them, and matched within bounds.

    text -> dialect -> tree -> linear        re2: any text in a time that grows with it
                            -> backtracking  the rest, and all of it where re2 is not installed:
                                             counts its steps and gives up
"""

from .errors import PatternError
from .linear import LINEAR
from .pattern import Pattern, pattern

__all__ = ["LINEAR", "Pattern", "PatternError", "pattern"]
