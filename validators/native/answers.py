"""Answers to the acceptor's questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..verdicts.undecided import LineUndecided

if TYPE_CHECKING:
    from ..checks.check import Issues

__all__ = ["NO", "REMARK", "YES", "Answer"]


class Answer(NamedTuple):
    """The answer to a question about a value.

    value      0 for no, else what the check means by it
    undecided  what could not be decided
    found      what there is to say of the value, where that is all; None where there is nothing,
               where it takes more than the value to tell, and where what fails no resource does not
               count
    """

    value: int
    undecided: LineUndecided
    found: Issues = None


NO: Final = Answer(0, LineUndecided())
YES: Final = Answer(1, LineUndecided())
REMARK: Final = ""
"""Counted in place of a value set: there is something to say of the value, which fails nothing."""
