"""Places of sites: where in a line a value stands, and what is known of it there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from ..economy.memory import Memory
from ..schema import Property, Schema, TypeSchema
from .decoded_line import Step
from .questions import NeedsContextError, Nowhere, Outermost
from .table import Table

__all__ = ["BESIDE", "OfContained", "OfLine", "SitePlace", "Places", "held"]

BESIDE: Final = "Element"
"""The type of what stands beside a primitive, whose extensions know the element: another walk."""
_ITEM, _TYPE = 1 << 31, 1 << 30
"""Mark the steps of a path that are no names: positions in arrays, types of resources."""
_PLACES: Final = 16_384
"""Places that are remembered: some 16 MB at the most."""


class OfLine(Outermost):
    """The scope of a value in a line's own resource, which is no Bundle."""

    __slots__ = ()
    enclosed = False


class OfContained(Nowhere):
    """The scope of a value in a contained resource."""

    __slots__ = ()
    enclosed = False


class OfEntry(Nowhere):
    """The scope of a value in the resource of an entry."""

    __slots__ = ()
    enclosed = True


class SitePlace(NamedTuple):
    """Where a value stands.

    location      of the value
    owner         the location of the object that has the property
    of            the type of that object, the property, and whether the value is an item of the
                  property's array; None of a resource
    held          the type of the value's members, None where it is a primitive
    around        the scope in which nothing but the value is known
    steps         the way to it from the line's own resource
    """

    location: str
    owner: str
    of: tuple[TypeSchema, Property, bool] | None
    held: TypeSchema | None
    around: type[Nowhere]
    steps: Sequence[Step]


class Places:
    """The places that paths lead to; one per validator, not thread-safe."""

    def __init__(self, schema: Schema, table: Table) -> None:
        self._schema = schema
        self._table = table
        self._memory = Memory(_PLACES)
        self._places: dict[bytes, SitePlace] = self._memory.table()

    def at(self, path: bytes) -> SitePlace:
        """Return the place that the words of a path lead to."""
        return self._places.get(path) or self._found(path)

    def _found(self, path: bytes) -> SitePlace:
        schema = self._schema
        kind, *steps = memoryview(path).cast("I")
        held: TypeSchema | None = schema.type(self._table.types[kind - _TYPE])
        of: tuple[TypeSchema, Property, bool] | None = None
        location = owner = self._table.types[kind - _TYPE]
        around: type[Nowhere] = OfLine
        way: list[Step] = []
        for step in steps:
            if step & _ITEM:
                assert of is not None, "a resource is no array"
                location = owner = f"{location}[{step - _ITEM}]"
                way.append(step - _ITEM)
                of = *of[:2], True
            elif step & _TYPE:
                around = OfContained if isinstance(way[-1], int) else OfEntry
                held, of = schema.type(self._table.types[step - _TYPE]), None
            else:
                assert held is not None, "primitives have no members"
                within, owner, name = held, location, self._table.names.known()[step]
                way.append(name)
                prop = within.properties.get(name)
                if prop is None:  # what stands beside a primitive
                    prop = within.properties[name.removeprefix("_")]
                    held = schema.type(BESIDE)
                else:
                    held = None if prop.is_primitive else schema.type(prop.type)
                of = within, prop, False
                location = f"{location}.{prop.step}"
        place = SitePlace(location, owner, of, held, around, tuple(way))
        return self._memory.keep(self._places, path, place)


def held(place: SitePlace) -> TypeSchema:
    """Return the type of a value's members. Raises NeedsContextError of what has none, or stands
    beside a primitive.
    """
    if place.held is None or place.held.name == BESIDE:
        raise NeedsContextError
    return place.held
