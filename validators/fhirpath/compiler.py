"""Tree -> closures: whatever can be chosen is chosen once, nothing of the data becomes code."""

from __future__ import annotations

from collections.abc import Callable

from ..definitions import CORE
from .errors import EvaluationError, FhirPathTypeError
from .evaluation import FUNCTIONS, Collection, Descending, Environment, Evaluator
from .functions import (  # noqa: F401  (they register their functions)
    arithmetic,
    boundaries,
    conversions,
    filtering,
    navigation,
    strings,
    type_tests,
)
from .items import plain, text
from .kept_paths import kept, may_be_kept
from .lowered.literals import SYSTEMS
from .model import TypeModel
from .node import Item, Node, children, typed_node
from .operators import OPERATORS, negative
from .parser import type_name
from .quantity import Quantity
from .syntax import (
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
    Unary,
    Variable,
)
from .truths import Chosen, boxed, chosen, is_truth, truth_of

__all__ = ["compile_tree"]

_CONSTANTS = {**SYSTEMS, "us-zip": "[0-9]{5}(-[0-9]{4}){0,1}"}
_CONSTANT_PREFIXES = {
    "vs-": "http://hl7.org/fhir/ValueSet/",
    "cs-": "http://hl7.org/fhir/",
    "ext-": CORE,
}


def compile_tree(tree: Tree, model: TypeModel) -> Evaluator:
    """Compile a tree to a closure that takes an Environment and the focus and gives a collection.

    Raises FhirPathTypeError for an unknown function or type, or a wrong number of arguments.
    """
    if is_truth(tree):
        return boxed(truth_of(tree, model, compile_tree))
    return kept(tree, model, _compiled) if may_be_kept(tree) else _compiled(tree, model)


def _compiled(tree: Tree, model: TypeModel) -> Evaluator:
    match tree:
        case Literal(value):
            # one list for all evaluations: nothing changes a collection that it was given
            constant = [value]
            return lambda env, focus: constant
        case Empty():
            return lambda env, focus: []
        case Variable(name):
            return _VARIABLES[name]
        case External(name):
            return _external(name)
        case Member(source, name):
            return _member(source, name, model)
        case Call(source, "where", (criterion,)):
            return _where(source, chosen(criterion, model, compile_tree), model)
        case Call(source, "extension", (Literal(str() as url),)):
            return _extensions(source, url, model)
        case Call(source, name, arguments):
            return _call(source, name, arguments, model)
        case Index(source, index):
            return _index(compile_tree(source, model), compile_tree(index, model))
        case Unary(operator, operand):
            inner = compile_tree(operand, model)
            return inner if operator == "+" else (lambda env, focus: negative(inner(env, focus)))
        case TypeTest(_, operand, name):
            return _as(compile_tree(operand, model), name, model)
        case Binary(operator, left, right):
            return _binary(operator, compile_tree(left, model), compile_tree(right, model))


_VARIABLES: dict[str, Evaluator] = {
    "this": lambda env, focus: env.this,
    "focus": lambda env, focus: focus,
    "index": lambda env, focus: [env.index],
    "total": lambda env, focus: env.total,
}


def _external(name: str) -> Evaluator:
    if name in _CONSTANTS:
        constant = [_CONSTANTS[name]]
        return lambda env, focus: constant
    for prefix, url in _CONSTANT_PREFIXES.items():
        if name.startswith(prefix):
            expanded = [url + name[len(prefix) :]]
            return lambda env, focus: expanded
    if name == "context":
        return lambda env, focus: env.context
    if name == "resource":
        return lambda env, focus: _present(env.scope.resource, name)
    if name == "rootResource":
        return lambda env, focus: _present(env.scope.root, name)
    if name == "profile":
        return lambda env, focus: [env.scope.profile] if env.scope.profile else []

    def variable(env: Environment, focus: Collection) -> Collection:
        if name in env.variables:
            return env.variables[name]
        if name in env.scope.variables:
            value = env.scope.variables[name]
            return value if isinstance(value, list) else [value]
        raise EvaluationError(f"nothing is known of %{name}")

    return variable


def _present(resource: object, name: str) -> Collection:
    if not isinstance(resource, dict):
        raise EvaluationError(f"%{name} is not known here")
    kind = resource.get("resourceType")
    return [Node(resource, kind if isinstance(kind, str) else "Resource")]


def _focus(env: Environment, focus: Collection) -> Collection:
    return focus


_LONG = 8
"""Children that are kept for the evaluation: sdf-8 asks for all elements at each of them."""


def _member(source: Tree | None, name: str, model: TypeModel) -> Evaluator:
    if source is None:
        # an expression may begin with the type of its context: ``Patient.name`` (N1, section 3)
        if name[:1].isupper():
            return lambda env, focus: [
                item for item in focus if isinstance(item, Node) and env.model.is_a(item.type, name)
            ]
        return _children(_step(name, model))
    return _children(_step(name, model), compile_tree(source, model))


_Step = Callable[[Environment, Item], Collection]
"""(environment, item) -> its children of one name."""


def _children(step: _Step, source: Evaluator = _focus) -> Evaluator:
    def children_of(env: Environment, focus: Collection) -> Collection:
        items = source(env, focus)
        if len(items) == 1:
            return step(env, items[0])
        found = [child for item in items for child in step(env, item)]
        env.steps.take(1 + len(found))
        return found

    return children_of


