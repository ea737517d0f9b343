"""Placed checks: what the explainer runs at a site where it stands in the decoded line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from ..checks.check import Check, Issues, union
from ..checks.surroundings import Scope
from ..explainer.resource_walk import Explainer
from ..rules import claimed_profiles
from ..verdicts.issue import Issue
from .decoded_line import DecodedLine
from .questions import NeedsContextError
from .site_kinds import CLAIMS, PART, PLACED, PROFILE, REFERENCE, RULES
from .site_place import BESIDE, OfContained, SitePlace, held
from .table import Table

__all__ = ["InPlace", "PlacedChecks", "object_rules", "placed"]

_CLAIMS = claimed_profiles.RULE
_OF_MEMBERS: Final = 1 << 31
"""Marks the number of a part that is about members of one name: ``frames.rs`` in ``native/src``."""


def object_rules(explainer: Explainer, place: SitePlace) -> Check:
    """Return the check of every rule on objects of the type that stands in a place, but for what a
    resource claims: what is contained claims nothing where the acceptor tells of its rules.
    """
    walk = explainer.object_walk(held(place).name)
    may_claim = place.of is None and place.around is not OfContained

    def rules(value: Any, scope: Scope) -> Issues:
        found: list[Issue] = []
        for rule in walk.rules_but(_CLAIMS) if may_claim else walk.rules(tuple(value)):
            found += rule(value, scope) or ()
        return found

    return rules


class InPlace(NamedTuple):
    """A site at which a check is run in the decoded line.

    doubted   RULES, PLACED, CLAIMS, PROFILE, PART, or REFERENCE
    check     the number of the profile's overlay; of the question about a reference
    part      the number of the part of the profile
    laid      the profiles that are laid around it, the outermost first: overlays by number
    entry     the position of the entry in whose resource it is told; None elsewhere
    """

    doubted: int
    check: int
    part: int
    place: SitePlace
    laid: Sequence[int]
    entry: int | None


def placed(issues: Issues, above: str) -> list[Issue]:
    """Return issues with their location in the line. Raises NeedsContextError where the resource
    as a whole has to settle one.

    above   the location of the value that they are found in
    """
    made: list[Issue] = []
    for issue in issues or ():
        if type(issue) is not Issue:
            raise NeedsContextError
        copy = issue.copied()
        copy.location = f"{above}.{copy.location}" if copy.location else above
        made.append(copy)
    return made


class PlacedChecks:
    """The checks that are run in their place; one per validator, not thread-safe."""

    def __init__(self, explainer: Explainer, table: Table) -> None:
        self._explainer = explainer
        self._table = table
        self._by_kind: dict[int, Callable[[InPlace], Check | None]] = {
            RULES: lambda site: object_rules(explainer, site.place),
            PLACED: self._property_rules,
            CLAIMS: self._claims,
            PROFILE: self._profile,
            PART: self._part,
            REFERENCE: self._reference,
        }
        self._claimed: dict[str, Check | None] = {}
        self._parts: dict[tuple[int, int], Check | None] = {}

    def found(self, site: InPlace, line: DecodedLine) -> list[Issue]:
        """Return what is found at a site of a line."""
        check = self._by_kind[site.doubted](site)
        value, scope = line.at(site.place.steps)
        return [] if check is None else placed(check(value, scope), site.place.location)

    def _property_rules(self, site: InPlace) -> Check | None:
        of = site.place.of
        if of is None or of[0].name == BESIDE:
            raise NeedsContextError
        return union(self._explainer.property_rules(of[1]))

    def _claims(self, site: InPlace) -> Check | None:
        schema = held(site.place)
        if schema.name not in self._claimed:
            self._claimed[schema.name] = _CLAIMS.check(schema, self._explainer)
        return self._claimed[schema.name]

    def _profile(self, site: InPlace) -> Check | None:
        return self._explainer.profile_check(self._table.url_of(site.check))

    def _part(self, site: InPlace) -> Check | None:
        key = site.check, site.part
        if key not in self._parts:
            self._parts[key] = self._made_part(*key)
        return self._parts[key]

    def _made_part(self, number: int, part: int) -> Check | None:
        parts = self._table.parts[number]
        if part < _OF_MEMBERS:
            return parts.own[part]
        compiler = self._explainer.profile_compiler(self._table.url_of(number))
        assert compiler is not None, "it was laid"
        return compiler.of_group(parts.groups[part - _OF_MEMBERS])

    def _reference(self, site: InPlace) -> Check | None:
        return self._table.references[site.check]
