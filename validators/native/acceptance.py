"""The fast path: blocks of lines through the native acceptor, what it does not accept through the
explainer.

    block -> acceptor: accepted | asked (a reason) | pending (questions)
          -> questions answered by the explainer's own checks, pending lines walked again
          -> asked lines to the explainer, one by one: of Bundles the entries in doubt, of others
             the values in doubt, or all of the line
          -> BlockVerdicts

Without a native module that fits (``hearing.NATIVE``), everything goes to the explainer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..block import Block, BlockVerdicts, PlacedCodes
from ..checks.doubts import Doubts
from ..excerpt import MOST, excerpt
from ..issue import Verdict
from ..text_columns import DictionaryColumn, NewlineColumn
from .answers import Told
from .doubt_finder import DoubtFinder
from .hearing import NATIVE, Hearing
from .type_table import TypeTable

if TYPE_CHECKING:
    from ..checks.compilation import Compilation
    from ..explainer.resource_walk import Explainer
    from ..terminology import Terminology

__all__ = ["NATIVE", "Acceptance"]


class Acceptance:
    """The native judge of blocks, with the explainer for what it cannot accept. One per validator;
    not thread-safe. Only where ``NATIVE`` is true.

    compilation gives what judges values that the acceptor asks about
    slow       judges a line that was not accepted, as a whole or where it is in doubt; raises
               nothing
    everything gives an explainer that also says what fails no resource, for what is in doubt of a
               line; None to have every line explained as a whole
    shipped    the types of that compilation; None where they are lowered when data has them
    terminology gives that of the compilation, for questions that take nothing else
    undecided  gets the codes of accepted lines that could not be checked: value set or code system
               -> how many
    max_issues issues of a line in its verdict at the most, 0 for all
    """

    def __init__(
        self,
        compilation: Callable[[], Compilation],
        slow: Callable[[bytes, Doubts | None], Verdict],
        undecided: Counter[str],
        everything: Callable[[], Explainer] | None = None,
        shipped: TypeTable | None = None,
        terminology: Callable[[], Terminology] | None = None,
        max_issues: int = MOST,
    ) -> None:
        self._hearing = Hearing(compilation, shipped, terminology)
        self._finder = None if everything is None else DoubtFinder(everything)
        self._slow = slow
        self._max_issues = max_issues
        self._undecided = undecided

    def validate_block(self, block: Block) -> BlockVerdicts:
        """Judge a block of lines natively, ask the explainer about the lines that are not proven
        valid, and return the verdicts with the reasons why lines were asked about.
        """
        data, table = block.data, self._hearing.table
        judgement = self._hearing.judge(data, block.rows, codes=block.codes)
        codes = PlacedCodes()
        if block.codes:
            for position, code in self._hearing.undecided_codes(judgement):
                codes.add(code, position)
        for number, count in Counter(judgement.undecided()).items():
            self._undecided[table.undecided[number]] += count
        numbers, starts, ends = (
            memoryview(column).cast("I")
            for column in (judgement.numbers(), judgement.starts(), judgement.ends())
        )
        types, ids = (
            DictionaryColumn(tuple(table.types), judgement.types()),
            judgement.ids(data),
        )
        # Columns as they came: no string is made for a block in which every line was accepted
        # (docs/decisions, 014).
        if judgement.whole:
            return BlockVerdicts(
                numbers,
                starts,
                ends,
                types,
                NewlineColumn(ids),
                {},
                frozenset(),
                codes=codes.places,
            )
        names: list[str | None] = list(types) if types.names else [None] * len(numbers)
        keys: list[str | None] = [key or None for key in NewlineColumn(ids)]
        verdicts: dict[int, Verdict] = {}
        failed, crashed = set[int](), set[int]()
        reasons: Counter[str] = Counter()
        fallbacks = judgement.fallbacks()
        places = [(starts[position], ends[position]) for position, _ in fallbacks]
        found = {} if self._finder is None else self._finder.find(data, places)
        for number, (position, reason) in enumerate(fallbacks):
            reasons[reason] += 1
            if block.between is not None:
                block.between()
            if block.explaining is not None:
                block.explaining(reason)
            doubts = found.get(number)
            told = doubts() if callable(doubts) else None
            if told is not None:
                verdict = self._verdict(told)
            else:
                line = data[starts[position] : ends[position]]
                verdict = self._slow(line, None if callable(doubts) else doubts)
            names[position], keys[position] = verdict.resource_type, verdict.resource_id
            if block.codes:
                codes.add_all(verdict.codes, position)
            if verdict.issues:
                verdicts[position] = verdict
                if told is not None:
                    failed.add(position)
                elif verdict.crashed:
                    crashed.add(position)
                elif verdict.failed:
                    failed.add(position)
        return BlockVerdicts(
            numbers,
            starts,
            ends,
            names,
            keys,
            verdicts,
            frozenset(failed),
            frozenset(crashed),
            fallbacks=reasons,
            codes=codes.places,
        )

    def _verdict(self, told: Told) -> Verdict:
        if told.undecided:
            self._undecided.update(told.undecided)
        verdict = Verdict(told.resource_type, told.resource_id, told.issues, codes=told.codes)
        return excerpt(verdict, self._max_issues)
