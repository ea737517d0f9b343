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
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from ..block import Block, BlockVerdicts, PlacedCodes
from ..checks.doubts import Doubts
from ..excerpt import MOST, excerpt
from ..issue import Verdict
from ..text_columns import DictionaryColumn, NewlineColumn
from ..undecided import LineUndecided
from .answers import Told
from .certain_entries import CertainEntries
from .doubt_finder import DoubtFinder, Found
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
    valid      judges a Bundle by the entries in doubt and what was left undecided of the others;
               returns None where something fails. None for level minimal
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
        valid: Callable[[bytes, Doubts, LineUndecided], Verdict | None] | None = None,
    ) -> None:
        self._hearing = Hearing(compilation, shipped, terminology)
        self._finder = None if everything is None else DoubtFinder(everything)
        self._slow = slow
        self._valid = valid
        self._certain = CertainEntries(self._hearing)
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
        for number, count in judgement.undecided():
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
        certain = self._certain.find(data, places) if self._valid is not None else {}
        found = self._found(data, places, certain)
        for number, (position, reason) in enumerate(fallbacks):
            reasons[reason] += 1
            if block.between is not None:
                block.between()
            if block.explaining is not None:
                block.explaining(reason)
            doubts = found.get(number)
            if number in certain:
                verdict = self._of_certain(data, places[number], certain[number])
            elif callable(doubts) and (told := doubts()) is not None:
                verdict = self._verdict(told)
            else:
                start, end = places[number]
                verdict = self._slow(data[start:end], None if callable(doubts) else doubts)
                self._certain.saw(verdict)
            names[position], keys[position] = verdict.resource_type, verdict.resource_id
            if block.codes:
                codes.add_all(verdict.codes, position)
            if verdict.issues:
                verdicts[position] = verdict
                if verdict.crashed:
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

    def _found(
        self, data: bytes, places: Sequence[tuple[int, int]], besides: Collection[int]
    ) -> dict[int, Found]:
        if self._finder is None:
            return {}
        if not besides:
            return self._finder.find(data, places)
        left = [number for number in range(len(places)) if number not in besides]
        found = self._finder.find(data, [places[number] for number in left])
        return {left[number]: doubts for number, doubts in found.items()}

    def _of_certain(
        self, data: bytes, place: tuple[int, int], certain: tuple[Doubts, LineUndecided]
    ) -> Verdict:
        """Return the verdict of a Bundle some of whose entries are certain."""
        assert self._valid is not None, "without it nothing is certain"
        line = data[place[0] : place[1]]
        verdict = self._valid(line, *certain)
        if verdict is None:
            doubts = self._found(data, [place], ()).get(0)
            verdict = self._slow(line, None if callable(doubts) else doubts)
            self._certain.saw(verdict)
        return verdict

    def _verdict(self, told: Told) -> Verdict:
        if told.undecided:
            self._undecided.update(told.undecided)
        verdict = Verdict(told.resource_type, told.resource_id, told.issues, codes=told.codes)
        return excerpt(verdict, self._max_issues)
