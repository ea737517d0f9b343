"""A compiled expression: what users of the package hold."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .errors import EvaluationError
from .evaluation import Collection, Environment
from .items import boolean, plain
from .model import TypeModel, core_model
from .node import Node, typed_node
from .parser import parse
from .scope import EMPTY_SCOPE, EvaluationScope
from .sight import ITEM, OWN, asks_for_type, sight
from .syntax import Tree

__all__ = ["Expression", "compile", "compile_for"]


class Expression:
    """A FHIRPath expression, ready to be evaluated any number of times.

    text    the expression
    tree    its parsed form
    type    the type of the elements it is for; of a resource the type is its own ``resourceType``
    """

    def __init__(self, text: str, type_name: str, model: TypeModel) -> None:
        self.text = text
        self.type = type_name
        self.model = model
        self.tree: Tree = parse(text)
        # with all of FHIRPath's functions: many a run needs none
        from .compiler import compile_tree
        from .truths import boxed, is_truth, truth_of

        self._says = truth_of(self.tree, model, compile_tree) if is_truth(self.tree) else None
        self._run = compile_tree(self.tree, model) if self._says is None else boxed(self._says)
        self._may_be_kept = sight(self.tree) <= {ITEM, OWN}
        self._of_type = asks_for_type(self.tree)
        self._answer: bool | None = None

    def nodes(
        self,
        value: Any,
        scope: EvaluationScope = EMPTY_SCOPE,
        extra: Mapping[str, Any] | None = None,
    ) -> Collection:
        """Evaluate the expression on a value; elements come as Node (JSON and type), other values
        as bool, int, Decimal, str, Temporal, Quantity.

        value   a decoded JSON object or primitive value
        extra   a primitive's companion, where it has one

        Without a scope, a resource given here is ``%resource`` and ``%rootResource``. Raises
        EvaluationError where the expression has no value for this input, UndecidedError where
        finding one takes too many steps.
        """
        env = self._start(value, scope, extra)
        return self._run(env, env.context)

    def _start(
        self, value: Any, scope: EvaluationScope, extra: Mapping[str, Any] | None
    ) -> Environment:
        node = typed_node(value, self.type)
        if extra:
            node.extra = dict(extra)
        if scope is EMPTY_SCOPE and isinstance(value, dict):
            name = value.get("resourceType")
            if isinstance(name, str):
                scope = EvaluationScope(value, value, value if name == "Bundle" else None)
        return Environment(self.model, scope, [node])

    def evaluate(
        self,
        value: Any,
        scope: EvaluationScope = EMPTY_SCOPE,
        extra: Mapping[str, Any] | None = None,
    ) -> list[Any]:
        """Evaluate the expression as ``nodes`` does, with every element as what it is in JSON:
        primitives as FHIRPath's values, others as dict; elements without value as None.
        """
        return [
            found.value if isinstance(found, Node) else found
            for found in map(plain, self.nodes(value, scope, extra))
        ]

    def holds(
        self,
        value: Any,
        scope: EvaluationScope = EMPTY_SCOPE,
        extra: Mapping[str, Any] | None = None,
    ) -> bool:
        """Tell whether a constraint with this expression is met, by HL7's rule: one boolean counts
        as it is, an empty result is no, anything else is yes; an expression that cannot be
        evaluated is a no, too.

        Raises UndecidedError where it takes too many steps.
        """
        if self._of_type and (value.__class__ is not dict or "resourceType" not in value):
            if self._answer is None:
                self._answer = self._holds(self._start(value, scope, extra))
            return self._answer
        memory = scope.memory
        if (
            memory is None
            or not self._may_be_kept
            or value.__class__ is not dict
            or extra
            or scope.steps is not None
        ):
            return self._holds(self._start(value, scope, extra))
        key = self, id(value)
        known = memory.found.get(key)
        if known is not None:
            answer: bool = known[1]
            return answer
        env = self._start(value, scope, extra)
        answer = self._holds(env)
        if not env.steps.extended:  # so many steps may be taken anywhere
            memory.keep(key, value, answer, 0)
        return answer

    def _holds(self, env: Environment) -> bool:
        try:
            if self._says is not None:
                return self._says(env, env.context) is True
            found = self._run(env, env.context)
        except (EvaluationError, ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
            # data of a form that the type does not allow may surprise any function; its own rule
            # reports it
            return False
        return boolean(found[0]) is True if len(found) == 1 else bool(found)


def compile(  # noqa: A001  # as in re: called fhirpath.compile
    expression: str,
    type_name: str = "Resource",
    *,
    strict: bool = False,
    model: TypeModel | None = None,
) -> Expression:
    """Compile an expression for elements of a type: ``compile("name.given", "Patient")``.

    type_name   a FHIR type, or the path of a backbone element (``Patient.contact``)
    strict      also refuse names that the type does not have, and operations on types that never
                fit
    model       the types; those of FHIR R4 where none is given

    Raises FhirPathSyntaxError and FhirPathTypeError. Compiled expressions are kept: asking again
    costs nothing.
    """
    return compile_for(expression, type_name, strict, model or core_model())


@lru_cache(maxsize=8192)
def compile_for(expression: str, type_name: str, strict: bool, model: TypeModel) -> Expression:
    """Compile an expression as ``compile`` does, with every argument given."""
    compiled = Expression(expression, type_name, model)
    if strict:
        from .static import check

        check(compiled.tree, type_name, model)
    return compiled
