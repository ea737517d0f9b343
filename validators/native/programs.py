"""Programs: FHIRPath expressions that the acceptor runs over what it has read, as bytes.

An expression is compiled with the types that its paths can lead to, so that each name stands for
the JSON names of its children there. What this module does not know has no program; what the crate
cannot tell of a value (``native/src/accept/program``) is a doubt. Either way the explainer's own
evaluation decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from ..fhirpath.kept_paths import may_be_kept
from ..fhirpath.lowered.literals import DATES, NUMERIC
from ..fhirpath.model import TypeModel
from ..fhirpath.parser import type_name
from ..fhirpath.syntax import (
    Binary,
    Call,
    Empty,
    External,
    Index,
    Literal,
    Member,
    Tree,
    TypeName,
    TypeTest,
    Variable,
)
from ..patterns import PatternError, pattern
from ..schema import Property
from .literal_bytes import literal
from .records import Names, items, string, u8, u16, u32
from .tags import (
    SIGNS,
    ClassTag,
    EachTag,
    ExprTag,
    FunctionTag,
    OperatorTag,
    TextTag,
)

__all__ = ["Programs"]

_NO_KEY: Final = 0xFFFF
_MOST_DIGITS: Final = 15
_ANY: Final = "Resource"
"""The type of what stands inline: any resource, which says itself what it is."""
_OWN: Final = "System"
"""The type of FHIRPath's own values, which have no children."""
_OPERATORS: Final = {
    "and": OperatorTag.AND,
    "or": OperatorTag.OR,
    "xor": OperatorTag.XOR,
    "implies": OperatorTag.IMPLIES,
    "in": OperatorTag.IN,
    "+": OperatorTag.PLUS,
}
_FUNCTIONS: Final = {
    "exists": FunctionTag.EXISTS,
    "empty": FunctionTag.EMPTY,
    "not": FunctionTag.NOT,
    "count": FunctionTag.COUNT,
    "length": FunctionTag.LENGTH,
    "toString": FunctionTag.TO_STRING,
    "hasValue": FunctionTag.HAS_VALUE,
}
_KEEPING: Final = {"first": FunctionTag.FIRST, "last": FunctionTag.LAST}
"""Functions whose items are those of their source."""
_EACH: Final = {"exists": EachTag.ANY, "all": EachTag.ALL}
_TESTS: Final = {
    "startsWith": TextTag.STARTS_WITH,
    "endsWith": TextTag.ENDS_WITH,
    "contains": TextTag.CONTAINS,
}

Types = frozenset[str]
Typed = tuple[bytes, Types]
"""An expression's bytes, and the types of its items."""


class _NoProgramError(Exception):
    """Something that programs do not have."""


class Programs:
    """The programs of one table.

    matching   gives the number of the question whether a regular expression fits a text
    resources  the names of all types of resources, asked for where any may stand
    """

    def __init__(
        self,
        model: TypeModel,
        names: Names,
        matching: Callable[[str], int],
        resources: Callable[[], Iterable[str]],
    ) -> None:
        self._model = model
        self._names = names
        self._matching = matching
        self._resources = resources
        self._all: Types | None = None

    def of(self, tree: Tree, name: str) -> bytes | None:
        """Return the type of the elements that an expression is for and its program, as bytes; None
        where it has none.
        """
        is_primitive = self._model.is_primitive(name)
        if not is_primitive and not self._model.properties(name):
            return None
        try:
            made, _ = _Program(self, self._model, self._names, name).typed(tree, frozenset({name}))
        except (_NoProgramError, OverflowError):
            return None
        if self._model.is_resource(name):
            tag = ClassTag.RESOURCE
        else:
            tag = _class_of_primitive(name) if is_primitive else ClassTag.OBJECT
        return u16(self._names.number(name)) + u8(tag) + made

    def matching(self, text: str) -> int:
        """Return the number of the question whether a regular expression fits a text. Raises
        _NoProgramError for a text that is none.
        """
        try:
            pattern(text, dot_all=True)
        except PatternError:
            raise _NoProgramError from None
        return self._matching(text)

    def resources(self) -> Types:
        """Return the names of all types of resources."""
        if self._all is None:
            self._all = frozenset(self._resources())
        return self._all


