"""The tree of a FHIRPath expression: what the parser makes and the compilers read.

Every node is frozen and comparable, so that a tree can be a key and two readings of one text are
equal. ``source`` None stands for the focus: what the expression, or the argument of a function, is
evaluated on.
"""

from __future__ import annotations

from typing import TypeAlias

from ..economy.light_dataclass import dataclass
from .quantity import Quantity
from .temporal import Temporal

__all__ = [
    "Binary",
    "Call",
    "Empty",
    "External",
    "Index",
    "Literal",
    "Member",
    "Tree",
    "TypeName",
    "TypeTest",
    "Unary",
    "Variable",
    "children",
    "depth",
]

from decimal import Decimal

Value: TypeAlias = "bool | int | Decimal | str | Temporal | Quantity"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written out: ``'text'``, ``4``, ``1.50``, ``true``, ``@2015-02``, ``10 'mg'``, ``4
    days``.
    """

    value: Value


@dataclass(frozen=True, slots=True)
class Empty:
    """The empty collection, ``{}``."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A name with a dollar, ``$this``, ``$index`` or ``$total``; ``name`` is without the dollar."""

    name: str


@dataclass(frozen=True, slots=True)
class External:
    """A variable from outside, ``%name``; ``name`` is without percent sign and quotes."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A child by name, ``source.name``."""

    source: Tree | None
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function, ``source.name(arguments)``."""

    source: Tree | None
    name: str
    arguments: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """One item by its place, from 0: ``source[index]``."""

    source: Tree
    index: Tree


@dataclass(frozen=True, slots=True)
class Unary:
    """A sign before an expression, ``+operand`` or ``-operand``."""

    operator: str
    operand: Tree


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two expressions, ``left operator right``."""

    operator: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type's name: ``FHIR.Patient``, ``System.String``, a bare ``Patient`` (namespace None)."""

    namespace: str | None
    name: str


@dataclass(frozen=True, slots=True)
class TypeTest:
    """A question for a type, ``operand is type``, or a choice by it, ``operand as type``."""

    operator: str
    operand: Tree
    type: TypeName


Tree: TypeAlias = (
    "Literal | Empty | Variable | External | Member | Call | Index | Unary | Binary | TypeTest"
)


def children(tree: Tree) -> tuple[Tree, ...]:
    """Return the direct parts of an expression, in the order in which they are written."""
    match tree:
        case Member(source, _):
            return () if source is None else (source,)
        case Call(source, _, arguments):
            return arguments if source is None else (source, *arguments)
        case Index(source, index):
            return (source, index)
        case Unary(_, operand) | TypeTest(_, operand, _):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case _:
            return ()


def depth(tree: Tree) -> int:
    """Return how deep the tree is nested; a tree of one node has depth 1. Uses no recursion."""
    deepest, todo = 0, [(tree, 1)]
    while todo:
        node, level = todo.pop()
        deepest = max(deepest, level)
        todo.extend((child, level + 1) for child in children(node))
    return deepest
