"""Functions that choose from, count and combine collections (N1, sections 5.1 to 5.4)."""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any

from ..among import AmongItems
from ..errors import EvaluationError, UndecidedError
from ..evaluation import Collection, Descending, Environment, Evaluator, function, lazy
from ..items import boolean, equal, order, plain, singleton, truth
from ..node import Item, Node
from ..operators import among_items, union

__all__ = ["present"]

_MOST_VALUES, _MOST_ELEMENTS = 2_000, 100_000
"""More values or elements than these, and ``repeat()`` gives up: ``repeat($this & 'x')``
has no end of its own.
"""


def present(item: Item) -> bool:
    """Tell whether an item counts for exists() and empty(): an element without value and children
    does not, nor a resource of nothing but its type.
    """
    if not isinstance(item, Node):
        return True
    return (
        item.value not in (None, {}, [])
        and (item.value.__class__ is not dict or item.value.keys() != {"resourceType"})
        or bool(item.extra)
    )


@function("all", 0, 1)
def all_(env: Environment, items: Collection) -> Collection:
    """Tell whether every item is a true boolean; true for no item (N1, section 5.1.3).

    Raises EvaluationError where an item is no boolean. With criteria ``truths`` compiles it.
    """
    return [all(_strict(item) is True for item in items)]


def _strict(item: Item) -> bool | None:
    value = plain(item)
    if isinstance(value, bool) or isinstance(item, Node) and item.type == "boolean":
        return boolean(item)
    raise EvaluationError("a collection of booleans is needed")


def _all_of(items: Collection, wanted: bool) -> bool:
    # a list: an item that is no boolean is an error even behind one that decides
    return all(value is wanted for value in list(map(_strict, items)))


def _any_of(items: Collection, wanted: bool) -> bool:
    return any(value is wanted for value in list(map(_strict, items)))


@function("allTrue")
def all_true(env: Environment, items: Collection) -> Collection:
    """Tell whether every item is true; true for no item (N1, section 5.1.4).

    Raises EvaluationError for an item that is no boolean.
    """
    return [_all_of(items, True)]


@function("anyTrue")
def any_true(env: Environment, items: Collection) -> Collection:
    """Tell whether one of the items is true (N1, section 5.1.5).

    Raises EvaluationError for an item that is no boolean.
    """
    return [_any_of(items, True)]


@function("allFalse")
def all_false(env: Environment, items: Collection) -> Collection:
    """Tell whether every item is false; true for no item (N1, section 5.1.6).

    Raises EvaluationError for an item that is no boolean.
    """
    return [_all_of(items, False)]


@function("anyFalse")
def any_false(env: Environment, items: Collection) -> Collection:
    """Tell whether one of the items is false (N1, section 5.1.7).

    Raises EvaluationError for an item that is no boolean.
    """
    return [_any_of(items, False)]


@lazy("select", 1)
def select(env: Environment, items: Collection, projection: Evaluator) -> Collection:
    """Return what the projection gives for each item, all in one collection and in order (N1,
    section 5.2.2).
    """
    return [
        found
        for index, item in enumerate(items)
        for found in projection(env.inner(item, index), [item])
    ]


@lazy("repeat", 1)
def repeat(env: Environment, items: Collection, projection: Evaluator) -> Collection:
    """Return what the projection gives for the items, for what it gave then, and so on until
    nothing new comes (N1, section 5.2.3).

    Raises UndecidedError for more than 2000 values or 100000 elements.
    """
    result: Collection = []
    seen: set[int] = set()
    values = among_items(env, ())
    current = list(items)
    while current:
        fresh: Collection = []
        for item in current:
            for found in projection(env.inner(item), [item]):
                if _new(found, values, seen):
                    result.append(found)
                    fresh.append(found)
        if len(result) - len(seen) > _MOST_VALUES or len(seen) > _MOST_ELEMENTS:
            raise UndecidedError("repeat()")
        current = fresh
    return result


def _new(found: Item, values: AmongItems, seen: set[int]) -> bool:
    """Tell whether an item was not found before: objects by identity, so that ``resolve()`` in a
    circle ends; values by equality.
    """
    if isinstance(found, Node) and isinstance(found.value, dict):
        if id(found.value) in seen:
            return False
        seen.add(id(found.value))
        return True
    if values.has(found):
        return False
    values.add(found)
    return True


@lazy("aggregate", 1, 2)
def aggregate(
    env: Environment, items: Collection, aggregator: Evaluator, start: Evaluator | None = None
) -> Collection:
    """Return the last ``$total`` of an aggregator that is evaluated on one item after the other
    (N1, section 7.1).

    ``$total`` is empty at first, or what ``start`` evaluates to.
    """
    total: Collection = [] if start is None else start(env, env.this)
    for index, item in enumerate(items):
        inner = env.inner(item, index)
        inner.total = total
        total = aggregator(inner, [item])
    return total


@lazy("iif", 2, 3)
def iif(
    env: Environment,
    items: Collection,
    criterion: Evaluator,
    then: Evaluator,
    otherwise: Evaluator | None = None,
) -> Collection:
    """Evaluate ``then`` where the criterion is true, else ``otherwise``; empty where there is none
    (N1, section 5.5).

    Raises EvaluationError for several items, and for a criterion that gives several items or one
    that is no boolean.
    """
    item = singleton(items, "iif()")
    answers = criterion(env if item is None else env.inner(item), items)
    answer = truth(answers)
    # anywhere else any one item counts as true
    if answer is True and not isinstance(plain(answers[0]), bool):
        raise EvaluationError("iif() needs a boolean")
    if answer is True:
        return then(env, items)
    return [] if otherwise is None else otherwise(env, items)


