"""Sight: what an expression looks at beside its focus, which decides what may be kept of its
result.
"""

from __future__ import annotations

from typing import Final

from .syntax import (
    Binary,
    Call,
    Empty,
    External,
    Index,
    Literal,
    Member,
    Tree,
    TypeTest,
    Unary,
    Variable,
    children,
)

__all__ = [
    "ANYTHING",
    "FOCUS",
    "ITEM",
    "OWN",
    "PLACE",
    "REFERENCES",
    "asks_for_type",
    "of_focus",
    "sight",
]

FOCUS: Final = Variable("focus")
"""``$this`` where it is the focus itself; no expression that is read says it so."""

ITEM, OWN, PLACE, REFERENCES, ANYTHING = "item", "own", "place", "references", "anything"
"""What is seen: ``$this`` where it stands for the focus; ``$this`` or ``$index`` otherwise, as by
arguments that are evaluated on it; ``%resource`` and ``%rootResource``; what ``resolve()`` finds;
and whatever is not known here.
"""

_NOTHING: Final = frozenset[str]()
_MOST: Final = 48
"""Parts of an expression that is looked into; of a longer one nothing is known."""
_ON_ITEMS: Final = frozenset({"all", "exists", "select", "where"})
_OF_TYPES: Final = frozenset({"as", "is", "ofType"})
_OF_INPUT: Final = frozenset(
    (
        "allFalse allTrue anyFalse anyTrue children combine contains count descendants distinct "
        "empty endsWith exclude extension first getValue hasValue indexOf intersect isDistinct "
        "last length lower matches matchesFull not replace single skip startsWith subsetOf "
        "substring supersetOf tail take toDecimal toInteger toString trim union upper"
    ).split()
)
"""Functions of their input and their arguments, each evaluated on ``$this``."""
_CONSTANTS: Final = frozenset({"loinc", "sct", "ucum", "us-zip"})


def sight(tree: Tree) -> frozenset[str]:
    """Return what an expression looks at beside its focus: any of the names above."""
    return frozenset({ANYTHING}) if _is_long(tree) else _seen(tree)


def _is_long(tree: Tree) -> bool:
    count, left = 0, [tree]
    while left:
        count += 1
        if count > _MOST:
            return True
        left += children(left.pop())
    return False


def _seen(tree: Tree) -> frozenset[str]:
    match tree:
        case Literal() | Empty() | Member(None, _):
            return _NOTHING
        case Variable("this"):
            return frozenset({ITEM})
        case Variable("focus"):
            return _NOTHING
        case Variable("index"):
            return frozenset({OWN})
        case External("resource" | "rootResource"):
            return frozenset({PLACE})
        case External(name):
            return _NOTHING if name in _CONSTANTS else frozenset({ANYTHING})
        case Call(source, name, arguments):
            return _of_call(name, arguments) | (_NOTHING if source is None else _seen(source))
        case Index(source, index):
            return _seen(source) | (_NOTHING if isinstance(index, Literal) else {OWN})
        case Member() | Binary() | TypeTest() | Unary():
            return _NOTHING.union(*map(_seen, children(tree)))
        case _:
            return frozenset({ANYTHING})


def _of_call(name: str, arguments: tuple[Tree, ...]) -> frozenset[str]:
    if name in _OF_TYPES:
        return _NOTHING
    if name in _ON_ITEMS:  # each item is ``$this`` there
        return _NOTHING.union(*map(_seen, arguments)) - {ITEM, OWN}
    if name == "resolve":
        return frozenset({REFERENCES})
    if name not in _OF_INPUT:
        return frozenset({ANYTHING})
    of_this = any(not isinstance(one, Literal) for one in arguments)
    return _NOTHING.union(*map(_seen, arguments)) | ({OWN} if of_this else _NOTHING)


def asks_for_type(tree: Tree) -> bool:
    """Tell whether an expression asks for nothing but the type of ``$this``, as it does where types
    tell slices of a choice apart.
    """
    match tree:
        case TypeTest("is", Variable("this"), _):
            return True
        case Binary("and" | "or", left, right):
            return asks_for_type(left) and asks_for_type(right)
        case _:
            return False


def of_focus(tree: Tree) -> Tree:
    """Return the expression with ``$this`` as the focus, for one that sees it no other way: it is
    evaluated on an item of which an environment of its own need not be made.
    """
    match tree:
        case Variable("this"):
            return FOCUS
        case Member(Variable("this"), name) if not name[:1].isupper():
            return Member(None, name)
        case Member(source, name) if source is not None:
            return Member(of_focus(source), name)
        case Call(source, name, arguments) if source is not None:
            return Call(of_focus(source), name, arguments)
        case Index(source, index):
            return Index(of_focus(source), index)
        case Binary(operator, left, right):
            return Binary(operator, of_focus(left), of_focus(right))
        case TypeTest(operator, operand, wanted):
            return TypeTest(operator, of_focus(operand), wanted)
        case Unary(operator, operand):
            return Unary(operator, of_focus(operand))
        case _:
            return tree
