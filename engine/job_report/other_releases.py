"""Other releases: resources that were written for another version of FHIR than R4, told by members
and types that only that version has. No verdict is changed by it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from bulkfhir.validators.definitions.other_versions import versions_with
from bulkfhir.validators.economy.light_dataclass import dataclass
from bulkfhir.validators.values.form_faults import RESOURCE_TYPE_UNKNOWN, UNKNOWN_ELEMENT

from ..counting.causes import Cause

__all__ = ["LooksLike", "other_releases"]

_NAMED = 3


@dataclass(frozen=True, slots=True)
class LooksLike:
    """So many lines, at the least, of a resource type look like another version of FHIR.

    versions   ``STU3``, or several where all of them have what was found
    members    what these have and R4 has not; none where it is the type itself
    """

    resource_type: str
    lines: int
    versions: tuple[str, ...]
    members: tuple[str, ...]


def other_releases(causes: Iterable[Cause]) -> tuple[LooksLike, ...]:
    """Return the resource types whose findings point to another version, most lines first."""
    evidence = defaultdict[str, list[tuple[str, int]]](list)
    for resource_type, member, lines in _strangers(causes):
        if versions_with(resource_type, member):
            evidence[resource_type].append((member, lines))
    found = [_most_likely(name, members) for name, members in evidence.items()]
    return tuple(sorted(found, key=lambda one: (-one.lines, one.resource_type)))


def _strangers(causes: Iterable[Cause]) -> Iterator[tuple[str, str, int]]:
    """Yield (resource type, member, lines) of what R4 does not have."""
    for cause in causes:
        if cause.rule == UNKNOWN_ELEMENT.name:
            values = UNKNOWN_ELEMENT.values_in(cause.message)
            if values is not None:
                yield values["owner"], values["name"], cause.lines
        elif cause.rule == RESOURCE_TYPE_UNKNOWN.name:
            values = RESOURCE_TYPE_UNKNOWN.values_in(cause.message)
            if values is not None:
                yield values["name"], "", cause.lines


def _most_likely(resource_type: str, members: list[tuple[str, int]]) -> LooksLike:
    scores = Counter[str]()
    for member, lines in members:
        scores.update(dict.fromkeys(versions_with(resource_type, member), lines))
    best = max(scores.values())
    versions = tuple(name for name, score in scores.items() if score == best)
    telling = [
        (member, lines)
        for member, lines in members
        if set(versions) <= set(versions_with(resource_type, member))
    ]
    names = tuple(sorted({member for member, _ in telling} - {""}))[:_NAMED]
    return LooksLike(resource_type, max(lines for _, lines in telling), versions, names)
