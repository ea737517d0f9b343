"""The answer of a value set about one code."""

from __future__ import annotations

from enum import Enum
from typing import Literal

__all__ = ["FAULTS", "Membership", "TerminologyRules"]

TerminologyRules = Literal["reference", "r4"]
"""By whose rules codes are read where the reference validator and R4's text differ, and valid data
would be refused (docs/differences.md).
"""


class Membership(Enum):
    """An answer to the question whether a code is in a value set."""

    IN = "in"
    OUT = "out"
    INVALID_CODE = "invalid-code"
    """Not in it, and the value set's own rules call the code itself wrong, at any strength of
    binding.
    """
    OPEN = "open"
    """Undecided: it takes terminology that is not at hand."""
    UNEXPANDABLE = "unexpandable"
    """Undecided: the value set cannot be expanded from what is at hand.

    The reference validator takes it for a fault at a required binding.
    """
    SKIPPED_BY_REFERENCE = "skipped-by-reference"
    """Undecided, and the reference validator then says nothing else of the element either."""


FAULTS = (Membership.OUT, Membership.INVALID_CODE)
"""Answers that say that the code is wrong."""
