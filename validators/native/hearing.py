"""The hearing of blocks: one compilation's table, the native acceptor that reads lines by it, and
the answers to what the acceptor asks.

Without the native module (a plain install without a Rust toolchain), and with one that was built of
other sources and reads other tables, ``NATIVE`` is False.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from ..verdicts.undecided import UndecidedCode
from .answers import Answer
from .layout import LAYOUT
from .table import LowerAgain, Table
from .type_table import TypeTable

if TYPE_CHECKING:
    from ..checks.compilation import Compilation
    from ..terminology import Terminology
    from .plain_questions import PlainQuestion

try:
    from bulkfhir import _native
    from bulkfhir._native import Acceptor, Judgement
except ImportError:
    NATIVE, REASONS = False, tuple[str, ...]()
else:
    REASONS = getattr(_native, "REASONS", ())
    NATIVE = getattr(_native, "LAYOUT", None) == LAYOUT
    if not NATIVE:
        logging.getLogger("bulkfhir.validators").warning(
            "The native module was built of other sources than this version of bulkfhir, so that "
            "every line goes to the slower explainer: reinstall bulkfhir to build it anew"
        )
"""Whether the native acceptor is installed, and reads the tables that are written here; and why it
does not accept lines, by number.
"""

__all__ = ["NATIVE", "REASONS", "Hearing", "SitedLines"]

_PASSES: Final = 48
"""Passes over a block at the most: each may meet types or values that the one before did not get
to.
"""


class SitedLines(NamedTuple):
    """Lines of which is told by site what is in doubt: parallel columns.

    positions   of the lines in the judgement that they were taken from, in order
    types       numbers of their types
    ids         None where they have none
    lists       numbers of their lists of sites
    said        what their references say that are sites (LEANING), in the order of these
    """

    positions: Sequence[int]
    types: Sequence[int]
    ids: Sequence[str | None]
    lists: Sequence[int]
    said: Sequence[Sequence[bytes]]


class Hearing:
    """The acceptor of one compilation. Not thread-safe; only where ``NATIVE`` is true.

    compilation  gives the compilation; with a table that shipped it is asked for when the first
                 question comes that is not plain
    shipped      the types of that compilation; None to lower them when data has them
    terminology  gives that of the compilation, for the plain questions of what shipped
    closer       whether to tell what of a line is in doubt, and to accept none
    aside        what stands in lines that are not looked at; None where all are
    table        what the acceptor knows; the numbers in its judgements are of this table
    """

    def __init__(
        self,
        compilation: Callable[[], Compilation],
        shipped: TypeTable | None = None,
        terminology: Callable[[], Terminology] | None = None,
        *,
        closer: bool = False,
        aside: bytes | None = None,
    ) -> None:
        self._compilation = compilation
        self._terminology = terminology
        self.table = Table(shipped, self._lowered, None if terminology is None else self._plain)
        if shipped is None:
            self._lowered(self.table)
        self._acceptor = Acceptor(closer=closer, aside=aside)

    def _lowered(self, table: Table) -> LowerAgain:
        from .type_records import Lowering  # with all that rules are made of

        return Lowering(self._compilation(), table).again

    def _plain(self, kind: str, bindings: Sequence[tuple[str, str, str | None]]) -> PlainQuestion:
        from .plain_questions import described  # with all of terminology

        assert self._terminology is not None, "without it no question is made so"
        return described(kind, bindings, self._terminology())

    def judge(
        self,
        data: bytes,
        rows: tuple[bytes, bytes] | None = None,
        *,
        codes: bool = False,
    ) -> Judgement:
        """Return what the acceptor says of each line of a block, its questions answered.

        rows       where rows start and where they end in data, as native 32-bit words, where
                   these are no lines
        codes      whether to keep the values that hold undecided codes: see ``undecided_codes``

        Raises ValueError for a block of 4 GiB and more.
        """
        judgement = (
            self._acceptor.begin(data) if rows is None else self._acceptor.begin_rows(data, *rows)
        )
        if codes:
            judgement.keep_undecided_values()
        return self._judged(data, judgement)

    def judge_again(
        self, data: bytes, others: Judgement, positions: bytes, *, by_entry: bool = False
    ) -> Judgement:
        """Return what the acceptor says of some lines of another judgement of the same block.

        positions   of the lines in that judgement, as native 32-bit words
        by_entry    whether to tell which entries of Bundles are not certain, and accept none
        """
        judgement = self._acceptor.begin_again(others, positions)
        if by_entry:
            judgement.by_entry()
        return self._judged(data, judgement)

    def _judged(self, data: bytes, judgement: Judgement) -> Judgement:
        # An answer can lead to records that raise questions of their own. What is still open after
        # the last pass goes to the explainer (docs/fast-path.md, ``question``).
        for _ in range(_PASSES):
            self._acceptor.extend(self.table.take_records())
            questions = self._acceptor.judge(data, judgement)
            if not questions:
                break
            for check, text in questions:
                value, undecided = self.table.answer(check, text)
                self._acceptor.answer(check, text, value, undecided)
        return judgement

    def undecided_codes(self, judgement: Judgement) -> Iterator[tuple[int, UndecidedCode]]:
        """Yield (position of an accepted line, a code of it that could not be decided), each time
        that the code stands in the line.
        """
        questions, positions, numbers = judgement.undecided_values()
        codes = [self.table.undecided_codes(check, text) for check, text in questions]
        words = (memoryview(column).cast("I") for column in (positions, numbers))
        for position, number in zip(*words, strict=True):
            for code in codes[number]:
                yield position, code

    def sited(
        self, data: bytes, judgement: Judgement
    ) -> tuple[tuple[int, list[bytes]], tuple[int, list[bytes]], SitedLines]:
        """Return what of the lines of a judgement is in doubt, where that is told by site: the
        number of the first new site, 0 where all others are forgotten, and the new sites; the same
        of lists of sites, each the numbers of its sites as native 32-bit words; and the lines.
        """
        sites, lists, columns = self._acceptor.sited(data, judgement)
        positions, types, ids, numbers, said = columns
        lines = SitedLines(
            memoryview(positions).cast("I"),
            memoryview(types).cast("H"),
            ids,
            memoryview(numbers).cast("I"),
            said,
        )
        return sites, lists, lines

    def keep(self, check: int, text: bytes, answer: Answer) -> None:
        """Let the acceptor know an answer that it did not ask for."""
        self._acceptor.answer(check, text, *self.table.numbered(answer))
