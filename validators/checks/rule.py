"""Rule: how a check is built from a definition."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Literal

from .check import Check
from .compilation import Compilation

__all__ = ["WhenPresent", "Rule", "only_with"]

WhenPresent = Callable[[Check, Any, Compilation, AbstractSet[str]], Check | None]
"""What is left of a rule's check on objects of a type, for those that have exactly these names;
None where they cannot fail it.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of rule.

    name    what it is about, for a person
    on      where it is built and what its check is when_present:
            object    from a type; every JSON object of the type
            value     from a property of a base type; each single value of it
            narrowed  from a property as a profile narrows it; each single value of it
            empty     from a primitive property, of a base type or narrowed; the companion of an
                      element that has no value
    build   the check, or None where the rule has nothing to say
    when_present   for rules on objects: what the names in an object spare
    """

    name: str
    on: tuple[Literal["object", "value", "narrowed", "empty"], ...]
    build: Callable[[Any, Compilation], Check | None]
    when_present: WhenPresent = lambda check, schema, compilation, names: check


def only_with(*wanted: str) -> WhenPresent:
    """For a check that only an object with one of these names can fail."""
    return lambda check, schema, compilation, names: None if names.isdisjoint(wanted) else check
