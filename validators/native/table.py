"""Table: names, nodes, overlays and questions by number, and the records made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .questions import NeedsContextError, Question
from .records import Names, u8, u32
from .tags import LAYOUT, RecordTag

__all__ = ["Table"]

_NOTHING: Final[tuple[int, list[int]]] = (0, [])


class Table:
    """The numbers of whatever records refer to, and the records collected so far. One per acceptor.

    names      property names, numbered
    types      resource types by number
    undecided  value sets and code systems by number, of codes that could not be checked offline
    overlays   what an overlay is made of, by number: the url of a profile, or a function that
               makes its record; ``Overlays`` makes them when the acceptor first asks
    """

    def __init__(self) -> None:
        self.names = Names()
        self.types: list[str] = []
        self.undecided: list[str] = []
        self.overlays: list[str | Callable[[], bytes]] = []
        self._undecided_numbers: dict[str, int] = {}
        self._profiles: dict[str, int] = {}
        self._nodes: dict[str, int] = {}
        self._node_names: list[str] = []
        self._questions: list[Question] = []
        self._records = bytearray()
        self._head = u8(RecordTag.LAYOUT) + u32(LAYOUT)

    def keep(self, *parts: bytes) -> None:
        """Add the parts of a record."""
        for part in parts:
            self._records += part

    def take_records(self) -> bytes:
        """Return the bytes that were added since the last call, names first; the first ones behind
        the head of the table.
        """
        records = self._head + self.names.take_records() + bytes(self._records)
        self._head = b""
        self._records.clear()
        return records

    def question(self, question: Question) -> int:
        """Return the number of a new question."""
        self._questions.append(question)
        return len(self._questions) - 1

    def answer(self, check: int, text: bytes) -> tuple[int, list[int]]:
        """Answer a question of the acceptor about the bytes of a value.

        Returns the answer, and the numbers of the value sets that could not decide. 0 is for what
        the explainer has to judge.
        """
        try:
            value, undecided = self._questions[check](text)
        except NeedsContextError:
            return _NOTHING
        except Exception:  # noqa: BLE001
            # A bug in a rule: it shows again where the explainer runs the rule, at the wall around
            # one resource.
            return _NOTHING
        return value, [self._undecided_number(name) for name in sorted(undecided.elements())]

    def node(self, name: str) -> int:
        """Return the number of a type's node."""
        number = self._nodes.get(name)
        if number is None:
            number = self._nodes[name] = len(self._node_names)
            self._node_names.append(name)
        return number

    def node_name(self, number: int) -> str:
        """Return the name of the type that a node is of."""
        return self._node_names[number]

    def overlay(self, make: Callable[[], bytes]) -> int:
        """Return the number of a new overlay, whose record the function makes."""
        self.overlays.append(make)
        return len(self.overlays) - 1

    def profile(self, url: str) -> int:
        """Return the number of the overlay of a known profile."""
        if url not in self._profiles:
            self._profiles[url] = len(self.overlays)
            self.overlays.append(url)
        return self._profiles[url]

    def _undecided_number(self, name: str) -> int:
        number = self._undecided_numbers.get(name)
        if number is None:
            number = self._undecided_numbers[name] = len(self.undecided)
            self.undecided.append(name)
        return number