class _Program:
    """One expression, compiled for elements of a type."""

    def __init__(self, programs: Programs, model: TypeModel, names: Names, context: str) -> None:
        self._programs = programs
        self._model = model
        self._names = names
        self._context = frozenset({context})
        self._this = self._context

    def typed(self, tree: Tree, focus: Types) -> Typed:
        """Return an expression's bytes and the types of its items. Raises _NoProgramError."""
        made, types = self._typed(tree, focus)
        return (u8(ExprTag.PATH) + made if may_be_kept(tree) else made), types

    def _typed(self, tree: Tree, focus: Types) -> Typed:  # one case a kind of tree
        match tree:
            case Literal(value):
                return u8(ExprTag.LITERALS) + items([_literal(value)]), frozenset({_OWN})
            case Empty():
                return u8(ExprTag.LITERALS) + items([]), frozenset()
            case Variable("this"):
                return u8(ExprTag.THIS), self._this
            case External("context"):
                return u8(ExprTag.CONTEXT), self._context
            case External("resource"):
                return u8(ExprTag.RESOURCE), frozenset({_ANY})
            case Member(None, name) if name[:1].isupper():
                here = [one for each in focus for one in self._concrete(each)]
                own = any(one.partition("|")[0] == _OWN for one in focus)
                if own or not all(self._model.is_a(one, name) for one in here):
                    raise _NoProgramError
                return u8(ExprTag.FOCUS), focus
            case Member(source, name):
                return self._step(*self._source(source, focus), name)
            case Index(source, Literal(int() as at)) if at is not True and at is not False:
                made, types = self.typed(source, focus)
                return u8(ExprTag.INDEX) + u32(at) + made, types
            case TypeTest("is", operand, wanted):
                return self._is(self.typed(operand, focus), wanted)
            case TypeTest("as", operand, wanted):
                return self._of_type(self.typed(operand, focus), wanted, one=True)
            case Binary("|", _, _):
                return u8(ExprTag.LITERALS) + items(map(_literal, _united(tree))), frozenset({_OWN})
            case Binary(operator, left, right):
                return self._binary(operator, left, right, focus)
            case Call(source, name, arguments):
                return self._call(source, name, arguments, focus)
        raise _NoProgramError

    def _source(self, source: Tree | None, focus: Types) -> Typed:
        return (u8(ExprTag.FOCUS), focus) if source is None else self.typed(source, focus)

    def _step(self, made: bytes, types: Types, name: str) -> Typed:
        found: dict[str, list[Property]] = {}
        reached = frozenset(one for each in types for one in self._concrete(each))
        for one in reached:
            for prop in self._model.reachable(one, name):
                found.setdefault(prop.json_name, []).append(prop)
        for one in reached:  # no type has one of these names for something else
            own = {p.json_name for p in self._model.reachable(one, name)}
            if any(key in self._model.properties(one) for key in found.keys() - own):
                raise _NoProgramError
        children = items(self._child(key, props) for key, props in sorted(found.items()))
        plain = name == "value"
        below = {self._below(types, name, p.type) for props in found.values() for p in props}
        if plain and any(self._model.is_primitive(one) for one in reached):
            below.add(_OWN)
        return u8(ExprTag.STEP) + u8(plain) + children + made, frozenset(below)

    def _concrete(self, name: str) -> Iterable[str]:
        bare = name.partition("|")[0]
        if bare == _OWN:
            return ()
        return self._programs.resources() if bare == _ANY else (bare,)

    @staticmethod
    def _below(types: Types, name: str, kind: str) -> str:
        """Return the type of a child, narrower where the parents were chosen by it."""
        marks = {one.partition("|")[2] for one in types}
        if kind == _ANY and len(marks) == 1:
            member, _, chosen = marks.pop().partition("=")
            if member == name:
                return chosen
        return kind

    def _child(self, key: str, props: list[Property]) -> bytes:
        number = self._names.number
        primitive = any(p.is_primitive for p in props)
        kinds = {p.type for p in props}
        classes = {_class(p) for p in props}
        return (
            u16(number(key))
            + u16(number("_" + key) if primitive else _NO_KEY)
            + u16(number(kinds.pop()) if len(kinds) == 1 else _NO_KEY)
            + u8(classes.pop() if len(classes) == 1 else ClassTag.MIXED)
        )

    def _of(self, types: Types, wanted: Callable[[str], bool]) -> tuple[bytes, Types]:
        """Return the names of the types that are wanted, encoded, and these types."""
        if _OWN in types:
            raise _NoProgramError
        chosen = {one for one in types for each in self._concrete(one) if wanted(each)}
        kinds = sorted({each for one in types for each in self._concrete(one) if wanted(each)})
        narrow = {kinds[0]} if len(kinds) == 1 else chosen
        return self._names.keys(kinds), frozenset(narrow)

    def _is(self, source: Typed, wanted: TypeName) -> Typed:
        made, types = source
        if wanted.namespace not in (None, "FHIR"):
            raise _NoProgramError

        def fits(name: str) -> bool:
            if wanted.namespace is None and name.lower() == wanted.name.lower():
                return True
            if not self._model.known(wanted.name):
                raise _NoProgramError
            return self._model.is_a(name, wanted.name)

        kinds, _ = self._of(types, fits)
        return u8(ExprTag.IS) + kinds + made, frozenset({_OWN})

    def _of_type(self, source: Typed, wanted: TypeName | None, *, one: bool) -> Typed:
        made, types = source
        if (
            wanted is None
            or wanted.namespace not in (None, "FHIR")
            or not self._model.known(wanted.name)
        ):
            raise _NoProgramError
        name = wanted.name
        kinds, chosen = self._of(types, lambda kind: self._model.instance_of(kind, name))
        return u8(ExprTag.TYPED) + u8(one) + kinds + made, chosen

    def _binary(self, operator: str, left: Tree, right: Tree, focus: Types) -> Typed:
        one, other = self.typed(left, focus)[0], self.typed(right, focus)[0]
        if operator in SIGNS:
            return u8(ExprTag.COMPARE) + u8(SIGNS[operator]) + one + other, frozenset({_OWN})
        if operator not in _OPERATORS:
            raise _NoProgramError
        return _operator(_OPERATORS[operator], one, other), frozenset({_OWN})

    def _call(
        self, source: Tree | None, name: str, arguments: tuple[Tree, ...], focus: Types
    ) -> Typed:
        made, types = self._source(source, focus)
        match name, arguments:
            case "where", (criteria,):
                return self._each(EachTag.WHERE, made, types, criteria), self._chosen(
                    types, criteria
                )
            case "select", (projection,):
                inside = self._inside(projection, types)
                return self._joined(EachTag.SELECT, inside[0], made), inside[1]
            case "exists" | "all", (criteria,):
                return self._each(_EACH[name], made, types, criteria), frozenset({_OWN})
            case "subsetOf", (other,):
                made = _operator(OperatorTag.SUBSET_OF, made, self.typed(other, self._this)[0])
                return made, frozenset({_OWN})
            case "intersect", (other,):
                theirs = self.typed(other, self._this)[0]
                return _operator(OperatorTag.INTERSECT, made, theirs), types
            case "hasValue", () if any(map(self._is_resource, types)):
                raise _NoProgramError
            case "extension", (Literal(str() as url),):
                return self._extension(made, types, url)
            case "ofType" | "as", (kind,):
                return self._of_type((made, types), type_name(kind), one=name == "as")
            case "resolve", ():
                tag = u8(ExprTag.FUNCTION) + u8(FunctionTag.RESOLVE)
                return tag + made, frozenset({_ANY})
            case _, () if name in _FUNCTIONS:
                return u8(ExprTag.FUNCTION) + u8(_FUNCTIONS[name]) + made, frozenset({_OWN})
            case _, () if name in _KEEPING:
                return u8(ExprTag.FUNCTION) + u8(_KEEPING[name]) + made, types
            case _, (Literal(str() as text),) if name in _TESTS and text:
                tag = u8(ExprTag.TEXT) + u8(_TESTS[name]) + string(text)
                return tag + made, frozenset({_OWN})
            case "matches", (Literal(str() as text),) if text:
                tag = u8(ExprTag.MATCH) + u32(self._programs.matching(text))
                return tag + made, frozenset({_OWN})
        raise _NoProgramError

    def _chosen(self, types: Types, criteria: Tree) -> Types:
        """Return types marked with what their items were chosen by: ``resource is Patient``."""
        match criteria:
            case TypeTest("is", Member(None, member), TypeName(None, name)) if (
                name in self._programs.resources()
            ):
                return frozenset(f"{one.partition('|')[0]}|{member}={name}" for one in types)
        return types

    def _is_resource(self, name: str) -> bool:
        return any(map(self._model.is_resource, self._concrete(name)))

    def _each(self, tag: EachTag, made: bytes, types: Types, criteria: Tree) -> bytes:
        return self._joined(tag, self._inside(criteria, types)[0], made)

    @staticmethod
    def _joined(tag: EachTag, inside: bytes, made: bytes) -> bytes:
        return u8(ExprTag.EACH) + u8(tag) + made + inside

    def _inside(self, tree: Tree, types: Types) -> Typed:
        """Return an argument that is looked at for each item, with the item as ``$this``."""
        outer, self._this = self._this, types
        try:
            return self.typed(tree, types)
        finally:
            self._this = outer

    def _extension(self, made: bytes, types: Types, url: str) -> Typed:
        reached = [one for each in types for one in self._concrete(each)]
        by_name = {
            name: [p for one in reached for p in self._model.reachable(one, name)]
            for name in ("extension", "modifierExtension")
        }
        if not by_name["extension"]:
            raise _NoProgramError
        key = self._names.number("url")
        children = items(self._child(name, props) for name, props in by_name.items() if props)
        tag = u8(ExprTag.EXTENSION) + u16(key) + children + string(url)
        return tag + made, frozenset({p.type for props in by_name.values() for p in props})