def _step(name: str, model: TypeModel) -> _Step:
    """Return what ``_child`` does for one name; quicker where the type has one child of the name,
    nothing stands beside it and it is no long list: nine of ten steps of an invariant.
    """
    plans: dict[str, tuple[str, str, str]] = {}
    always_there = name == "value"  # of a primitive, whatever its type has

    def step(env: Environment, item: Item) -> Collection:
        fields = item.value if item.__class__ is Node else None
        if fields.__class__ is not dict:
            is_bare = item.__class__ is Node and not item.extra and not isinstance(fields, dict)
            if always_there or not is_bare:
                return _child(env, item, name)
            env.steps.take(1)
            return []
        plan = plans.get(item.type)
        if plan is None:
            members = model.reachable(item.type, name)
            if len(members) != 1:
                return _child(env, item, name)
            member = members[0]
            beside = "_" + member.json_name if member.is_primitive else ""
            plan = plans[item.type] = member.json_name, member.type, beside
        json_name, kind, beside = plan
        if beside and beside in fields:
            return _child(env, item, name)
        value = fields.get(json_name)
        steps = env.steps
        if value is None:
            steps.take(1)
            return []
        if value.__class__ is not list:
            steps.take(2)
            return [typed_node(value, kind)]
        if len(value) >= _LONG:
            return _child(env, item, name)
        found = [typed_node(each, kind) for each in value if each is not None]
        steps.take(1 + len(found))
        return found

    return step


def _child(env: Environment, item: Item, name: str) -> Collection:
    steps = env.steps
    if isinstance(item, Node):
        if name == "value" and env.model.is_primitive(item.type):
            steps.take(1)
            value = text(item)  # a string whatever the type, as in HL7's validator
            return [] if value is None else [value]
        known = steps.lists.get((id(item.value), name, item.type))
        if known is not None:
            steps.take(1)
            return known[1]
        found = children(env.model, item, name)
        steps.take(1 + len(found))
        if len(found) >= _LONG:  # an expression may ask for them again for each of them
            steps.lists[id(item.value), name, item.type] = item.value, found
        return found
    steps.take(1)
    if isinstance(item, (type_tests.TypeInfo, Quantity)):
        return item.child(name)
    return []


def _call(
    source: Tree | None, name: str, arguments: tuple[Tree, ...], model: TypeModel
) -> Evaluator:
    found = FUNCTIONS.get(name)
    if found is None:
        raise FhirPathTypeError(f"there is no function {name}()")
    if not found.minimum <= len(arguments) <= found.maximum:
        raise FhirPathTypeError(
            f"{name}() takes {found.minimum} to {found.maximum} arguments, not {len(arguments)}"
        )
    inner = _focus if source is None else compile_tree(source, model)
    call = found.call
    if found.typed:
        wanted = _wanted(type_name(arguments[0]), name, model)
        return lambda env, focus: _spent(env, call(env, inner(env, focus), wanted))
    compiled = [
        _sort_key(argument, model) if name == "sort" else compile_tree(argument, model)
        for argument in arguments
    ]
    if found.lazy:
        return lambda env, focus: _spent(env, call(env, inner(env, focus), *compiled))
    if not compiled:
        return lambda env, focus: _spent(env, call(env, inner(env, focus)))
    if len(compiled) == 1:
        # on $this, not on the input: ``name.where(given.startsWith(family))`` means the name's
        # family
        only = compiled[0]
        return lambda env, focus: _spent(env, call(env, inner(env, focus), only(env, env.this)))
    return lambda env, focus: _spent(
        env, call(env, inner(env, focus), *[argument(env, env.this) for argument in compiled])
    )


def _spent(env: Environment, found: Collection) -> Collection:
    """A result, counted."""
    steps = env.steps
    steps.take(1 + len(found))
    if len(found) != 1 or found[0].__class__ is not bool:
        steps.take_text(found)
    return found


def _sort_key(tree: Tree, model: TypeModel) -> Evaluator:
    match tree:
        case Unary("-", operand):
            return Descending(compile_tree(operand, model))
        case _:
            return compile_tree(tree, model)


def _wanted(name: TypeName | None, function: str, model: TypeModel) -> TypeName:
    if name is None:
        raise FhirPathTypeError(f"{function}() needs the name of a type")
    if not model.nameable(name.namespace, name.name) and function != "is":
        raise FhirPathTypeError(f"there is no type {name.name}")
    return name


def _index(source: Evaluator, index: Evaluator) -> Evaluator:
    def item(env: Environment, focus: Collection) -> Collection:
        items, position = source(env, focus), index(env, env.this)
        number = plain(position[0]) if len(position) == 1 else None
        if isinstance(number, int) and 0 <= number < len(items):
            return [items[number]]
        return []

    return item


def _as(operand: Evaluator, name: TypeName, model: TypeModel) -> Evaluator:
    wanted = _wanted(name, "as", model)
    return lambda env, focus: type_tests.as_type(env, operand(env, focus), wanted)


def _where(source: Tree | None, criterion: Chosen, model: TypeModel) -> Evaluator:
    """Compile ``where()``: the items for which the criterion is true (N1, section 5.2.1)."""
    inner = _focus if source is None else compile_tree(source, model)

    def where(env: Environment, focus: Collection) -> Collection:
        items = inner(env, focus)
        found = [item for item, wanted in zip(items, criterion(env, items), strict=True) if wanted]
        return _spent(env, found)

    return where


def _extensions(source: Tree | None, url: str, model: TypeModel) -> Evaluator:
    """Compile ``extension()`` of a url that is written out, as most are."""
    inner = _focus if source is None else compile_tree(source, model)

    def extensions(env: Environment, focus: Collection) -> Collection:
        items = inner(env, focus)
        found = navigation.with_url(env, items, url) if items else []
        env.steps.take(1 + len(found))
        return found

    return extensions


def _binary(operator: str, left: Evaluator, right: Evaluator) -> Evaluator:
    operate = OPERATORS[operator]
    return lambda env, focus: _spent(env, operate(env, left(env, focus), right(env, focus)))
