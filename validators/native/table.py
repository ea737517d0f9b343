"""Table: names, nodes, overlays and questions by number, and the records made of them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from ..economy.memory import Memory
from ..verdicts.undecided import LineUndecided, UndecidedCode, codes_in, names_in
from .answers import NO, REMARK, Answer
from .layout import LAYOUT, RecordTag
from .records import Names, u8, u32
from .type_table import TypeTable

if TYPE_CHECKING:
    from ..checks.check import Check
    from ..checks.coded_element import CodedElement
    from ..schema.profile_tree import Group
    from .plain_questions import PlainQuestion
    from .questions import Question

__all__ = ["LowerAgain", "PlainQuestions", "ProfileParts", "Table"]

LowerAgain = Callable[[str, str | None], None]
"""Draws the questions of a part of a node once more: the node's name, and that of the property
whose part it is, None for the node itself.
"""
PlainQuestions = Callable[[str, Sequence[tuple[str, str, str | None]]], "PlainQuestion"]
"""Makes a plain question of what describes it: a type and bindings (``CodedElement``)."""
_UNDECIDED: Final = 10_000
"""Values of which it is kept what was undecided."""
_ITSELF: Final = 0xFFFF
"""The part of a node that is about no single property."""
_NOT_PLAIN: Final = 0xFFFFFFFF
"""In place of the element that describes a question: nothing does."""


class ProfileParts(NamedTuple):
    """The sources of the parts of a profile's overlay, by their numbers.

    own      checks of the object that the profile is laid over
    groups   what it says of the members of one name, or of a choice
    """

    own: Sequence[Check]
    groups: Sequence[Group]


class Table:
    """The numbers of whatever records refer to, and the records collected so far. One per acceptor.

    A table that shipped has all records and no checks: a plain question is made of what describes
    it when it is first asked; of another, the part where it was drawn is lowered again.

    names      property names, numbered
    types      resource types by number
    undecided  value sets and code systems by number, of codes that could not be checked offline
    references the checks of references by the numbers of their questions, where these were drawn
               here
    targets    the target profiles of the same
    parts      what the profiles say part by part, by the numbers of the overlays that were made
    overlays   what an overlay is made of, by number: the url of a profile, or a function that
               makes its record; ``Overlays`` makes them when the acceptor first asks
    """

    def __init__(
        self,
        shipped: TypeTable | None = None,
        lowering: Callable[[Table], LowerAgain] | None = None,
        plain: PlainQuestions | None = None,
    ) -> None:
        """Begin with what shipped, or with nothing.

        lowering   makes what lowers parts of the shipped nodes again
        plain      makes the plain questions of the shipped nodes
        """
        self.names = Names(shipped.names if shipped else ())
        self.types: list[str] = list(shipped.types) if shipped else []
        self.undecided: list[str] = []
        self.overlays: list[str | Callable[[], bytes]] = list(shipped.overlays) if shipped else []
        self.references: dict[int, Check] = {}
        self.targets: dict[int, Sequence[str]] = {}
        self.parts: dict[int, ProfileParts] = {}
        self._undecided_numbers: dict[str, int] = {}
        self._undecided_kept = Memory(_UNDECIDED)
        self._undecided: dict[tuple[int, bytes], LineUndecided] = self._undecided_kept.table()
        self._node_names: list[str] = list(shipped.nodes) if shipped else []
        self._nodes = {name: number for number, name in enumerate(self._node_names)}
        self._profiles = {
            url: number for number, url in enumerate(self.overlays) if isinstance(url, str)
        }
        self._lowered = shipped.lowered[:] if shipped else array("I")
        self._firsts = shipped.firsts[:] if shipped else array("I")
        self._parts = shipped.parts[:] if shipped else array("H")
        self._plain = shipped.plain[:] if shipped else array("I")
        self._elements = [*shipped.elements] if shipped else []
        self._element_numbers: dict[CodedElement, int] = {}
        self._make_plain = plain
        self._plain_made: dict[int, PlainQuestion] = {}
        self._part = _ITSELF
        self._questions: list[Question | None] = [None] * len(self._parts)
        self._lowering = lowering
        self._lower_again: LowerAgain | None = None
        self._again: int | None = None
        self._done = set(self._lowered)
        self._records = bytearray()
        self._head = shipped.records if shipped else u8(RecordTag.LAYOUT) + u32(LAYOUT)

    def to_ship(self, absent: Iterable[tuple[str, str]]) -> TypeTable:
        """Return all that the table holds. Nothing was taken from it before, and no overlay made.

        absent   kind and canonical url of the definitions that were asked for in vain
        """
        overlays = [url for url in self.overlays if isinstance(url, str)]
        assert len(overlays) == len(self.overlays), "the types of R4 have profiles by url alone"
        return TypeTable(
            self.names.known(),
            self.types,
            self._node_names,
            overlays,
            [list(each) for each in sorted(absent)],
            [[kind, [[*bound] for bound in bindings]] for kind, bindings in self._elements],
            self._lowered,
            self._firsts,
            self._parts,
            self._plain,
            self.take_records(),
        )

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

    # Questions

    @property
    def holds_questions(self) -> bool:
        """Return whether questions were drawn, here or where the table was made."""
        return bool(self._questions)

    def question(self, question: Question, plain: CodedElement | None = None) -> int:
        """Return the number of a new question, or the one that it had where it is drawn again.

        plain   what describes it; None where nothing does
        """
        if self._again is not None:
            number, self._again = self._again, self._again + 1
            self._questions[number] = question
            return number
        self._questions.append(question)
        self._parts.append(self._part)
        self._plain.append(_NOT_PLAIN if plain is None else self._element_number(plain))
        return len(self._questions) - 1

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Note that what is lowered meanwhile is the part of a property."""
        self._part = self.names.number(name)
        yield
        self._part = _ITSELF

    @contextmanager
    def numbers_from(self, first: int) -> Iterator[None]:
        """Give the questions that are drawn meanwhile the numbers that they had before."""
        self._again = first
        try:
            yield
        finally:
            self._again = None

    def answer(self, check: int, text: bytes) -> tuple[int, list[int]]:
        """Answer a question of the acceptor about the bytes of a value.

        Returns the answer, and the numbers of the value sets that could not decide. 0 is for what
        the explainer has to judge.
        """
        return self.numbered(self.said(check, text))

    def said(self, check: int, text: bytes) -> Answer:
        """Return the whole answer to a question, with what there is to say of the value."""
        try:
            return self._answer(check, text)
        except Exception:  # noqa: BLE001
            # NeedsContextError, or a bug in a rule: it shows again where the explainer runs the
            # rule, at the wall around one resource.
            return NO

    def numbered(self, answer: Answer) -> tuple[int, list[int]]:
        """Return an answer as the acceptor keeps it. A no that says why is one with a remark, so
        that the acceptor knows it from one that takes more than the value.
        """
        if answer.value == 0:
            return 0, [self._undecided_number(REMARK)] if answer.found else []
        if not answer.undecided:  # nearly all
            return answer.value, []
        names = sorted(names_in(answer.undecided).elements())
        return answer.value, [self._undecided_number(name) for name in names]

    def undecided_codes(self, check: int, text: bytes) -> tuple[UndecidedCode, ...]:
        """Return the codes that the answer to a question left undecided, with repetitions."""
        return tuple(codes_in(self.left_undecided(check, text)).elements())

    def left_undecided(self, check: int, text: bytes) -> LineUndecided:
        """Return what the answer to a question left undecided."""
        known = self._undecided.get((check, text))
        if known is None:
            undecided = self._answer(check, text).undecided
            known = self._undecided_kept.keep(self._undecided, (check, text), undecided)
        return known

    def _answer(self, check: int, text: bytes) -> Answer:
        question = self._questions[check]
        if question is None:
            number = self._plain[check]
            if number != _NOT_PLAIN and self._make_plain is not None:
                plain = self._plain_made.get(check)
                if plain is None:
                    plain = self._plain_made[check] = self._make_plain(*self._elements[number])
                if (answer := plain(text)) is not None:
                    return answer
            question = self._drawn_again(check)
        return question(text)

    def _drawn_again(self, check: int) -> Question:
        """Return a question that shipped."""
        if self._lower_again is None:
            assert self._lowering is not None, "a table that shipped can be lowered again"
            self._lower_again = self._lowering(self)  # draws those that are about no node
        if self._questions[check] is None:
            at = bisect_right(self._firsts, check) - 1
            part, first = self._parts[check], check
            while first > self._firsts[at] and self._parts[first - 1] == part:
                first -= 1
            with self.numbers_from(first):
                self._lower_again(
                    self._node_names[self._lowered[at]],
                    None if part == _ITSELF else self.names.known()[part],
                )
        question = self._questions[check]
        assert question is not None, "a part has the questions that it had"
        return question

    # Numbers

    def lower(self, name: str) -> bool:
        """Return whether a node is to be lowered, and note that it is; False where it has been."""
        number = self.node(name)
        if number in self._done:
            return False
        self._done.add(number)
        self._lowered.append(number)
        self._firsts.append(len(self._questions))
        return True

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

    def nodes(self) -> Iterator[str]:
        """Yield the names of all nodes, of those too that are numbered meanwhile."""
        return iter(self._node_names)

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

    def url_of(self, number: int) -> str:
        """Return the url of the profile that an overlay is all of."""
        url = self.overlays[number]
        assert isinstance(url, str), "the acceptor tells of whole profiles"
        return url

    def _element_number(self, element: CodedElement) -> int:
        number = self._element_numbers.get(element)
        if number is None:
            number = self._element_numbers[element] = len(self._elements)
            self._elements.append(element)
        return number

    def _undecided_number(self, name: str) -> int:
        number = self._undecided_numbers.get(name)
        if number is None:
            number = self._undecided_numbers[name] = len(self.undecided)
            self.undecided.append(name)
        return number
