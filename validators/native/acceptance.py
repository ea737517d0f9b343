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
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..checks.doubts import Doubts
from ..verdicts.block import Block, BlockVerdicts, PlacedCodes
from ..verdicts.excerpt import MOST
from ..verdicts.issue import Verdict
from ..verdicts.text_columns import DictionaryColumn, NewlineColumn, PatchedColumn
from ..verdicts.undecided import LineUndecided
from .certain_entries import CertainEntries
from .doubt_finder import NOTHING, DoubtFinder, Found
from .handed_on import HandedOn
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
        self._finder = None if everything is None else DoubtFinder(everything, max_issues)
        self._slow = slow
        self._valid = valid
        self._certain = CertainEntries(self._hearing)
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
        # Columns as they came: a line that was accepted takes no string (docs/decisions, 014).
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
        lines = HandedOn(block, judgement, codes)
        self._judge(lines)
        told_types: Sequence[str | None] = PatchedColumn(types, lines.types)
        told_ids: Sequence[str | None] = PatchedColumn(NewlineColumn(ids), lines.ids)
        rejected = lines.failed | lines.crashed
        if not types.names or not judgement.named or lines.types.keys() != rejected:
            names, keys = lines.types, lines.ids
            told_types = list(told_types) if types.names else [names[at] for at in sorted(names)]
            told_ids = [keys.get(at, key or None) for at, key in enumerate(told_ids)]
        return BlockVerdicts(
            numbers,
            starts,
            ends,
            told_types,
            told_ids,
            lines.verdicts,
            frozenset(lines.failed),
            frozenset(lines.crashed),
            fallbacks=lines.reasons,
            codes=codes.places,
        )

    def _judge(self, lines: HandedOn) -> None:
        certain = self._certain.find(lines) if self._valid is not None else {}
        left: Sequence[int] = lines.positions
        others = [position for position in left if position not in certain] if certain else left
        found = self._found(lines, others)
        if found.sites is not None:
            told = {*found.lines.positions}
            told.difference_update(lines.add_told(found.lines, found.sites, self._undecided))
            left = [position for position in left if position not in told]
        for position in left:
            lines.come_to(position)
            if position in certain:
                verdict = self._of_certain(lines, position, certain[position])
            else:
                verdict = self._slow(lines.line(position), found.doubts.get(position))
                self._certain.saw(verdict)
            lines.add(position, verdict)
        if left:
            lines.verdicts = dict(sorted(lines.verdicts.items()))

    def _found(self, lines: HandedOn, positions: Sequence[int]) -> Found:
        return NOTHING if self._finder is None else self._finder.find(lines, positions)

    def _of_certain(
        self, lines: HandedOn, position: int, certain: tuple[Doubts, LineUndecided]
    ) -> Verdict:
        """Return the verdict of a Bundle some of whose entries are certain."""
        assert self._valid is not None, "without it nothing is certain"
        line = lines.line(position)
        verdict = self._valid(line, *certain)
        if verdict is None:
            verdict = self._slow(line, self._found(lines, [position]).doubts.get(position))
            self._certain.saw(verdict)
        return verdict
