"""Types as values: ``is``, ``as``, ``ofType()``, ``type()`` (N1, sections 5.1 and 6.3)."""

from __future__ import annotations

from decimal import Decimal

from ...economy.light_dataclass import dataclass
from ..errors import EvaluationError, FhirPathTypeError
from ..evaluation import Collection, Environment, function, typed
from ..model import SYSTEM_TYPES
from ..node import Item, Node
from ..quantity import Quantity
from ..syntax import TypeName
from ..temporal import Temporal

__all__ = ["TypeInfo", "as_type", "is_operator"]

_TEMPORAL = {"date": "Date", "dateTime": "DateTime", "time": "Time"}


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """A type as a value, as ``type()`` returns it; its children are ``namespace`` and ``name``."""

    namespace: str
    name: str

    def child(self, name: str) -> Collection:
        """Return the name or the namespace as a collection of one string; empty for any other
        child.
        """
        return [self.namespace] if name == "namespace" else [self.name] if name == "name" else []


def system_type(item: Item) -> str | None:
    """Return the name of a value's System type, None for an element of a resource."""
    if isinstance(item, bool):
        return "Boolean"
    if isinstance(item, int):
        return "Integer"
    if isinstance(item, Decimal):
        return "Decimal"
    if isinstance(item, str):
        return "String"
    if isinstance(item, Temporal):
        return _TEMPORAL[item.kind]
    if isinstance(item, Quantity):
        return "Quantity"
    return None


def _is(env: Environment, item: Item, wanted: TypeName) -> bool:
    system = system_type(item)
    if system is not None:
        return wanted.namespace in (None, "System") and (
            wanted.name == system or system == "Date" and wanted.name == "DateTime"
        )
    if not isinstance(item, Node) or wanted.namespace == "System":
        return False
    # a bare name of System's is not FHIR's, but for Quantity, which both have
    if wanted.namespace is None and wanted.name in SYSTEM_TYPES and wanted.name != "Quantity":
        return False
    return env.model.is_a(item.type, wanted.name)


@typed("is")
def is_(env: Environment, items: Collection, wanted: TypeName) -> Collection:
    """Tell whether the one item is of the type or of one that specialises it; empty for no item and
    for several (N1, section 6.3).
    """
    return [_is(env, items[0], wanted)] if len(items) == 1 else []


def is_operator(env: Environment, items: Collection, wanted: TypeName) -> Collection:
    """Evaluate ``items is type`` (N1, section 6.3): empty for no item, false for several.

    Of an element also true of the System type of that name, whatever the case, as in HL7's
    validator (que-7: ``answer is Boolean``).
    """
    if len(items) != 1:
        return [False] if items else []
    item = items[0]
    if (
        isinstance(item, Node)
        and wanted.namespace is None
        and item.type.lower() == wanted.name.lower()
    ):
        return [True]
    return [_is(env, item, wanted)]


def _selected(env: Environment, item: Item, wanted: TypeName) -> bool:
    if isinstance(item, Node):
        return wanted.namespace != "System" and env.model.instance_of(item.type, wanted.name)
    return wanted.namespace in (None, "System") and system_type(item) == wanted.name


def as_type(env: Environment, items: Collection, wanted: TypeName) -> Collection:
    """Return the item where it is of the type, else empty: ``items as type`` (N1, section 6.3).

    Raises EvaluationError for several items.
    """
    if len(items) > 1:
        raise EvaluationError(f"as needs one item, got {len(items)}")
    return [item for item in items if _selected(env, item, wanted)]


@typed("as")
def as_(env: Environment, items: Collection, wanted: TypeName) -> Collection:
    """Return the item where it is of the type, else empty: the function ``as()`` (N1, section 6.3).

    Raises EvaluationError for several items.
    """
    return as_type(env, items, wanted)


@typed("ofType")
def of_type(env: Environment, items: Collection, wanted: TypeName) -> Collection:
    """Return the items that are of the type, in order (N1, section 5.2.4)."""
    return [item for item in items if _selected(env, item, wanted)]


@function("type")
def type_(env: Environment, items: Collection) -> Collection:
    """Return the namespace and name of each item's type as a TypeInfo (N1, section 10.2).

    Raises FhirPathTypeError for an item that is a TypeInfo itself.
    """
    return [_info(env, item) for item in items]


def _info(env: Environment, item: Item) -> TypeInfo:
    system = system_type(item)
    if system is not None:
        return TypeInfo("System", system)
    if isinstance(item, Node):
        return TypeInfo("FHIR", env.model.ancestors(item.type)[0])
    raise FhirPathTypeError("a type has no type")
