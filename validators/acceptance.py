"""The fast path: blocks of lines through the native acceptor, what it does not accept through the explainer.

    block -> acceptor: accepted | asked (a reason) | pending (questions)
          -> questions answered by the explainer's own checks, pending lines walked again
          -> asked lines to the explainer, one by one -> BlockVerdicts

Without the native module (a plain install without a Rust toolchain) ``NATIVE`` is False, and everything goes to the explainer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, overload

from .block import Block, BlockVerdicts
from .explainer import Explainer
from .issue import Issue, Verdict
from .lowering import Lowering

try:
    from ._acceptor import Acceptor, Judgement
except ImportError:
    NATIVE = False
else:
    NATIVE = True
"""Whether the native acceptor is installed."""

__all__ = ["NATIVE", "Acceptance"]

_PASSES: Final = 16
"""Passes over a block at the most: each may meet types or values that the one before did not get to."""


class Acceptance:
    """Judges blocks natively as far as that goes. One per validator; not thread-safe. Only where ``NATIVE`` is true.

    slow       judges the lines that are not accepted
    undecided  gets the codes of accepted lines that could not be checked: value set or code system -> how many
    """

    def __init__(self, explainer: Explainer, slow: Callable[[bytes], Verdict], undecided: Counter[str]) -> None:
        self._lowering = Lowering(explainer)
        self._acceptor = Acceptor()
        self._slow = slow
        self._undecided = undecided

    def validate_block(self, block: Block) -> BlockVerdicts:
        """The verdicts for a block of lines, and why lines were asked about."""
        data = block.data
        judgement = self._judge(data)
        for number in judgement.undecided():
            self._undecided[self._lowering.undecided[number]] += 1
        starts, ends = memoryview(judgement.starts()).cast("I"), memoryview(judgement.ends()).cast("I")
        names = self._lowering.types
        types = _Column(lambda: [names[number] if names else None for number in memoryview(judgement.type_numbers()).cast("I")])
        ids = _Column(lambda: judgement.ids(data))
        verdicts: dict[int, Verdict] = {}
        failed: set[int] = set()
        crashed: set[int] = set()
        reasons: Counter[str] = Counter()
        for position, reason in judgement.asked():
            reasons[reason] += 1
            verdict = self._explain(data[starts[position] : ends[position]], position, crashed)
            types.put(position, verdict.resource_type)
            ids.put(position, verdict.resource_id)
            if verdict.issues:
                verdicts[position] = verdict
                if position not in crashed and verdict.failed:
                    failed.add(position)
        numbers = memoryview(judgement.numbers()).cast("I")
        return BlockVerdicts(numbers, starts, ends, types, ids, verdicts, frozenset(failed), frozenset(crashed), asked=reasons)

    def _judge(self, data: bytes) -> Judgement:
        judgement = self._acceptor.begin(data)
        for _ in range(_PASSES):
            self._acceptor.extend(self._lowering.take_records())
            questions = self._acceptor.judge(data, judgement)
            if not questions:
                break
            for check, text in questions:
                value, undecided = self._lowering.answer(check, text)
                self._acceptor.answer(check, text, value, undecided)
        return judgement

    def _explain(self, line: bytes, position: int, crashed: set[int]) -> Verdict:
        try:
            return self._slow(line)
        except Exception as error:  # noqa: BLE001  # the wall around one resource: a bug in a validator costs its own line only
            crashed.add(position)
            return Verdict(None, None, [Issue("fatal", "exception", "validator-crash", "", f"the validator failed: {type(error).__name__}")])


class _Column(Sequence[str | None]):
    """A column of strings that are made when first looked at, with what was put over them."""

    def __init__(self, make: Callable[[], list[str | None]]) -> None:
        self._make = make
        self._over: dict[int, str | None] = {}
        self._made: list[str | None] | None = None

    def put(self, position: int, text: str | None) -> None:
        self._over[position] = text

    def _all(self) -> list[str | None]:
        if self._made is None:
            self._made = self._make()
            for position, text in self._over.items():
                self._made[position] = text
        return self._made

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[str | None]: ...
    def __getitem__(self, index: int | slice) -> str | list[str | None] | None:
        return self._all()[index]

    def __iter__(self) -> Iterator[str | None]:
        return iter(self._all())

    def __contains__(self, value: object) -> bool:
        return value in self._all()

    def __len__(self) -> int:
        return len(self._all())
