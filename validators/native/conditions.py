"""Invariants for the acceptor: op trees of ``fhirpath.predicate`` as bytes; parts that have no op
tree are in doubt.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from .. import fhirpath
from ..checks.bounds import undecided
from ..checks.compilation import Compilation
from ..checks.surroundings import Scope
from ..fhirpath.constraint import invariant
from ..fhirpath.lowered.condition import Op
from ..fhirpath.lowered.mentions import mentions
from ..fhirpath.lowered.predicate import lower
from ..fhirpath.syntax import Binary, Call, Member, Tree
from ..patterns import pattern
from ..rules.invariant import ELSEWHERE, NATIVE
from ..schema import Constraint, Property, TypeSchema
from ..schema.errata import corrected
from .questions import Answer, NeedsContextError, about_value, read_text
from .records import items, string, u8, u16, u32
from .table import Table

__all__ = ["Conditions"]

_DOUBT: Final[Op] = ("doubt",)
_SIGNS: Final = ("<", "<=", ">", ">=", "=", "!=")
_BEYOND: Final = re.compile(r"%(?:resource|rootResource|context)\b")
_OF_BUNDLES: Final = frozenset({"bdl-7", "bdl-11", "bdl-12"})
"""Invariants that the acceptor has natively: urls and versions of entries that are distinct, what
documents and messages begin with.
"""
_REFERENCE: Final = "http://hl7.org/fhir/StructureDefinition/Reference"


class Conditions:
    """The invariants of types and elements as records."""

    def __init__(self, compilation: Compilation, table: Table) -> None:
        self._compilation = compilation
        self._names = table.names
        self._question = table.question

    def of_type(self, schema: TypeSchema) -> tuple[list[bytes], bool]:
        """The conditions on every object of a type, and whether they are those of Reference, which
        the acceptor has natively.
        """
        plain_reference = False
        conditions: list[bytes] = []
        for constraint in schema.root.constraints:
            if (
                schema.name == "Reference"
                and constraint.key == "ref-1"
                and constraint.key in NATIVE
                and constraint.source in (None, _REFERENCE)
            ):
                plain_reference = True
            elif self._applies(constraint) and not (
                schema.name == "Bundle" and constraint.key in _OF_BUNDLES
            ):
                conditions.append(self._encoded(self._op(constraint, schema.name)))
        return conditions, plain_reference

    def of_element(self, prop: Property) -> list[bytes]:
        """The conditions that a definition puts on one element that is no primitive; those of its
        type are on the type.
        """
        schema = self._compilation.schema
        root = schema.type(prop.type).root if schema.kind(prop.type) is not None else None
        typed = (
            {c.key for c in root.constraints}
            if root is not None and root is not prop.element
            else set()
        )
        return [
            self._encoded(self._op(c, prop.type))
            for c in prop.element.constraints
            if c.key not in typed and self._applies(c)
        ]

    def asked_with(self, key: str, question: int) -> bytes:
        """The condition that a question about an object that has a member is answered with yes."""
        return u8(2) + items([self._not(("has", key)), u8(19) + u32(question)])

    def lacking(self, keys: Iterable[str]) -> bytes:
        """The condition that an object has none of some members."""
        return self._not(("has", *keys))

    def _applies(self, constraint: Constraint) -> bool:
        """Whether breaking it fails a resource, and no other rule checks it."""
        fails = constraint.severity == "error" and not constraint.best_practice
        return (
            fails
            and constraint.key not in ELSEWHERE
            and bool(corrected(constraint.key, constraint.expression))
        )

    def _op(self, constraint: Constraint, name: str) -> Op:
        text = corrected(constraint.key, constraint.expression)
        try:
            made = invariant(text, name, self._compilation.model)
        except fhirpath.NestingError:
            return _DOUBT
        if made.op is not None:
            return made.op
        return (
            "or",
            self._partly(made.tree, name),
            self._question_of(constraint, text, made.tree, name),
        )

    def _question_of(self, constraint: Constraint, text: str, tree: Tree, name: str) -> Op:
        """A question about the value, or of a resource about what the expression can see: to ask
        about a whole one is to explain the line.
        """
        if self._compilation.schema.kind(name) == "resource":
            seen = mentions(tree, name, self._compilation.model)
            return (
                _DOUBT
                if not seen
                else ("asked_of", constraint, name, {"resourceType": frozenset[str](), **seen})
            )
        return _DOUBT if _BEYOND.search(text) else ("asked", constraint, name)

    def _partly(self, tree: Tree, name: str) -> Op:
        """As much of an expression as can be lowered, the rest in doubt."""
        op = lower(
            tree, name, self._compilation.model, bare_resources=False
        )  # the acceptor asks about such resources
        if op is not None:
            return op
        match tree:
            case Binary("and" | "or" as operator, left, right):
                return (operator, self._partly(left, name), self._partly(right, name))
            case Binary("implies", left, right):
                return ("or", self._partly(Call(left, "not", ()), name), self._partly(right, name))
            case Call(source, "empty", ()) if source is not None and self._leads_nowhere(
                source, name
            ):
                return ("const", True)
            case _:
                return _DOUBT

    def _leads_nowhere(self, tree: Tree, name: str) -> bool:
        """Whether a path starts with a name that the type does not have."""
        while isinstance(tree, Member) and tree.source is not None:
            tree = tree.source
        return (
            isinstance(tree, Member)
            and tree.name[:1].islower()
            and not self._compilation.model.reachable(name, tree.name)
        )

    # Bytes

    def _encoded(self, op: Op) -> bytes:
        encode: Callable[..., bytes] | None = getattr(self, "_" + op[0], None)
        return encode(*op[1:]) if encode is not None else self._doubt()

    def _const(self, value: bool) -> bytes:
        return u8(0) + u8(value)

    def _and(self, *ops: Op) -> bytes:
        return u8(1) + items(map(self._encoded, ops))

    def _or(self, *ops: Op) -> bytes:
        return u8(2) + items(map(self._encoded, ops))

    def _not(self, op: Op) -> bytes:
        return u8(3) + self._encoded(op)

    def _has(self, *keys: str) -> bytes:
        return u8(4) + self._names.keys(keys)

    _value = _has  # an empty string is refused where it stands

    def _is(self, keys: Iterable[str], literals: Iterable[Any]) -> bytes:
        return u8(5) + self._names.keys(keys) + items(map(_literal, literals))

    def _each(self, key: str, literals: Iterable[Any]) -> bytes:
        return u8(6) + u16(self._names.number(key)) + items(map(_literal, literals))

    def _number(self, keys: Iterable[str], sign: str, literal: float) -> bytes:
        return u8(7) + self._names.keys(keys) + u8(_SIGNS.index(sign)) + struct.pack("<d", literal)

    def _prefix(self, keys: Iterable[str], text: str) -> bytes:
        return u8(8) + self._names.keys(keys) + string(text)

    def _part(self, keys: Iterable[str], text: str) -> bytes:
        return u8(9) + self._names.keys(keys) + string(text)

    def _match(self, keys: Iterable[str], text: str) -> bytes:
        found = pattern(text, dot_all=True).found
        answers = {True: (1, Counter[str]()), False: (2, Counter[str]())}

        def question(inside: bytes) -> Answer:
            value = read_text(inside)
            answer = found(value) if value != "" else False
            if answer is None:
                raise NeedsContextError  # the explainer counts it
            return answers[answer]

        return u8(10) + self._names.keys(keys) + u32(self._question(question))

    def _dates(self, left: Iterable[str], sign: str, right: Iterable[str]) -> bytes:
        return u8(11) + self._names.keys(left) + u8(_SIGNS.index(sign)) + self._names.keys(right)

    def _count(self, groups: Iterable[Iterable[str]], sign: str, number: int) -> bytes:
        return u8(12) + items(map(self._names.keys, groups)) + u8(_SIGNS.index(sign)) + u32(number)

    def _one(self, keys: Iterable[str], op: Op) -> bytes:
        return u8(13) + self._names.keys(keys) + self._encoded(op)

    def _any(self, keys: Iterable[str], op: Op) -> bytes:
        return u8(14) + self._names.keys(keys) + self._encoded(op)

    def _distinct(self, steps: Iterable[tuple[str, Iterable[str], Op]], key: str) -> bytes:
        walked = items(self._names.keys(keys) + self._encoded(op) for _, keys, op in steps)
        return u8(15) + walked + u16(self._names.number(key)) + u16(self._names.number("_" + key))

    def _shares(self, key: str, path: Iterable[str]) -> bytes:
        return u8(16) + u16(self._names.number(key)) + self._names.keys(path)

    def _resource(self, op: Op) -> bytes:
        return u8(17) + self._encoded(op)

    def _asked(self, constraint: Constraint, name: str) -> bytes:
        holds = self._holds(constraint, name)
        return u8(19) + u32(
            self._question(
                about_value(
                    partial(_judged, holds, f"invariant {constraint.key}"),
                    self._compilation.hooks,
                )
            )
        )

    def _asked_of(
        self, constraint: Constraint, name: str, members: dict[str, frozenset[str]]
    ) -> bytes:
        holds = self._holds(constraint, name)

        def judge(value: Any, scope: Scope) -> int:
            scope.memo["fhirpath"].resource = value
            return _judged(holds, f"invariant {constraint.key}", value, scope)

        seen = self._names.projection((key, sorted(inside)) for key, inside in members.items())
        return u8(20) + u32(self._question(about_value(judge, self._compilation.hooks))) + seen

    def _holds(
        self, constraint: Constraint, name: str
    ) -> Callable[[Any, fhirpath.EvaluationScope], bool]:
        return invariant(
            corrected(constraint.key, constraint.expression), name, self._compilation.model
        ).holds

    def _doubt(self) -> bytes:
        return u8(18)


def _judged(
    holds: Callable[[Any, fhirpath.EvaluationScope], bool], what: str, value: Any, scope: Scope
) -> int:
    """1 where an invariant holds or cannot be decided within its bounds, else 2."""
    try:
        return 1 if holds(value, scope.memo["fhirpath"]) else 2
    except fhirpath.UndecidedError:
        undecided(what, scope)
        return 1


def _literal(value: Any) -> bytes:
    if isinstance(value, bool):
        return u8(0) + u8(value)
    if isinstance(value, str):
        return u8(2) + string(value)
    return u8(1) + struct.pack("<d", value)
