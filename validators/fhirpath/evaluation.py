"""The state of one evaluation, and the registry of functions that work on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from ..economy.light_dataclass import dataclass
from .model import TypeModel
from .node import Item
from .scope import EvaluationScope
from .steps import Steps
from .syntax import TypeName

__all__ = [
    "FUNCTIONS",
    "Collection",
    "Descending",
    "Environment",
    "Evaluator",
    "Function",
    "function",
    "PER_ITEM",
    "lazy",
    "said",
    "typed",
]

Collection: TypeAlias = list[Item]


_NOTHING: Collection = []
_NO_VARIABLES: dict[str, Collection] = {}
"""What an evaluation begins with: neither is ever changed, but others take their place."""


class Environment:
    """The surroundings of one evaluation: all that a compiled expression sees besides its focus.

    this, index, total    ``$this`` as a collection of one item, ``$index``, ``$total``
    context               ``%context``, the item the whole expression is evaluated on
    memory                what was found in the line before, None where nothing is kept
    """

    __slots__ = (
        "context",
        "index",
        "memory",
        "model",
        "moments",
        "scope",
        "steps",
        "this",
        "total",
        "variables",
    )

    def __init__(self, model: TypeModel, scope: EvaluationScope, context: Collection) -> None:
        self.model = model
        self.scope = scope
        self.context = context
        self.this = context
        self.index = 0
        self.total = _NOTHING
        self.memory = scope.memory
        # a list, because the inner environments share it: there is one moment for all of them
        self.moments: list[datetime] = []
        self.steps = scope.steps or Steps(
            scope.resource if scope.resource is not None else getattr(context[0], "value", None)
        )
        self.variables = _NO_VARIABLES

    def now(self) -> datetime:
        """Return the time of this evaluation, the same wherever an expression asks for it, with
        time zone.
        """
        if not self.moments:
            self.moments.append(datetime.now().astimezone())
        return self.moments[0]

    def inner(self, item: Item, index: int = 0) -> Environment:
        """Return the environment in which a function's argument is evaluated for one item.

        Raises UndecidedError where no steps are left.
        """
        self.steps.take(1)
        # without __init__, which would look at the resources and count the steps anew for every
        # item
        copy: Environment = object.__new__(Environment)
        copy.model = self.model
        copy.scope = self.scope
        copy.context = self.context
        copy.this = [item]
        copy.index = index
        copy.total = self.total
        copy.memory = self.memory
        copy.moments = self.moments
        copy.steps = self.steps
        copy.variables = self.variables
        return copy


Evaluator: TypeAlias = Callable[[Environment, Collection], Collection]
"""A compiled expression: (environment, focus) -> result."""


@dataclass(frozen=True, slots=True)
class Descending:
    """A key of ``sort()`` that was written with ``-`` before it."""

    key: Evaluator

    def __call__(self, env: Environment, focus: Collection) -> Collection:
        return self.key(env, focus)


Eager: TypeAlias = Callable[..., Collection]
Lazy: TypeAlias = Callable[..., Collection]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of FHIRPath.

    lazy      it is given its arguments compiled, to evaluate per item; else evaluated, on ``$this``
    typed     its argument names a type
    """

    minimum: int
    maximum: int
    call: Callable[..., Collection]
    lazy: bool
    typed: bool = False


FUNCTIONS: dict[str, Function] = {}

PER_ITEM = frozenset({"all", "exists", "repeat", "select", "sort", "where"})
"""Functions all of whose arguments are evaluated on each item before them, which is then ``$this``.

The branches of ``iif`` and the value of ``defineVariable`` are evaluated on those items too, but
``$this`` stays what it was.
"""


def function(name: str, minimum: int = 0, maximum: int | None = None) -> Callable[[Eager], Eager]:
    """Register ``call(environment, input, *arguments)`` as a function, each argument a collection.

    minimum, maximum   how many arguments it takes; no maximum means the minimum
    """

    def register(call: Eager) -> Eager:
        FUNCTIONS[name] = Function(
            minimum, minimum if maximum is None else maximum, call, lazy=False
        )
        return call

    return register


def lazy(name: str, minimum: int, maximum: int | None = None) -> Callable[[Lazy], Lazy]:
    """Register ``call(environment, input, *arguments)`` as a function, each argument an Evaluator.

    minimum, maximum   how many arguments it takes; no maximum means the minimum
    """

    def register(call: Lazy) -> Lazy:
        FUNCTIONS[name] = Function(
            minimum, minimum if maximum is None else maximum, call, lazy=True
        )
        return call

    return register


def said(name: str, minimum: int, maximum: int) -> None:
    """Register a function that is compiled to a Truth (see ``truths``), by its arguments alone."""
    FUNCTIONS[name] = Function(minimum, maximum, _not_called, lazy=True)


def _not_called(*_: object) -> Collection:
    raise AssertionError("a Truth is compiled in its place")


def typed(
    name: str,
) -> Callable[
    [Callable[[Environment, Collection, TypeName], Collection]],
    Callable[[Environment, Collection, TypeName], Collection],
]:
    """Register ``call(environment, input, type)`` as a function whose one argument names a type."""

    def register(
        call: Callable[[Environment, Collection, TypeName], Collection],
    ) -> Callable[[Environment, Collection, TypeName], Collection]:
        FUNCTIONS[name] = Function(1, 1, call, lazy=False, typed=True)
        return call

    return register
