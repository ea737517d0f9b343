"""Invariants for the acceptor: op trees as bytes; what has no op tree is in doubt."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, assert_never

from .. import fhirpath
from ..checks.bounds import undecided
from ..checks.compilation import Compilation
from ..checks.surroundings import Scope
from ..definitions import type_url
from ..economy.lazy_pattern import lazy_pattern
from ..fhirpath.constraint import invariant
from ..fhirpath.lowered.condition import (
    TRUE,
    And,
    Const,
    Contained,
    Count,
    Dates,
    Distinct,
    Each,
    Has,
    Is,
    Match,
    Not,
    NotBlank,
    NumberIs,
    One,
    OnResource,
    Op,
    Or,
    Part,
    Prefix,
    Shares,
    Some,
)
from ..fhirpath.lowered.mentions import mentions
from ..fhirpath.lowered.predicate import lower
from ..fhirpath.syntax import Binary, Call, Empty, Literal, Member, Tree, Variable
from ..patterns import pattern
from ..profiles.fixing import quoted
from ..profiles.narrowing import ProfileCompiler
from ..rules.invariant import NATIVE, is_checked
from ..schema import Constraint, Property, TypeSchema
from ..schema.errata import corrected
from ..verdicts.undecided import LineUndecided
from .answers import YES, Answer
from .literal_bytes import literal
from .programs import Programs
from .questions import NeedsContextError, Nowhere, about_value, read_text
from .records import items, string, u8, u16, u32
from .table import Table
from .tags import OpTag, SignTag
from .unseen import scopes

__all__ = ["Conditions"]

_DOUBT: Final = u8(OpTag.DOUBT)
_SIGNS: Final = {
    "<": SignTag.LESS,
    "<=": SignTag.LESS_OR_EQUAL,
    ">": SignTag.GREATER,
    ">=": SignTag.GREATER_OR_EQUAL,
    "=": SignTag.EQUAL,
    "!=": SignTag.UNEQUAL,
}
_OF_CODING: Final = ("system", "code")
_BEYOND: Final = lazy_pattern(r"%(?:resource|rootResource|context|profile)\b")
_RESOLVE: Final = lazy_pattern(r"\bresolve\b")
_OF_BUNDLES: Final = frozenset({"bdl-7", "bdl-11", "bdl-12"})
"""Invariants that the acceptor has natively: urls and versions of entries that are distinct, what
documents and messages begin with.
"""
_REFERENCE: Final = type_url("Reference")


class Conditions:
    """The invariants of types and elements as records."""

    def __init__(self, compilation: Compilation, table: Table) -> None:
        self._compilation = compilation
        self._names = table.names
        self._question = table.question
        self._programs = Programs(
            compilation.model, table.names, self._matching, compilation.schema.resources
        )

    def of_type(self, schema: TypeSchema) -> tuple[list[bytes], bool]:
        """Return the conditions on every object of a type, and whether they are those of Reference,
        which the acceptor has natively.
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
                conditions.append(self._op(constraint, schema.name))
        return conditions, plain_reference

    def of_element(self, prop: Property) -> list[tuple[bytes, Constraint]]:
        """Return the conditions that a definition puts on one element that is no primitive, each
        with the constraint that it is of; the conditions of its type are on the type.
        """
        return [(self._op(c, prop.type), c) for c in self._own(prop)]

    def of_primitive(self, prop: Property) -> tuple[list[tuple[bytes, Constraint]], Property]:
        """Return the conditions that a definition puts on a primitive element and that programs
        tell, each with its constraint, and the property without these.
        """
        told = {
            c.key: (self._op(c, prop.type), c)
            for c in self._own(prop)
            if self._is_told(c, prop.type)
        }
        left = tuple(c for c in prop.element.constraints if c.key not in told)
        return list(told.values()), replace(prop, element=replace(prop.element, constraints=left))

    def _is_told(self, constraint: Constraint, name: str) -> bool:
        """Tell whether there is a program for a constraint on values of a type."""
        text = corrected(constraint.key, constraint.expression)
        try:
            tree = invariant(text, name, self._compilation.model).tree
        except fhirpath.NestingError:
            return False
        return not isinstance(tree, Empty) and self._programs.of(tree, name) is not None

    def _own(self, prop: Property) -> list[Constraint]:
        """Return the constraints on an element that are not those of its type."""
        schema = self._compilation.schema
        root = schema.type(prop.type).root if schema.kind(prop.type) is not None else None
        typed = (
            {c.key for c in root.constraints}
            if root is not None and root is not prop.element
            else set()
        )
        return [c for c in prop.element.constraints if c.key not in typed and self._applies(c)]

    def of_entry(self, prop: Property) -> list[tuple[bytes, Constraint]] | None:
        """Return the conditions that a definition puts on the resources in a property of another
        one, each with its constraint; None where one of them looks at what is around the resource,
        as `resolve()` does: in the Bundle around, even from the entries of a Bundle.
        """
        applying = self._own(prop)
        texts = [corrected(c.key, c.expression) for c in applying]
        if any(map(_BEYOND.search, texts)):
            return None
        if prop.type == "Bundle" and any(map(_RESOLVE.search, texts)):
            return None
        return [(self._op(c, prop.type), c) for c in applying]

    def telling(self, compiler: ProfileCompiler) -> list[bytes]:
        """Return conditions that what follows a profile meets, and that tell most of what does not:
        those of concepts of its root that have a pattern.
        """
        told: list[bytes] = []
        for group in compiler.top.groups:
            element = group.node.element
            found = compiler.properties(element, compiler.type)
            if element.pattern is None or len(found) != 1 or found[0].is_list:
                continue
            name, (kind, value) = found[0].json_name, element.pattern
            for coding in value.get("coding", ()) if kind == "CodeableConcept" else ():
                parts = [
                    f"{part} = {quoted(coding[part])}" for part in _OF_CODING if part in coding
                ]
                wanted = f"{name}.coding.where({' and '.join(parts)}).exists()"
                if parts:
                    told.append(self._told(f"{name}.empty() or {wanted}", compiler.type))
        return told

    def _told(self, text: str, name: str) -> bytes:
        made = invariant(text, name, self._compilation.model)
        if made.op is not None:
            return self._encoded(made.op)
        return self._program(made.tree, name, _DOUBT)

    def claiming(self, name: str, claims: Sequence[str]) -> bytes:
        """Return the condition that a resource of a type claims one of some profiles."""
        first, *others = map(Literal, claims or [""])
        any_of: Tree = first
        for other in others:
            any_of = Binary("|", any_of, other)
        claimed = Member(Member(None, "meta"), "profile")
        is_one = Binary("in", Variable("this"), any_of)
        return self._program(Call(claimed, "exists", (is_one,)), name, _DOUBT)

    def asked(self, question: int) -> bytes:
        """Return the condition that a question about an object is answered with yes."""
        return u8(OpTag.ASKED) + u32(question)

    def asked_of_resource(self, question: int, members: Mapping[str, tuple[str, ...]]) -> bytes:
        """Return the condition that a question about some members of the resource around a value is
        answered with yes.

        members   each with those of its own that count, none where it counts as a whole
        """
        seen = self._names.projection(members.items())
        return u8(OpTag.ON_RESOURCE) + u8(OpTag.ASKED_OF) + u32(question) + seen

    def asked_with(self, key: str, question: int) -> bytes:
        """Return the condition that a question is answered with yes about an object that has a
        member; an object without the member meets the condition.
        """
        absent = self._encoded(Not(Has((key,))))
        return u8(OpTag.OR) + items([absent, self.asked(question)])

    def lacking(self, keys: Iterable[str]) -> bytes:
        """Return the condition that an object has none of some members."""
        return self._encoded(Not(Has(tuple(keys))))

    def _applies(self, constraint: Constraint) -> bool:
        """Tell whether the rule on invariants checks a constraint, and there is something to
        evaluate.
        """
        return is_checked(constraint, self._compilation) and bool(
            corrected(constraint.key, constraint.expression)
        )

    def _op(self, constraint: Constraint, name: str) -> bytes:
        text = corrected(constraint.key, constraint.expression)
        try:
            made = invariant(text, name, self._compilation.model)
        except fhirpath.NestingError:
            return _DOUBT
        if made.op is not None:
            return self._encoded(made.op)
        question = self._question_of(constraint, text, made.tree, name)
        otherwise = u8(OpTag.OR) + items([self._partly(made.tree, name), question])
        return self._program(made.tree, name, otherwise)

    def _program(self, tree: Tree, name: str, otherwise: bytes) -> bytes:
        """Return the condition that an expression's program says, and where that is in doubt, or
        there is none, another one.
        """
        program = self._programs.of(tree, name)
        return otherwise if program is None else u8(OpTag.PROGRAM) + program + otherwise

    def _question_of(self, constraint: Constraint, text: str, tree: Tree, name: str) -> bytes:
        """Return a question about the value, or of a resource about what the expression can see: to
        ask about a whole resource is to explain the line.
        """
        if self._compilation.schema.kind(name) == "resource":
            seen = mentions(tree, name, self._compilation.model)
            if not seen or "%profile" in text:
                return _DOUBT
            return self._asked_of(constraint, name, {"resourceType": frozenset[str](), **seen})
        return _DOUBT if _BEYOND.search(text) else self._asked(constraint, name)

    def _partly(self, tree: Tree, name: str) -> bytes:
        """Return as much of an expression as can be lowered, the rest in doubt."""
        op = lower(
            tree, name, self._compilation.model, bare_resources=False
        )  # the acceptor asks about such resources
        if op is not None:
            return self._encoded(op)
        match tree:
            case Binary("and" | "or" as operator, left, right):
                tag = OpTag.AND if operator == "and" else OpTag.OR
                return u8(tag) + items([self._partly(left, name), self._partly(right, name)])
            case Binary("implies", left, right):
                parts = [self._partly(Call(left, "not", ()), name), self._partly(right, name)]
                return u8(OpTag.OR) + items(parts)
            case Call(source, "empty", ()) if source is not None and self._leads_nowhere(
                source, name
            ):
                return self._encoded(TRUE)
            case _:
                return _DOUBT

    def _leads_nowhere(self, tree: Tree, name: str) -> bool:
        """Tell whether a path starts with a name that the type does not have."""
        while isinstance(tree, Member) and tree.source is not None:
            tree = tree.source
        return (
            isinstance(tree, Member)
            and tree.name[:1].islower()
            and not self._compilation.model.reachable(name, tree.name)
        )

    # Bytes

    def _encoded(self, op: Op) -> bytes:  # noqa: C901  # one case an op
        match op:
            case Const(value):
                return u8(OpTag.CONST) + u8(value)
            case And(ops):
                return u8(OpTag.AND) + items(map(self._encoded, ops))
            case Or(ops):
                return u8(OpTag.OR) + items(map(self._encoded, ops))
            case Not(inner):
                return u8(OpTag.NOT) + self._encoded(inner)
            case Has(keys) | NotBlank(keys):  # an empty string is refused where it stands
                return u8(OpTag.HAS) + self._names.keys(keys)
            case Is(keys, literals):
                return u8(OpTag.IS) + self._names.keys(keys) + items(map(literal, literals))
            case Each(key, literals):
                return u8(OpTag.EACH) + self._key(key) + items(map(literal, literals))
            case NumberIs(keys, sign, wanted):
                number = struct.pack("<d", wanted)
                return u8(OpTag.NUMBER) + self._names.keys(keys) + u8(_SIGNS[sign]) + number
            case Prefix(keys, text):
                return u8(OpTag.PREFIX) + self._names.keys(keys) + string(text)
            case Part(keys, text):
                return u8(OpTag.PART) + self._names.keys(keys) + string(text)
            case Match(keys, text):
                return u8(OpTag.MATCH) + self._names.keys(keys) + u32(self._matching(text))
            case Dates(left, sign, right):
                one, other = self._names.keys(left), self._names.keys(right)
                return u8(OpTag.DATES) + one + u8(_SIGNS[sign]) + other
            case Count(groups, sign, most):
                counted = items(map(self._names.keys, groups))
                return u8(OpTag.COUNT) + counted + u8(_SIGNS[sign]) + u32(most)
            case One(keys, inner):
                return u8(OpTag.ONE) + self._names.keys(keys) + self._encoded(inner)
            case Some(keys, inner):
                return u8(OpTag.SOME) + self._names.keys(keys) + self._encoded(inner)
            case Distinct(steps, key):
                walked = (self._names.keys(keys) + self._encoded(inner) for keys, inner in steps)
                return u8(OpTag.DISTINCT) + items(walked) + self._key(key) + self._key("_" + key)
            case Shares(key, path):
                return u8(OpTag.SHARES) + self._key(key) + self._names.keys(path)
            case OnResource(inner):
                return u8(OpTag.ON_RESOURCE) + self._encoded(inner)
            case Contained():  # only ref-1 looks there, which is the twin's of references
                return _DOUBT
            case _:
                assert_never(op)

    def _key(self, name: str) -> bytes:
        return u16(self._names.number(name))

    def _matching(self, text: str) -> int:
        found = pattern(text, dot_all=True).found
        answers = {True: YES, False: Answer(2, LineUndecided())}

        def question(inside: bytes) -> Answer:
            value = read_text(inside)
            answer = found(value) if value != "" else False
            if answer is None:
                raise NeedsContextError  # the explainer counts it
            return answers[answer]

        return self._question(question)

    def _asked(self, constraint: Constraint, name: str) -> bytes:
        holds = self._holds(constraint, name)
        question = about_value(
            partial(_judged, holds, f"invariant {constraint.key}"),
            scopes(self._compilation.hooks),
        )
        return u8(OpTag.ASKED) + u32(self._question(question))

    def _asked_of(
        self, constraint: Constraint, name: str, members: dict[str, frozenset[str]]
    ) -> bytes:
        holds = self._holds(constraint, name)

        def judge(value: Any, scope: Nowhere) -> int:
            scope.memo["fhirpath"].resource = value
            return _judged(holds, f"invariant {constraint.key}", value, scope)

        seen = self._names.projection((key, sorted(inside)) for key, inside in members.items())
        question = self._question(about_value(judge, scopes(self._compilation.hooks)))
        return u8(OpTag.ASKED_OF) + u32(question) + seen

    def _holds(
        self, constraint: Constraint, name: str
    ) -> Callable[[Any, fhirpath.EvaluationScope], bool]:
        text = corrected(constraint.key, constraint.expression)
        return invariant(text, name, self._compilation.model).holds


def _judged(
    holds: Callable[[Any, fhirpath.EvaluationScope], bool], what: str, value: Any, scope: Scope
) -> int:
    """Return 1 where an invariant holds or cannot be decided within its bounds, else 2."""
    try:
        return 1 if holds(value, scope.memo["fhirpath"]) else 2
    except fhirpath.UndecidedError:
        undecided(what, scope)
        return 1
