"""Answers to the acceptor's questions, and what there is to say of a line whose values in doubt
were looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from ..undecided import LineUndecided, UndecidedCode

if TYPE_CHECKING:
    from ..checks.check import Issues
    from ..issue import Issue

__all__ = ["NO", "REMARK", "YES", "Answer", "Told"]


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


class Told(NamedTuple):
    """What there is to say of a line: its type and id, its issues, none where nothing fails it, and
    how often something was undecided: by its key, and the codes. All of it may be that of other
    lines, too: it is not to be changed.
    """

    resource_type: str
    resource_id: str | None
    issues: Sequence[Issue]
    undecided: Mapping[str, int]
    codes: Mapping[UndecidedCode, int]
