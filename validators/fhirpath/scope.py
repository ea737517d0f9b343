"""Scopes: all that an evaluation may ask of its surroundings, the resources around the element and
what only others know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from ..economy.light_dataclass import dataclass
from ..economy.line_memory import LineMemory
from .bundle_entries import BundleEntries
from .quantity import Units
from .steps import Steps
from .ucum_units import UCUM_UNITS

__all__ = ["EMPTY_SCOPE", "Hooks", "EvaluationScope"]

Json = Mapping[str, Any]


def _unknown_code(value: Any, type_name: str, value_set: str) -> bool | None:
    return None


def _unknown_profile(value: Any, type_name: str, profile: str) -> bool | None:
    return None


def _unchecked_html(xhtml: str) -> bool | None:
    return None


def _in_no_slice(value: Any, type_name: str, structure: str, slice_name: str) -> bool:
    return False


def _untraced(name: str, values: list[Any]) -> None:
    return None


def _unresolved(reference: str) -> Json | None:
    return None


@dataclass(frozen=True, slots=True)
class Hooks:
    """The questions that FHIRPath cannot answer itself. Each has a default that says "not
    known"; None means undecided and makes an empty result.

    member_of      (JSON value, type name, canonical of a value set) -> whether the code is in it
    conforms_to    (JSON value, type name, canonical of a profile) -> whether the value follows it
    html_checks    (xhtml) -> whether a narrative keeps FHIR's rules for XHTML (txt-1)
    html_content   (xhtml) -> whether a narrative has content that is not blank (txt-2)
    in_slice       (JSON value, type name, canonical of a profile, slice name) -> whether the value
                   is in the slice
    resolve        (reference) -> a resource from outside of the resource and its Bundle
    trace          (name, values) is told of what passes ``trace()``
    units          the table of units for quantities; UCUM's where none is given
    """

    member_of: Callable[[Any, str, str], bool | None] = _unknown_code
    conforms_to: Callable[[Any, str, str], bool | None] = _unknown_profile
    html_checks: Callable[[str], bool | None] = _unchecked_html
    html_content: Callable[[str], bool | None] = _unchecked_html
    in_slice: Callable[[Any, str, str, str], bool] = _in_no_slice
    resolve: Callable[[str], Json | None] = _unresolved
    trace: Callable[[str, list[Any]], None] = _untraced
    units: Units = UCUM_UNITS


NO_HOOKS = Hooks()


@dataclass(slots=True)
class EvaluationScope:
    """The place of an element: the resources around it, and whom to ask. Make one per resource and
    use it for all of its elements.

    resource    ``%resource``: the nearest resource that holds the element
    root        ``%rootResource``: the resource that contains that one, or itself; of a Bundle's
                entry, the entry's resource
    bundle      the nearest Bundle around, where ``resolve()`` looks for full urls and ``Type/id``
    variables   values for further ``%name``
    profile     canonical of the profile whose invariant is evaluated: ``%profile``, and the default
                of ``slice()``
    steps       what all evaluations in this scope may take together; None for the bounds of each
    entries     an index of the Bundle, where scopes share one
    memory      what was found in the line before; None keeps nothing
    """

    resource: Json | None = None
    root: Json | None = None
    bundle: Json | None = None
    hooks: Hooks = NO_HOOKS
    variables: Mapping[str, Any] = field(default_factory=dict)
    profile: str | None = None
    steps: Steps | None = None
    entries: BundleEntries | None = None
    memory: LineMemory | None = None

    def bundle_entries(self) -> BundleEntries | None:
        """Return the index of the Bundle around; None where there is none."""
        if self.entries is None and self.bundle:
            self.entries = BundleEntries(self.bundle)
        return self.entries


EMPTY_SCOPE = EvaluationScope()
