"""fixed[x], pattern[x], minValue[x], maxValue[x], maxLength of an ElementDefinition (FHIR R4,
section 5.3.5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .. import fhirpath
from ..checks.check import Check, Issues, union
from ..checks.exactness import InexactNumberError
from ..checks.rule import Asked, Rule
from ..checks.surroundings import Scope
from ..definitions.exact_decimals import json_text
from ..fhirpath import FhirPathError
from ..schema import Property
from ..terminology.ucum import UCUM
from ..values.primitives import utf16_length
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE", "mismatch_of_fixed", "mismatch_of_pattern", "same"]

_MEASURED = frozenset(
    {"string", "code", "uri", "url", "canonical", "oid", "uuid", "date", "dateTime"}
)
"""The types whose maxLength HL7's validator looks at."""
_DURATIONS = frozenset({"Quantity", "Duration", "Age"})
_MOMENTS = {"date": "today()", "dateTime": "now()", "instant": "now()"}
"""A duration as bound of a date or time counts from the time of validation: the minimum back, the
maximum forth.
"""
_UNITS = {
    "a": "years",
    "mo": "months",
    "wk": "weeks",
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
}


FIXED_VALUE = Declaration(
    "fixed-value",
    "error",
    "value",
    "Value does not match the fixed value {expected} (at {where})",
    "a value is the one that a profile fixes",
    section="5.3.5",
    reference=("_DT_Fixed_Wrong",),
)
PATTERN = Declaration(
    "pattern",
    "error",
    "value",
    "Value does not match the pattern {expected} (at {where})",
    "a value has all that a profile's pattern has",
    section="5.3.5",
    reference=("TYPE_CHECKS_PATTERN_CC", "Terminology_TX_Coding_Count"),
)
MAX_LENGTH = Declaration(
    "max-length",
    "error",
    "too-long",
    "value is longer than permitted maximum length of {limit}",
    "a value is no longer than its element allows",
    section="5.3.5",
)
MINIMUM_VALUE = Declaration(
    "minimum-value",
    "error",
    "value",
    "value is not within the permitted minimum value of {limit}",
    "a value is not below the minimum of its element",
    section="5.3.5",
)
MAXIMUM_VALUE = Declaration(
    "maximum-value",
    "error",
    "value",
    "value is not within the permitted maximum value of {limit}",
    "a value is not above the maximum of its element",
    section="5.3.5",
)


def build(prop: Property, compilation: Compilation) -> Check | None:
    """Return the check of what an element says of a value itself (FHIR R4, section 5.3.5): the
    fixed value, the pattern, the maximum length, the minimum and the maximum. None where it says
    nothing.
    """
    element = prop.element
    checks: list[Check] = []
    if element.fixed is not None:
        unmet = _unmet(element.fixed[1], prop, compilation)
        checks.append(_value(element.fixed[1], FIXED_VALUE, mismatch_of_fixed, unmet))
    if element.pattern is not None:
        unmet = _unmet(element.pattern[1], prop, compilation)
        checks.append(_value(element.pattern[1], PATTERN, mismatch_of_pattern, unmet))
    if element.max_length and prop.type in _MEASURED:
        checks.append(_length(element.max_length))
    for bound, operator, fault in (
        (element.min_value, ">=", MINIMUM_VALUE),
        (element.max_value, "<=", MAXIMUM_VALUE),
    ):
        if bound is not None and (check := _bound(bound, operator, fault, prop)) is not None:
            checks.append(check)
    return union(checks)


def same(one: Any, expected: Any) -> bool:
    """Tell whether a JSON value is the expected one; of numbers the digits count, so that neither
    1.0 nor 1e0 is 1.

    Raises InexactNumberError where the value is equal, and a float.
    """
    if type(one) is bool or type(expected) is bool:
        return one is expected
    if not isinstance(one, (int, float, Decimal)) or not isinstance(
        expected, (int, float, Decimal)
    ):
        return bool(one == expected)
    ours, theirs = Decimal(str(one)), Decimal(str(expected))
    if ours != theirs:
        return False
    if isinstance(one, float):
        raise InexactNumberError
    return ours.as_tuple() == theirs.as_tuple()


def mismatch_of_fixed(value: Any, expected: Any, path: str = "") -> str | None:
    """Return the path to the first place where a value differs from a fixed one; None where it does
    not.
    """
    if expected.__class__ is str:
        return None if value == expected else path or "value"
    if isinstance(expected, dict):
        if not isinstance(value, dict):
            return path or "value"
        names = [n for n in expected if n != "id"] + [
            n for n in value if n not in expected and n != "id"
        ]
        return next(
            (
                m
                for n in names
                if (
                    m := mismatch_of_fixed(value.get(n), expected.get(n), f"{path}.{n}".lstrip("."))
                )
                is not None
            ),
            None,
        )
    if isinstance(expected, list):
        # Each list by itself: the reference validator compares family and given names as one list,
        # so that a fixed HumanName never holds for it (docs/differences.md).
        if not isinstance(value, list) or len(value) != len(expected):
            return path or "value"
        return next(
            (
                m
                for n, (v, e) in enumerate(zip(value, expected, strict=True))
                if (m := mismatch_of_fixed(v, e, f"{path}[{n}]")) is not None
            ),
            None,
        )
    return None if same(value, expected) else path or "value"