@function("count")
def count(env: Environment, items: Collection) -> Collection:
    """Count the items (N1, section 5.1.10)."""
    return [len(items)]


@function("first")
def first(env: Environment, items: Collection) -> Collection:
    """Return the first item, empty for no item (N1, section 5.3.3)."""
    return items[:1]


@function("last")
def last(env: Environment, items: Collection) -> Collection:
    """Return the last item, empty for no item (N1, section 5.3.4)."""
    return items[-1:]


@function("tail")
def tail(env: Environment, items: Collection) -> Collection:
    """Return all items but the first (N1, section 5.3.5)."""
    return items[1:]


def _number(argument: Collection, name: str) -> int:
    value = plain(argument[0]) if len(argument) == 1 else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise EvaluationError(f"{name}() needs an integer")
    return value


@function("skip", 1)
def skip(env: Environment, items: Collection, number: Collection) -> Collection:
    """Return all items but the first ``number``; all of them for a negative number (N1, section
    5.3.6).

    Raises EvaluationError where the number is not one integer.
    """
    return items[max(0, _number(number, "skip")) :]


@function("take", 1)
def take(env: Environment, items: Collection, number: Collection) -> Collection:
    """Return the first ``number`` items; none of them for a negative number (N1, section 5.3.7).

    Raises EvaluationError where the number is not one integer.
    """
    return items[: max(0, _number(number, "take"))]


@function("single")
def single(env: Environment, items: Collection) -> Collection:
    """Return the one item, empty for no item (N1, section 5.3.2). Raises EvaluationError for
    several.
    """
    if len(items) > 1:
        raise EvaluationError(f"single() got {len(items)} items")
    return items


@function("distinct")
def distinct(env: Environment, items: Collection) -> Collection:
    """Return the items without those that equal an earlier one, in order (N1, section 5.1.11)."""
    return union(env, items, [])


@function("isDistinct")
def is_distinct(env: Environment, items: Collection) -> Collection:
    """Tell whether no two items are equal (N1, section 5.1.12).

    Empty where no pair is equal, but a pair is there whose equality is open.
    """
    values = [plain(item) for item in items]
    # a set: to compare all pairs of thousands of texts would use up the steps
    if all(isinstance(value, str) for value in values):
        return [len(set(values)) == len(values)]
    units, undecided = env.scope.hooks.units, False
    for position, item in enumerate(items):
        env.steps.take(len(items) - position)
        for other in items[position + 1 :]:
            found = equal(other, item, units)
            if found:
                return [False]
            undecided = undecided or found is None
    return [] if undecided else [True]


@function("union", 1)
def union_function(env: Environment, items: Collection, other: Collection) -> Collection:
    """Return the items of both collections without duplicates, in order (N1, section 5.4.1)."""
    return union(env, items, other)


@function("combine", 1)
def combine(env: Environment, items: Collection, other: Collection) -> Collection:
    """Return the items of both collections, duplicates too (N1, section 5.4.2)."""
    return items + other


@function("intersect", 1)
def intersect(env: Environment, items: Collection, other: Collection) -> Collection:
    """Return the items that the other collection has, too, without duplicates (N1, section
    5.3.8).
    """
    found: Collection = []
    theirs, ours = among_items(env, other), among_items(env, ())
    for item in items:
        if theirs.has(item) and not ours.has(item):
            found.append(item)
            ours.add(item)
    return found


@function("exclude", 1)
def exclude(env: Environment, items: Collection, other: Collection) -> Collection:
    """Return the items that the other collection does not have, with duplicates and in order (N1,
    section 5.3.9).
    """
    among = among_items(env, other)
    return [item for item in items if not among.has(item)]


@function("subsetOf", 1)
def subset_of(env: Environment, items: Collection, other: Collection) -> Collection:
    """Tell whether the other collection has every item; true for no item (N1, section 5.1.8)."""
    among = among_items(env, other)
    return [all(among.has(item) for item in items)]


@function("supersetOf", 1)
def superset_of(env: Environment, items: Collection, other: Collection) -> Collection:
    """Tell whether these are all items of the other collection and perhaps more (N1, section
    5.1.9).
    """
    among = among_items(env, items)
    return [all(among.has(item) for item in other)]


@lazy("sort", 0, 10)
def sort(env: Environment, items: Collection, *keys: Evaluator) -> Collection:
    """Sort the items by the keys, each ascending, or descending where it begins with ``-``; by the
    items as they are where no key is given (FHIRPath STU 3).

    Items without a key come first in either case. Raises EvaluationError where a key gives several
    items, or values of types that cannot be compared.
    """
    criteria = [(key, -1 if isinstance(key, Descending) else 1) for key in keys] or [(_itself, 1)]
    units = env.scope.hooks.units

    def key_of(item: Item, key: Evaluator) -> Any:
        return singleton(key(env.inner(item), [item]), "sort()")

    def compare(one: Item, other: Item) -> int:
        for key, direction in criteria:
            left, right = key_of(one, key), key_of(other, key)
            if left is None or right is None:
                found = (left is not None) - (right is not None)
            else:
                found = (order(left, right, units) or 0) * direction
            if found:
                return found
        return 0

    return sorted(items, key=cmp_to_key(compare))


def _itself(env: Environment, focus: Collection) -> Collection:
    return focus
