"""Truths: expressions that are true, false or empty, compiled without a collection for each of
their parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .evaluation import Collection, Environment, Evaluator, said
from .functions.filtering import present
from .functions.type_tests import is_operator
from .items import TEMPORAL, equal, truth
from .model import TypeModel
from .node import Item, Node
from .operators import equals
from .sight import ITEM, PLACE, REFERENCES, of_focus, sight
from .syntax import Binary, Call, Literal, Tree, TypeName, TypeTest

__all__ = ["Chosen", "Truth", "boxed", "chosen", "is_truth", "truth_of"]

Truth: TypeAlias = Callable[[Environment, Collection], "bool | None"]
"""A compiled expression: (environment, focus) -> what it says, None for empty."""
Chosen: TypeAlias = Callable[[Environment, Collection], "list[bool]"]
"""A compiled criterion: (environment, items) -> of each item whether the criterion is true."""
Compiler: TypeAlias = Callable[[Tree, TypeModel], Evaluator]

_TRUE, _FALSE = [True], [False]


def is_truth(tree: Tree) -> bool:
    """Tell whether an expression has one boolean as its result or none, and a form of its own
    here.
    """
    match tree:
        case Literal(bool()):
            return True
        case Binary(operator, _, _):
            return operator in _LOGIC or operator in ("=", "!=", "in")
        case TypeTest(operator, _, _):
            return operator == "is"
        case Call(_, name, arguments):
            return (name, len(arguments)) in _CALLS
        case _:
            return False


def boxed(says: Truth) -> Evaluator:
    """Return the evaluator whose collection holds what an expression says."""

    def evaluate(env: Environment, focus: Collection) -> Collection:
        found = says(env, focus)
        return [] if found is None else _TRUE if found else _FALSE

    return evaluate


def truth_of(tree: Tree, model: TypeModel, compiled: Compiler) -> Truth:
    """Compile an expression where a boolean is wanted: what ``items.truth`` reads its collection
    as.

    compiled   compiles an expression to a collection
    """
    match tree:
        case Literal(bool() as value):
            return lambda env, focus: value
        case Binary(operator, left, right) if operator in _LOGIC:
            return _LOGIC[operator](
                truth_of(left, model, compiled), truth_of(right, model, compiled)
            )
        case Binary("=" | "!=" as operator, left, Literal(str() as text)):
            return _text_equality(operator == "=", compiled(left, model), text)
        case Binary("=" | "!=" as operator, left, right):
            return _equality(operator == "=", compiled(left, model), compiled(right, model))
        case Binary("in", Literal(str() as text), right):
            return _text_in(text, compiled(right, model))
        case Binary("in", left, right):
            return _all_in(compiled(left, model), compiled(right, model))
        case TypeTest("is", operand, name):
            return _is(compiled(operand, model), name, model)
        case Call(source, "not", ()):
            says = _focus_truth if source is None else truth_of(source, model, compiled)
            return _not(says)
        case Call(source, name, arguments) if is_truth(tree):
            items = _focus if source is None else compiled(source, model)
            if not arguments:
                return _exists(items, wanted=name == "exists")
            if name == "exists":
                return _any(items, chosen(arguments[0], model, compiled))
            return _all(items, *_criterion(arguments[0], model, compiled))
    inner = compiled(tree, model)
    return lambda env, focus: truth(inner(env, focus))


def _focus(env: Environment, focus: Collection) -> Collection:
    return focus


def _focus_truth(env: Environment, focus: Collection) -> bool | None:
    return truth(focus)


def _deciding(stops: bool, decided: bool) -> Callable[[Truth, Truth], Truth]:
    """Return what compiles an operator that its left side decides alone where it says ``stops``,
    and its right side where that says ``decided``: so it says ``decided`` (N1, section 6.5).
    """

    def compiled(left: Truth, right: Truth) -> Truth:
        def evaluate(env: Environment, focus: Collection) -> bool | None:
            env.steps.take(1)
            one = left(env, focus)
            if one is stops:
                return decided
            other = right(env, focus)
            if other is decided:
                return decided
            return None if one is None or other is None else not decided

        return evaluate

    return compiled


def _xor(left: Truth, right: Truth) -> Truth:
    def evaluate(env: Environment, focus: Collection) -> bool | None:
        env.steps.take(1)
        one, other = left(env, focus), right(env, focus)
        return None if one is None or other is None else one is not other

    return evaluate


_LOGIC: dict[str, Callable[[Truth, Truth], Truth]] = {
    "and": _deciding(stops=False, decided=False),
    "or": _deciding(stops=True, decided=True),
    "xor": _xor,
    "implies": _deciding(stops=False, decided=True),
}
_CALLS = frozenset({("exists", 0), ("exists", 1), ("empty", 0), ("not", 0), ("all", 1)})
said("exists", 0, 1)
said("empty", 0, 0)
said("not", 0, 0)
said("where", 1, 1)


def _not(says: Truth) -> Truth:
    def evaluate(env: Environment, focus: Collection) -> bool | None:
        found = says(env, focus)
        if found is None:
            env.steps.take(1)
            return None
        env.steps.take(2)
        return not found

    return evaluate


def _equality(wanted: bool, left: Evaluator, right: Evaluator) -> Truth:
    """Compile ``=`` or, where it is not what is wanted, ``!=`` (N1, section 6.1)."""

    def evaluate(env: Environment, focus: Collection) -> bool | None:
        one, other = left(env, focus), right(env, focus)
        if not one or not other:
            found = None
        elif len(one) == 1 and len(other) == 1:
            found = equal(one[0], other[0], env.scope.hooks.units)
        else:
            found = equals(env, one, other)
        if found is None:
            env.steps.take(1)
            return None
        env.steps.take(2)
        return found is wanted

    return evaluate


def _text_equality(wanted: bool, left: Evaluator, text: str) -> Truth:
    """Compile ``=`` or ``!=`` with a text that is written out, as it nearly always is."""

    def evaluate(env: Environment, focus: Collection) -> bool | None:
        items = left(env, focus)
        if not items:
            env.steps.take(1)
            return None
        found = len(items) == 1 and _is_text(items[0], text, env)
        if found is None:
            env.steps.take(1)
            return None
        env.steps.take(2)
        return found is wanted

    return evaluate


def _is_text(item: Item, text: str, env: Environment) -> bool | None:
    value = item.value if item.__class__ is Node else item
    if value.__class__ is str and (item is value or item.type not in TEMPORAL):
        return bool(value == text)
    return equal(item, text, env.scope.hooks.units)


def _text_in(text: str, right: Evaluator) -> Truth:
    def evaluate(env: Environment, focus: Collection) -> bool | None:
        items = right(env, focus)
        env.steps.take(2)
        for item in items:  # noqa: SIM110  # any() with a generator takes twice as long
            if _is_text(item, text, env) is True:
                return True
        return False

    return evaluate


def _all_in(left: Evaluator, right: Evaluator) -> Truth:
    """Compile ``in``: all of the left among the right. N1 allows one item only, HL7's validator any
    number (tim-9 needs it).
    """

    def evaluate(env: Environment, focus: Collection) -> bool | None:
        items, others = left(env, focus), right(env, focus)
        if not items:
            env.steps.take(1)
            return None
        env.steps.take(2)
        units = env.scope.hooks.units
        return all(any(equal(item, other, units) is True for other in others) for item in items)

    return evaluate


def _is(operand: Evaluator, name: TypeName, model: TypeModel) -> Truth:
    answers: dict[str, bool] = {}  # by type: elements that a definition knows

    def is_of_type(env: Environment, focus: Collection) -> bool | None:
        items = operand(env, focus)
        kind = items[0].type if len(items) == 1 and items[0].__class__ is Node else None
        if kind in answers:
            return answers[kind]
        found = is_operator(env, items, name)
        if kind is not None and model.properties(kind):
            answers[kind] = found[0]
        return found[0] if found else None

    return is_of_type


def _exists(source: Evaluator, *, wanted: bool) -> Truth:
    """Compile ``exists()`` or, where it is not what is wanted, ``empty()`` (N1, section 5.1)."""

    def evaluate(env: Environment, focus: Collection) -> bool | None:
        items = source(env, focus)
        env.steps.take(2)
        if len(items) == 1:
            return present(items[0]) is wanted
        return wanted if any(map(present, items)) else not wanted

    return evaluate


def _any(source: Evaluator, criterion: Chosen) -> Truth:
    def evaluate(env: Environment, focus: Collection) -> bool | None:
        found = any(criterion(env, source(env, focus)))
        env.steps.take(2)
        return found

    return evaluate


def _criterion(tree: Tree, model: TypeModel, compiled: Compiler) -> tuple[Truth, bool]:
    """Return a criterion, and whether it takes an environment of its own for each item: it does
    where it looks at ``$this`` otherwise than as at its focus.
    """
    if sight(tree) <= {ITEM, PLACE, REFERENCES}:
        return truth_of(of_focus(tree), model, compiled), False
    return truth_of(tree, model, compiled), True


def chosen(tree: Tree, model: TypeModel, compiled: Compiler) -> Chosen:
    """Compile a criterion to what tells of each item whether it is true."""
    criterion, of_its_own = _criterion(tree, model, compiled)
    if of_its_own:
        return lambda env, items: [
            criterion(env.inner(item, index), [item]) is True for index, item in enumerate(items)
        ]

    def choose(env: Environment, items: Collection) -> list[bool]:
        env.steps.take(len(items))
        return [criterion(env, [item]) is True for item in items]

    return choose


def _all(source: Evaluator, criterion: Truth, of_its_own: bool) -> Truth:
    def evaluate(env: Environment, focus: Collection) -> bool | None:
        found = True
        for index, item in enumerate(source(env, focus)):
            if of_its_own:
                said = criterion(env.inner(item, index), [item])
            else:
                env.steps.take(1)
                said = criterion(env, [item])
            if said is not True:
                found = False
                break
        env.steps.take(2)
        return found

    return evaluate