def mismatch_of_pattern(value: Any, expected: Any, path: str = "") -> str | None:
    """Return the path to the first place where a value lacks what a pattern has; None where it has
    all of it: of a list, each item somewhere.
    """
    if expected.__class__ is str:
        return None if value == expected else path or "value"
    if isinstance(expected, dict):
        if not isinstance(value, dict):
            return path or "value"
        for name, wanted in expected.items():
            found = value.get(name)
            if wanted.__class__ is str and found == wanted:
                continue
            where = mismatch_of_pattern(found, wanted, f"{path}.{name}" if path else name)
            if where is not None:
                return where
        return None
    if isinstance(expected, list):
        if not isinstance(value, list):
            return path or "value"
        return next(
            (
                f"{path}[{n}]"
                for n, e in enumerate(expected)
                if not any(mismatch_of_pattern(v, e) is None for v in value)
            ),
            None,
        )
    return None if same(value, expected) else path or "value"


def _value(
    expected: Any,
    fault: Declaration,
    mismatch: Callable[[Any, Any], str | None],
    unmet: str | None,
) -> Check:
    """Return the check of a fixed value or a pattern; ``unmet`` is a place that never holds."""
    shown = json_text(expected).decode()[:200]

    is_text = expected.__class__ is str and unmet is None

    def check(value: Any, scope: Scope) -> Issues:
        if is_text and value == expected:
            return None
        where = mismatch(value, expected) or unmet
        return None if where is None else [Issue.of(fault(expected=shown, where=where))]

    return check


def _unmet(expected: Any, prop: Property, compilation: Compilation) -> str | None:
    """Return the place in a fixed value or pattern that no value ever has.

    The reference validator compares a date inside a Period, or inside any other object, with a text
    for display, and a store that embeds it refuses every such line. Values that tell slices apart
    it cannot evaluate, and of a date by itself HL7's own case says that it holds; there R4 holds,
    and nothing is unmet (docs/differences.md).
    """
    alone = prop.is_primitive or ":" in prop.element.id
    return None if alone else _moment(expected, prop.type, compilation)


def _moment(expected: Any, name: str, compilation: Compilation, path: str = "") -> str | None:
    """Return the path to the first date, dateTime or instant in a fixed value or pattern."""
    if name in _MOMENTS:
        return path or "value"
    if isinstance(expected, list):
        places = (_moment(one, name, compilation, f"{path}[{n}]") for n, one in enumerate(expected))
        return next((place for place in places if place), None)
    if not isinstance(expected, Mapping) or compilation.schema.kind(name) is None:
        return None
    known = compilation.schema.properties(name)
    inside = (
        _moment(one, known[n].type, compilation, f"{path}.{n}".lstrip("."))
        for n, one in expected.items()
        if n in known
    )
    return next((place for place in inside if place), None)


def _length(limit: int) -> Check:
    def check(value: Any, scope: Scope) -> Issues:
        if type(value) is not str or utf16_length(value) <= limit:
            return None
        return [Issue.of(MAX_LENGTH(limit=limit))]

    return check


def _bound(
    bound: tuple[str, Any], operator: str, fault: Declaration, prop: Property
) -> Check | None:
    kind, limit = bound
    literal = str(limit)
    if kind in _DURATIONS and prop.type in _MOMENTS:
        literal = (
            f"({_MOMENTS[prop.type]} {'-' if fault is MINIMUM_VALUE else '+'} "
            f"{limit.get('value')} {_UNITS.get(limit.get('code'), 'days')})"
        )
    elif kind in ("Date", "DateTime", "Instant"):
        literal = "@" + literal
    elif kind == "Time":
        literal = "@T" + literal
    elif kind in _DURATIONS:
        return _quantity_bound(limit, fault) if "value" in limit else None
    try:
        expression = fhirpath.compile(f"$this {operator} {literal}", prop.type)
    except fhirpath.FhirPathError:
        return None  # a bound that is no value of its type bounds nothing

    def check(value: Any, scope: Scope) -> Issues:
        try:
            if expression.evaluate(value) != [False]:
                return None
        except FhirPathError:  # no date at all, which its format's rule says
            return None
        return [Issue.of(fault(limit=literal.lstrip("@")))]

    return check


def _quantity_bound(limit: Mapping[str, Any], fault: Declaration) -> Check:
    """Return the check of a Quantity's bound, for values in its unit; another unit of UCUM cannot
    be compared, which HL7's validator does not let pass.
    """
    system, code, most = limit.get("system"), limit.get("code"), Decimal(str(limit.get("value")))
    found = fault(limit=f"{limit.get('value')} {code}")

    def check(value: Any, scope: Scope) -> Issues:
        number, unit = value.get("value"), value.get("code")
        if number is None or not unit or not system or not code or value.get("system") != system:
            return None
        if unit == code:
            beyond = isinstance(number, (int, float, Decimal)) and (
                Decimal(str(number)) < most
                if fault is MINIMUM_VALUE
                else Decimal(str(number)) > most
            )
        else:
            beyond = system == UCUM
        return [Issue.of(found)] if beyond else None

    return check


RULE = Rule("fixed values, patterns and bounds", ("value", "narrowed"), build, Asked())
