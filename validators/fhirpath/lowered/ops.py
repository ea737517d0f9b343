"""Op tree -> closure: an op tree of ``condition`` as a Python function on one decoded JSON
object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias, assert_never

from ...patterns import pattern
from ..among import AmongParts
from ..errors import UndecidedError
from ..scope import EvaluationScope
from ..temporal import Temporal
from .condition import (
    SIGNS,
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

__all__ = ["Check", "closure"]

Check: TypeAlias = Callable[[Any, EvaluationScope], bool]
Json: TypeAlias = dict[str, Any]

_DAY, _MOMENT = len("2020-01-01"), len("2020-01-01T00:00:00Z")


def closure(op: Op) -> Check:  # noqa: C901  # one case an op
    """Compile an op tree to a function of a JSON object and a scope. It raises nothing, whatever
    the object holds.
    """
    match op:
        case Const(value):
            return lambda o, s: value
        case And(ops):
            return _and([closure(part) for part in ops])
        case Or(ops):
            return _or([closure(part) for part in ops])
        case Not(inner):
            return _not(inner)
        case Has(keys):
            return _has(keys)
        case NotBlank(keys):
            return _not_blank(keys)
        case Is(keys, literals):
            return _is(keys, literals)
        case Each(key, literals):
            return _each(key, literals)
        case NumberIs(keys, sign, literal):
            return _number(keys, sign, literal)
        case Prefix(keys, text):
            return _text(keys, lambda value: value.startswith(text))
        case Part(keys, text):
            return _text(keys, lambda value: text in value)
        case Match(keys, text):
            return _text(keys, _matches(text))
        case Count(groups, sign, number):
            return _count(groups, sign, number)
        case Dates(left, sign, right):
            return _dates(left, sign, right)
        case One(keys, inner):
            return _one(keys, closure(inner))
        case Some(keys, inner):
            return _some(keys, closure(inner))
        case Distinct(steps, key):
            return _distinct([(keys, closure(inner)) for keys, inner in steps], key)
        case Shares(key, path):
            return _shares(key, path)
        case Contained(keys):
            return _contained(keys)
        case OnResource(inner):
            on_resource = closure(inner)
            return lambda o, s: isinstance(s.resource, dict) and on_resource(s.resource, s)
        case _:
            assert_never(op)


def _and(parts: list[Check]) -> Check:
    if len(parts) == 2:
        first, second = parts
        return lambda o, s: first(o, s) and second(o, s)

    def check(o: Json, s: EvaluationScope) -> bool:
        for part in parts:  # noqa: SIM110  # all() with a generator takes twice as long
            if not part(o, s):
                return False
        return True

    return check


def _or(parts: list[Check]) -> Check:
    if len(parts) == 2:
        first, second = parts
        return lambda o, s: first(o, s) or second(o, s)

    def check(o: Json, s: EvaluationScope) -> bool:
        for part in parts:  # noqa: SIM110  # as above
            if part(o, s):
                return True
        return False

    return check


def _not(op: Op) -> Check:
    if isinstance(op, Has) and len(op.keys) == 1:
        key = op.keys[0]
        return lambda o, s: key not in o
    inner = closure(op)
    return lambda o, s: not inner(o, s)


def _has(keys: tuple[str, ...]) -> Check:
    if len(keys) == 1:
        only = keys[0]
        return lambda o, s: only in o
    if len(keys) == 2:
        first, second = keys
        return lambda o, s: first in o or second in o

    def check(o: Json, s: EvaluationScope) -> bool:
        for key in keys:  # noqa: SIM110  # as above
            if key in o:
                return True
        return False

    return check


def _not_blank(keys: tuple[str, ...]) -> Check:
    if len(keys) == 1:
        only = keys[0]
        return lambda o, s: o.get(only) not in (None, "")
    return lambda o, s: any(o.get(key) not in (None, "") for key in keys)


def _is(keys: tuple[str, ...], literals: tuple[Any, ...]) -> Check:
    if len(keys) == 1 and len(literals) == 1:
        key, literal = keys[0], literals[0]
        if isinstance(literal, bool):
            # 1 == True in Python, but the number is no boolean
            return lambda o, s: o.get(key) is literal
        return lambda o, s: o.get(key) == literal
    if len(keys) == 1:
        only = keys[0]
        return lambda o, s: o.get(only) in literals
    return lambda o, s: any(o[key] in literals for key in keys if key in o)


def _each(key: str, literals: tuple[Any, ...]) -> Check:
    def check(o: Json, s: EvaluationScope) -> bool:
        values = o.get(key)
        return isinstance(values, list) and all(value in literals for value in values)

    return check


def _number(keys: tuple[str, ...], sign: str, literal: float) -> Check:
    compare = SIGNS[sign]

    def check(o: Json, s: EvaluationScope) -> bool:
        for key in keys:
            value = o.get(key)
            if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
                return compare(value, literal)
        return False

    return check


def _text(keys: tuple[str, ...], test: Callable[[str], bool]) -> Check:
    def check(o: Json, s: EvaluationScope) -> bool:
        for key in keys:
            value = o.get(key)
            if isinstance(value, str):
                return test(value)
        return False

    return check


def _matches(text: str) -> Callable[[str], bool]:
    found = pattern(text, dot_all=True).found

    def matches(value: str) -> bool:
        answer = found(value)
        if answer is None:
            raise UndecidedError("a regular expression")
        return answer and value != ""

    return matches


def _count(groups: tuple[tuple[str, ...], ...], sign: str, number: int) -> Check:
    compare = SIGNS[sign]

    def check(o: Json, s: EvaluationScope) -> bool:
        total = 0
        for group in groups:
            # a value and its companion are one item; of two arrays the longer one counts
            most = 0
            for key in group:
                if key in o:
                    value = o[key]
                    most = max(most, len(value) if isinstance(value, list) else 1)
            total += most
        return compare(total, number)

    return check


def _first(o: Json, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if key in o:
            return o[key]
    return None


def order_of_dates(one: str, other: str) -> int | None:
    """Return -1, 0 or 1 as one date is earlier than the other, the same or later; None where
    precision does not decide or one is no date. Two that are no dates compare as strings, as
    FHIRPath's own operators have it.

    Whole days compare as text; moments to the second or finer by Python's clock.
    """
    if len(one) == len(other) == _DAY:
        return (one > other) - (one < other)
    if len(one) >= _MOMENT and len(other) >= _MOMENT:
        try:
            first, second = datetime.fromisoformat(one), datetime.fromisoformat(other)
            return (first > second) - (first < second)
        except (TypeError, ValueError):
            pass  # one without time zone, or none at all: the exact reading below decides
    left, right = Temporal.parse(one), Temporal.parse(other)
    if left is None and right is None:
        return (one > other) - (one < other)
    if left is None or right is None or left.kind == "time" or right.kind == "time":
        return None
    return left.compare(right)


def _dates(left: tuple[str, ...], sign: str, right: tuple[str, ...]) -> Check:
    compare = SIGNS[sign]

    def check(o: Json, s: EvaluationScope) -> bool:
        one, other = _first(o, left), _first(o, right)
        if not isinstance(one, str) or not isinstance(other, str):
            return False
        found = order_of_dates(one, other)
        return found is not None and compare(found, 0)

    return check


def _one(keys: tuple[str, ...], inner: Check) -> Check:
    if len(keys) == 1:
        only = keys[0]

        def check_one(o: Json, s: EvaluationScope) -> bool:
            value = o.get(only)
            return isinstance(value, dict) and inner(value, s)

        return check_one

    def check(o: Json, s: EvaluationScope) -> bool:
        value = _first(o, keys)
        return isinstance(value, dict) and inner(value, s)

    return check


def _some(keys: tuple[str, ...], inner: Check) -> Check:
    def check(o: Json, s: EvaluationScope) -> bool:
        for key in keys:
            values = o.get(key)
            if isinstance(values, list):
                for value in values:
                    if isinstance(value, dict) and inner(value, s):
                        return True
        return False

    return check


def _distinct(walk: list[tuple[tuple[str, ...], Check]], key: str) -> Check:
    companion = "_" + key

    def reach(o: Json, s: EvaluationScope, level: int) -> Iterator[Json]:
        if level == len(walk):
            yield o
            return
        keys, condition = walk[level]
        for name in keys:
            value = o.get(name)
            for child in value if isinstance(value, list) else (value,):
                if isinstance(child, dict) and condition(child, s):
                    yield from reach(child, s, level + 1)

    def check(o: Json, s: EvaluationScope) -> bool:
        seen: set[Any] = set()
        for found in reach(o, s, 0):
            if key in found or companion in found:
                value = found.get(key)
                if isinstance(value, (dict, list)) or value in seen:
                    return False
                seen.add(value)
        return True

    return check


_COMPARISONS = 500
"""Objects that one list of objects may be compared with: those that look alike, not all."""


def _shares(key: str, path: tuple[str, ...]) -> Check:
    among_theirs = _IndexedParts()

    def check(o: Json, s: EvaluationScope) -> bool:
        ours = o.get(key)
        theirs: Any = s.resource
        for name in path:
            theirs = theirs.get(name) if isinstance(theirs, dict) else None
        if not isinstance(ours, list) or not isinstance(theirs, list):
            return False
        among, left = among_theirs(theirs), _COMPARISONS + len(ours)

        def take(number: int) -> None:
            nonlocal left
            left -= number
            if left < 0:
                raise UndecidedError("a comparison of all with all")

        return any(among.has(our, take) for our in ours)

    return check


class _IndexedParts:
    """The objects of a list, kept for the last list that was asked about: every element of one
    resource asks about the same.
    """

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._among = AmongParts()

    def __call__(self, values: list[Any]) -> AmongParts:
        if values is not self._values:
            self._values, self._among = values, AmongParts(values)
        return self._among


class _Indexed:
    """The ids of the resources in a list, kept for the last list that was asked about: every
    Reference of one resource asks about the same.
    """

    def __init__(self) -> None:
        self._resources: list[Any] = []
        self._ids: frozenset[str] = frozenset()

    def __call__(self, resources: list[Any]) -> frozenset[str]:
        if resources is not self._resources:
            found = (resource.get("id") for resource in resources if isinstance(resource, dict))
            self._resources, self._ids = (
                resources,
                frozenset(one for one in found if isinstance(one, str)),
            )
        return self._ids


def _contained(keys: tuple[str, ...]) -> Check:
    ids = _Indexed()

    def check(o: Json, s: EvaluationScope) -> bool:
        value = _first(o, keys)
        contained = s.root.get("contained") if isinstance(s.root, dict) else None
        if not isinstance(value, str) or len(value) < 2 or not isinstance(contained, list):
            return False
        return value[1:] in ids(contained)

    return check
