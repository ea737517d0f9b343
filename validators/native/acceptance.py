"""The fast path: blocks of lines through the native acceptor, what it does not accept through the
explainer.

    block -> acceptor: accepted | asked (a reason) | pending (questions)
          -> questions answered by the explainer's own checks, pending lines walked again
          -> asked lines to the compilation, one by one -> BlockVerdicts

Without the native module (a plain install without a Rust toolchain), and with one that was built of
other sources and reads other tables, ``NATIVE`` is False, and everything goes to the explainer.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from ..block import Block, BlockVerdicts
from ..checks.compilation import Compilation
from ..issue import Verdict
from ..text_columns import DictionaryColumn, NewlineColumn
from .tags import LAYOUT
from .type_records import Lowering

try:
    from bulkfhir import _native
    from bulkfhir._native import Acceptor, Judgement
except ImportError:
    NATIVE = False
else:
    NATIVE = getattr(_native, "LAYOUT", None) == LAYOUT
    if not NATIVE:
        logging.getLogger("bulkfhir.validators").warning(
            "The native module was built of other sources than this version of bulkfhir, so that "
            "every line goes to the slower explainer: reinstall bulkfhir to build it anew"
        )
"""Whether the native acceptor is installed, and reads the tables that are written here."""

__all__ = ["NATIVE", "Acceptance"]

_PASSES: Final = 48
"""Passes over a block at the most: each may meet types or values that the one before did not get
to.
"""


class Acceptance:
    """The native judge of blocks, with the explainer for what it cannot accept. One per validator;
    not thread-safe. Only where ``NATIVE`` is true.

    slow       judges the lines that are not accepted; raises nothing
    undecided  gets the codes of accepted lines that could not be checked: value set or code system
               -> how many
    """

    def __init__(
        self, compilation: Compilation, slow: Callable[[bytes], Verdict], undecided: Counter[str]
    ) -> None:
        self._table = Lowering(compilation).table
        self._acceptor = Acceptor()
        self._slow = slow
        self._undecided = undecided

    def validate_block(self, block: Block) -> BlockVerdicts:
        """Judge a block of lines natively, ask the explainer about the lines that are not proven
        valid, and return the verdicts with the reasons why lines were asked about.
        """
        data = block.data
        judgement = self._judge(block)
        for number, count in Counter(judgement.undecided()).items():
            self._undecided[self._table.undecided[number]] += count
        numbers, starts, ends = (
            memoryview(column).cast("I")
            for column in (judgement.numbers(), judgement.starts(), judgement.ends())
        )
        types, ids = (
            DictionaryColumn(tuple(self._table.types), judgement.types()),
            judgement.ids(data),
        )
        # Columns as they came: no string is made for a block in which every line was accepted
        # (docs/decisions, 014).
        if judgement.whole:
            return BlockVerdicts(numbers, starts, ends, types, NewlineColumn(ids), {}, frozenset())
        names: list[str | None] = list(types) if types.names else [None] * len(numbers)
        keys: list[str | None] = [key or None for key in NewlineColumn(ids)]
        verdicts: dict[int, Verdict] = {}
        failed, crashed = set[int](), set[int]()
        reasons: Counter[str] = Counter()
        for position, reason in judgement.fallbacks():
            reasons[reason] += 1
            if block.between is not None:
                block.between()
            verdict = self._slow(data[starts[position] : ends[position]])
            names[position], keys[position] = verdict.resource_type, verdict.resource_id
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
        )

    def _judge(self, block: Block) -> Judgement:
        data = block.data
        judgement = (
            self._acceptor.begin(data)
            if block.rows is None
            else self._acceptor.begin_rows(data, *block.rows)
        )
        # An answer can lead to records that raise questions of their own. What is still open after
        # the last pass goes to the explainer (docs/fast-path.md, ``question``).
        for _ in range(_PASSES):
            self._acceptor.extend(self._table.take_records())
            questions = self._acceptor.judge(data, judgement)
            if not questions:
                break
            for check, text in questions:
                value, undecided = self._table.answer(check, text)
                self._acceptor.answer(check, text, value, undecided)
        return judgement