def _operator(tag: OperatorTag, one: bytes, other: bytes) -> bytes:
    return u8(ExprTag.OPERATOR) + u8(tag) + one + other


def _class(prop: Property) -> ClassTag:
    if prop.type == _ANY:
        return ClassTag.RESOURCE
    if not prop.is_primitive:
        return ClassTag.OBJECT
    return _class_of_primitive(prop.type)


def _class_of_primitive(name: str) -> ClassTag:
    if name == "boolean":
        return ClassTag.BOOLEAN
    if name in NUMERIC:
        return ClassTag.NUMBER
    if name in DATES:
        return ClassTag.DATE
    return ClassTag.MIXED if name == "time" else ClassTag.TEXT


def _united(tree: Tree) -> list[str]:
    """Return the literals of a union, each once. Raises _NoProgramError for anything else."""
    match tree:
        case Binary("|", left, right):
            return list(dict.fromkeys([*_united(left), *_united(right)]))
        case Literal(str() as value):
            return [value]
    raise _NoProgramError


def _literal(value: object) -> bytes:
    """Return a literal as bytes. Raises _NoProgramError for one of another type than boolean, text
    and number, and for a number of many digits.
    """
    if isinstance(value, (bool, str)):
        return literal(value)
    if isinstance(value, (int, Decimal)) and len(str(value)) <= _MOST_DIGITS:
        return literal(value)
    raise _NoProgramError
