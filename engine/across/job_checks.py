"""Job checks: the names of the checks over a whole job, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final, Self

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..figures.totals import Place

__all__ = ["CHECKS", "CheckGroup", "Completeness", "JobChecks", "SeenCode"]

CHECKS: Final[Mapping[str, str]] = {
    "reference-missing": "references that lead to nothing",
    "reference-rejected": "references whose target was rejected",
    "reference-type-absent": "references to a type of which there is no resource",
    "reference-target": "references to a type that the element does not allow",
    "unreferenced": "resources that no other refers to",
    "duplicate-resource": "resources whose type and id come before",
    "duplicate-identifier": "resources with a business identifier that another has",
    "code-undecided": "different codes that a value set could not decide offline",
}
"""Check -> what is counted. Names are for ever."""


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """How many findings of a check are alike, with their first places.

    group   path -> type for references, resource type for resources, value set for codes
    """

    check: str
    group: str
    count: int
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenCode:
    """How often a code stands in accepted lines that a value set could not decide offline.

    system, code   as they stand in the data, None where there is none
    place          the first line that has it
    """

    value_set: str
    system: str | None
    code: str | None
    count: int
    place: Place


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many of the resources that claim a profile have an element that it says must be
    supported; the element by its id in the profile.
    """

    profile: str
    element: str
    having: int
    claiming: int


@dataclass(frozen=True, slots=True)
class JobChecks:
    """The outcome of the checks over a job.

    counts      check -> findings, of every check
    groups      the most frequent of each check
    references  resolved, in Bundle, conditional, elsewhere -> references
    completeness    of every profile that is claimed and known, element by element
    codes       the most frequent codes that could not be decided; none where values are masked
    table       where the table of findings lies; None where nothing is written
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    groups: tuple[CheckGroup, ...] = ()
    references: Mapping[str, int] = field(default_factory=dict)
    completeness: tuple[Completeness, ...] = ()
    table: str | None = None
    codes: tuple[SeenCode, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``dataclasses.asdict`` and JSON made of checks."""
        groups = (
            CheckGroup(
                group["check"],
                group["group"],
                group["count"],
                tuple((shard, line) for shard, line in group["places"]),
            )
            for group in data["groups"]
        )
        return cls(
            data["counts"],
            tuple(groups),
            data["references"],
            tuple(Completeness(**one) for one in data["completeness"]),
            data["table"],
            tuple(
                SeenCode(**{**one, "place": tuple(one["place"])}) for one in data.get("codes", ())
            ),
        )
