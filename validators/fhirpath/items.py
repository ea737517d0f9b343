"""The items of a collection as values: what they are, what they read as, whether they are equal,
which comes first.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..terminology.ucum import UCUM
from .errors import EvaluationError
from .node import Item, Node
from .quantity import Quantity, Units
from .temporal import Temporal

__all__ = [
    "TEMPORAL",
    "boolean",
    "equal",
    "equivalent",
    "order",
    "plain",
    "same_parts",
    "singleton",
    "text",
    "truth",
]

_QUANTITIES = frozenset(
    {"Quantity", "Age", "Count", "Distance", "Duration", "Money", "SimpleQuantity", "MoneyQuantity"}
)
TEMPORAL = frozenset({"date", "dateTime", "instant", "time"})
"""Types whose values are compared as dates and times."""


def decimal(value: float | Decimal) -> Decimal:
    """Return a JSON number as Decimal: 0.1 is 0.1; a Decimal stays as it is.

    The digits of a float are those of the shortest form that reads back as the same float, so zeros
    at the end of the lexeme (``1.50``) are lost, as orjson has lost them.
    """
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def plain(item: Item) -> Any:
    """Return FHIRPath's own value of an item: of a primitive its value (None where it has none), of
    a Quantity a Quantity.

    Other elements are returned as they are. A date or time that is none reads as the text it is.
    """
    if not isinstance(item, Node):
        return item
    value, name = item.value, item.type
    if isinstance(value, dict):
        return _quantity(item) if name in _QUANTITIES else item
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float, Decimal)):
        return decimal(value) if name == "decimal" or isinstance(value, float) else value
    if name in TEMPORAL and isinstance(value, str):
        return Temporal.parse(value) or value
    return value


def _quantity(node: Node) -> Any:
    fields = node.value
    value = fields.get("value")
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float, Decimal))
        or fields.get("comparator")
    ):
        return node
    system, code = fields.get("system"), fields.get("code") or fields.get("currency")
    if code is None:
        return Quantity(
            decimal(value), fields.get("unit") or "1", system="" if fields.get("unit") else None
        )
    return Quantity(decimal(value), code, system=None if system == UCUM else system or "")


def text(item: Item) -> str | None:
    """Return an item as a string, as ``toString()`` has it; None for a primitive without value and
    for what has no string form.
    """
    value = plain(item)
    if isinstance(value, str):
        return value
    # before int, which a bool is in Python
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Temporal):
        return value.text
    return value.text() if isinstance(value, Quantity) else None


def is_number(value: Any) -> bool:
    """Tell whether a plain value is a number; a boolean, which Python takes for an int, is none."""
    # a bool is an int in Python
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def singleton(items: list[Item], what: str) -> Item | None:
    """Return the one item, None where there is none. Raises EvaluationError where there are
    several.
    """
    if len(items) > 1:
        raise EvaluationError(f"{what} needs one item, got {len(items)}")
    return items[0] if items else None


def boolean(item: Item) -> bool | None:
    """Return the value of a boolean; True for anything else (singleton evaluation, N1 section 4.5);
    None for a boolean without value.
    """
    if isinstance(item, Node):
        if item.type == "boolean":
            return item.value if isinstance(item.value, bool) else None
        return True
    return item if isinstance(item, bool) else True


def truth(items: list[Item]) -> bool | None:
    """Read a collection where a boolean is wanted; None for an empty one.

    Raises EvaluationError for several items.
    """
    if not items:
        return None
    if len(items) > 1:
        raise EvaluationError(f"a boolean is needed, got {len(items)} items")
    item = items[0]
    return item if item is True or item is False else boolean(item)


def equal(left: Item, right: Item, units: Units) -> bool | None:
    """Compare two items as ``=`` does (N1, section 6.1); None where it is open.

    Values of different types are equal where they read the same, as HL7's validator has it.
    """
    one, other = plain(left), plain(right)
    if one is None or other is None:
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    if is_number(one) and is_number(other):
        return bool(one == other)
    if isinstance(one, Temporal) and isinstance(other, Temporal):
        return one.equals(other)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        found = one.compare(other, units)
        return None if found is None else found == 0
    if isinstance(one, Node) or isinstance(other, Node):
        return (
            isinstance(one, Node) and isinstance(other, Node) and same_parts(one.value, other.value)
        )
    return text(one) == text(other)


def same_parts(one: Any, other: Any) -> bool:
    """Tell whether all that one JSON value says, the other says too: HL7's validator does not look
    for what only the right one has.

    Extensions of primitives do not count, and a primitive that has nothing else equals nothing.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [key for key in one if not (key.startswith("_") and key[1:] in one)]
        return all(
            key in other and not key.startswith("_") and same_parts(one[key], other[key])
            for key in keys
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_parts, one, other))
    return bool(one == other)


def equivalent(left: Item, right: Item, units: Units) -> bool:
    """Compare two items as ``~`` does (N1, section 6.1): strings without case, numbers to the fewer
    decimals, elements by their parts in any order.
    """
    one, other = plain(left), plain(right)
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    if is_number(one) and is_number(other):
        return _rounded_alike(Decimal(one), Decimal(other))
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return _same_amount(one, other, units)
    if isinstance(one, Node) and isinstance(other, Node):
        return bool(_normal(one.value) == _normal(other.value))
    return equal(one, other, units) is True


def _rounded_alike(one: Decimal, other: Decimal) -> bool:
    places = min(_scale(one), _scale(other))
    step = Decimal(1).scaleb(-places)
    return one.quantize(step, ROUND_HALF_UP) == other.quantize(step, ROUND_HALF_UP)


def _scale(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _same_amount(one: Quantity, other: Quantity, units: Units) -> bool:
    if one.system == other.system and one.code == other.code:
        return _rounded_alike(one.value, other.value)
    if one.system is None and other.system is None:
        ours, theirs = (
            units.canonical(one.value, one.code),
            units.canonical(other.value, other.code),
        )
        if ours is None or theirs is None or ours[1] != theirs[1]:
            return False
        digits = min(
            len(one.value.normalize().as_tuple().digits),
            len(other.value.normalize().as_tuple().digits),
        )
        return f"{ours[0]:.{digits - 1}e}" == f"{theirs[0]:.{digits - 1}e}"
    return False


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _normal(part) for key, part in value.items()}
    if isinstance(value, list):
        return sorted(repr(_normal(part)) for part in value)
    return value.lower() if isinstance(value, str) else value


def order(left: Item, right: Item, units: Units) -> int | None:
    """Return -1, 0 or 1 as the left item comes before the right one, with it or after it (N1,
    section 6.2); None where precision or units leave it open.

    Raises EvaluationError where the types cannot be compared.
    """
    one, other = plain(left), plain(right)
    if isinstance(one, str) and isinstance(other, str) or is_number(one) and is_number(other):
        return int(one > other) - int(one < other)
    if (
        isinstance(one, Temporal)
        and isinstance(other, Temporal)
        and (one.kind == "time") == (other.kind == "time")
    ):
        return one.compare(other)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return one.compare(other, units)
    raise EvaluationError(f"cannot compare {_named(left)} and {_named(right)}")


def _named(item: Item) -> str:
    return item.type if isinstance(item, Node) else type(item).__name__
