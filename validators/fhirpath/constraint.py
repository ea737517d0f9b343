"""An invariant, ready to be checked: lowered where that can be, else evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..economy.light_dataclass import dataclass
from .errors import UndecidedError
from .expression import Expression, compile_for
from .lowered.condition import Op
from .lowered.ops import closure
from .lowered.predicate import lower
from .model import TypeModel, core_model
from .parser import parse
from .scope import EvaluationScope
from .syntax import Empty, Tree

__all__ = ["Invariant", "broken_invariant", "invariant", "undecided_invariant"]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A constraint on the elements of one type.

    text, tree    as it is written
    type, model   what it is for
    op            its lowered form (see ``condition``), None where it has none
    holds         (JSON object or primitive value, scope) -> whether it is met, by HL7's rule (see
                  ``Expression.holds``); raises nothing; the quickest way there is
    broken        why the expression cannot be read; "" where it can be
    """

    text: str
    tree: Tree
    type: str
    model: TypeModel
    op: Op | None
    holds: Callable[[Any, EvaluationScope], bool]
    broken: str = ""

    @property
    def expression(self) -> Expression:
        """The general form of the constraint, compiled when it is first asked for."""
        return compile_for(self.text, self.type, False, self.model)

    def holds_for(
        self, value: Any, scope: EvaluationScope, extra: Mapping[str, Any] | None
    ) -> bool:
        """Tell whether a primitive meets the constraint, which may have a companion or only that
        (value None).

        Raises UndecidedError where finding out takes too many steps.
        """
        # of ``undecided_invariant``: there is no expression to compile, and ``holds`` raises
        if isinstance(self.tree, Empty):
            return self.holds(value, scope)
        return self.expression.holds(value, scope, extra)


def invariant(expression: str, type_name: str, model: TypeModel | None = None) -> Invariant:
    """Return the invariant for elements of a type: a resource or datatype, or the path of a
    backbone element. Invariants are kept, as ``compile`` keeps expressions.

    Raises FhirPathSyntaxError and FhirPathTypeError where the expression is none.
    """
    return _made(expression, type_name, model or core_model())


@lru_cache(maxsize=8192)
def _made(expression: str, type_name: str, model: TypeModel) -> Invariant:
    tree = parse(expression)
    op = lower(tree, type_name, model)
    holds = compile_for(expression, type_name, False, model).holds if op is None else closure(op)
    return Invariant(expression, tree, type_name, model, op, holds)


def broken_invariant(why: str, type_name: str, model: TypeModel) -> Invariant:
    """Return the invariant of a text that is no FHIRPath: it never holds, as in HL7's validator."""
    return replace(_made("false", type_name, model), broken=why)


def undecided_invariant(expression: str, type_name: str, model: TypeModel) -> Invariant:
    """Return the invariant of an expression that is not read: every check of it raises
    UndecidedError.
    """

    def holds(_value: Any, _scope: EvaluationScope) -> bool:
        raise UndecidedError("an expression")

    return Invariant(expression, Empty(), type_name, model, None, holds)
