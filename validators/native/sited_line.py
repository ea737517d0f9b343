"""A sited line: a line in which something has to be run in its place, told by its sites.

The line is decoded. What is asked on the way about the resource of an entry, whether it follows a
profile and what is wrong with it, is told by the sites of that entry, as the explainer tells it by
a walk through the resource: when it is first asked, since references lead to what stands behind
them, too, and so all that an entry leans on is told before it. What counted something as undecided
is told once more in its turn, as the explainer has it. Where entries refer to one another in a
circle, what is said hangs on the way through all of them: such a line is left to the explainer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from ..checks.check import prefix_locations
from ..checks.conformance import Conformance
from ..explainer.resource_walk import Explainer
from ..rules.claimed_profiles import Claims
from ..rules.reference import no_match
from ..verdicts.issue import Issue, any_fails
from ..verdicts.undecided import LineUndecided
from .decoded_line import DecodedLine
from .placed_checks import InPlace, PlacedChecks
from .questions import NeedsContextError
from .site_findings import Claiming, Leaning, Rebound, Site, SiteFinding
from .site_kinds import CLAIMS, PROFILE
from .site_place import held
from .sited_profiles import SitedProfiles

__all__ = ["SitedLine", "UnreadError"]


class UnreadError(Exception):
    """The error of a question that takes the line itself, which was not read."""


class _Entry:
    """An entry of the line's Bundle.

    resource   its resource; an empty one, which stands for it, where the line was not read
    type       of the resource; "" where the line was not read, and nothing tells it
    location   of the resource
    sites      what is told of that
    in_doubt   whether that may fail it
    """

    def __init__(
        self, number: int, resource: dict[str, Any], claims: Claims, profiles: SitedProfiles
    ) -> None:
        self.resource = resource
        self.type: str = resource.get("resourceType", "")
        self.location = f"Bundle.entry[{number}].resource"
        self.sites: list[Site] = []
        self.in_doubt = False
        self._claims = claims
        self._profiles = profiles

    @cached_property
    def claims(self) -> Collection[str]:
        """The identities of the profiles that it claims. Raises UnreadError where nothing tells."""
        if not self.resource:
            raise UnreadError
        return self._claims.of(self.resource, self.type)

    def add(self, site: Site) -> None:
        """Add a site."""
        self.sites.append(site)
        if type(site) is Claiming:
            self.claims, self.type = site.claims, held(site.place).name
        elif type(site) is SiteFinding:
            self.in_doubt |= site.fails
        else:
            self.in_doubt |= type(site) is not Rebound

    def sites_of(self, name: str) -> Sequence[Site] | None:
        """Return the sites of the resource by its type or a profile of that name; None where
        they do not tell what the profile says.
        """
        if name == self.type:
            return self.sites
        if name not in self.claims or self._is_run_whole:
            return None
        head = self._profiles.head
        return [
            site
            for site in self.sites
            if isinstance(site, (SiteFinding, InPlace, Leaning))
            and site.laid
            and head(site.laid[0]).identity == name
        ]

    @cached_property
    def _is_run_whole(self) -> bool:
        """Return whether one of the claimed profiles is run as a whole."""
        return any(
            isinstance(site, InPlace)
            and site.doubted in (CLAIMS, PROFILE)
            and site.place.location == self.location
            for site in self.sites
        )


class _Answers(Conformance):
    """The answers about the values of the line.

    entries   by the identity of their resources
    told      tells what some sites of an entry say, its locations below the resource, and counts
              what they leave undecided
    """

    def __init__(
        self,
        undecided: LineUndecided,
        entries: Mapping[int, _Entry],
        told: Callable[[_Entry, Sequence[Site], LineUndecided], list[Issue] | None],
    ) -> None:
        super().__init__(undecided)
        self._entries = entries
        self._told = told

    def ask(self, value: Any, url: str, find: Callable[[], bool]) -> bool:
        """Tell whether a value follows a profile: by the sites of an entry whether its resource
        follows what it claims, which it does where it is not in doubt.
        """
        entry = self._entries.get(id(value))
        if entry is None or url not in entry.claims:
            return super().ask(value, url, find)
        if not entry.in_doubt:
            return True

        def found() -> bool:
            issues = self.findings(value, entry.type, LineUndecided(), lambda: None)
            return not any_fails(issues or ())

        return super().ask(value, url, found)

    def findings(
        self,
        value: Any,
        name: str,
        undecided: LineUndecided,
        find: Callable[[], list[Issue] | None],
    ) -> list[Issue] | None:
        """Return what is wrong with a resource by its type or a profile: by the sites of an entry
        where they tell it.
        """
        entry = self._entries.get(id(value))
        sites = None if entry is None else entry.sites_of(name)
        if entry is None or sites is None:
            return super().findings(value, name, undecided, find)
        return super().findings(value, name, undecided, lambda: self._told(entry, sites, undecided))


class SitedLine:
    """A line and its sites.

    resource  None where the line was not read, and none of its sites is run in its place; where one
              has to be after all, ``told`` raises UnreadError
    sites     in their order
    said      what references say that are sites, by their locations
    """

    def __init__(
        self,
        explainer: Explainer,
        resource: dict[str, Any] | None,
        sites: Sequence[Site],
        said: Mapping[str, bytes],
        placed: PlacedChecks,
        profiles: SitedProfiles,
    ) -> None:
        self._explainer = explainer
        self._placed = placed
        self._profiles = profiles
        self._beyond_bounds = LineUndecided()
        self._said = said
        self._entries = self._entries_of(resource, sites)
        of_resources = {id(entry.resource): entry for entry in self._entries.values()}
        answers = _Answers(self._beyond_bounds, of_resources, self._aside)
        self._is_read = resource is not None
        self._line = DecodedLine(resource or {}, answers)
        self._turns: list[Site | _Entry] = []
        for site in sites:
            if site.entry is None:
                self._turns.append(site)
                continue
            entry = self._entries[site.entry]
            if not entry.sites:
                self._turns.append(entry)
            entry.add(site)

    def _entries_of(
        self, resource: dict[str, Any] | None, sites: Sequence[Site]
    ) -> dict[int, _Entry]:
        if resource is None:
            numbers = dict.fromkeys(site.entry for site in sites if site.entry is not None)
            return {
                number: _Entry(number, {}, self._explainer.claims, self._profiles)
                for number in numbers
            }
        if resource["resourceType"] != "Bundle":
            return {}
        return {
            number: _Entry(number, entry["resource"], self._explainer.claims, self._profiles)
            for number, entry in enumerate(resource.get("entry", ()))
            if "resource" in entry
        }

    def told(self) -> tuple[list[Issue], LineUndecided]:
        """Return what there is to say of the line, in document order, with repeats, and what is
        left undecided. Raises NeedsContextError where that hangs on more than the sites.
        """
        issues = self._told(self._turns)
        if self._line.follows.came_back:
            raise NeedsContextError
        undecided = self._line.undecided
        return issues, undecided + self._beyond_bounds if self._beyond_bounds else undecided

    def _told(self, turns: Sequence[Site | _Entry]) -> list[Issue]:
        issues: list[Issue] = []
        claiming: Claiming | None = None
        failing: set[int] = set()
        line, undecided = self._line, self._line.undecided
        for turn in turns:
            if type(turn) is SiteFinding:
                issues += turn.issues
                for key in turn.undecided:
                    undecided[key] += 1
                for code in turn.codes:
                    undecided[code] += 1
                if turn.fails and turn.laid:
                    failing.add(turn.laid[0])
            elif type(turn) is InPlace:
                found = self._profiles.signed(self._placed.found(turn, line), turn.laid)
                issues += found
                if turn.laid and any_fails(found):
                    failing.add(turn.laid[0])
            elif type(turn) is Leaning:
                found = self._profiles.signed(self._of_leaning(turn), turn.laid)
                issues += found
                if found:
                    failing.add(turn.laid[0])
            elif type(turn) is Claiming:
                claiming = turn
                self._claim(turn)
            elif type(turn) is Rebound:
                if claiming is not None:
                    self._settle(claiming, failing)
                claiming, failing = None, set()
                issues[:] = turn.left_of(issues, self._explainer.rebinding)
            elif type(turn) is _Entry:
                issues += self._in_turn(turn)
        return issues

    def _of_leaning(self, site: Leaning) -> list[Issue]:
        """Return what is wrong with a reference that leads to an entry."""
        target = self._entries.get(site.target)
        if target is None or site.profile not in target.claims:
            if not self._is_read:
                raise UnreadError
            return self._placed.found(site.in_place, self._line)
        if self._line.follows.ask(target.resource, site.profile, _unread):
            return []
        reference = self._said[site.place.location].decode()
        return [Issue.of(no_match(reference, site.targets), site.place.location)]

    def _claim(self, site: Claiming) -> None:
        value = self._claimant(site)
        if value is not None:
            for identity in site.claims:
                self._line.follows.claim(value, identity)

    def _settle(self, site: Claiming, failing: Collection[int]) -> None:
        value = self._claimant(site)
        if value is not None:
            failed = {self._profiles.head(number).identity for number in failing}
            for identity in site.claims:
                self._line.follows.settle(value, identity, identity not in failed)

    def _claimant(self, site: Claiming) -> Any:
        """Return the resource that claims; None for an entry's that is not in doubt, of which
        nothing has to be noted (see ``_Answers.ask``).
        """
        if site.entry is None:
            if site.place.steps and not self._is_read:
                raise UnreadError
            return self._line.at(site.place.steps)[0]
        entry = self._entries[site.entry]
        return entry.resource if entry.in_doubt else None

    def _in_turn(self, entry: _Entry) -> list[Issue]:
        """Return what is told of an entry: what was found where something before it asked."""
        found = self._line.follows.found(entry.resource, entry.type)
        if found is None:
            return self._told(entry.sites)
        return prefix_locations(entry.location, found)

    def _aside(
        self, entry: _Entry, sites: Sequence[Site], undecided: LineUndecided
    ) -> list[Issue] | None:
        """Return what sites of an entry tell, below its resource, and count with another counter
        than the line's.
        """
        counts = self._line.undecided
        counted = counts.copy() if counts else None
        counts.clear()
        issues = [one.copied() for one in self._told(sites)]
        found = counts.copy() if counts else None
        if found is not None:
            counts.clear()
        if counted is not None:
            counts.update(counted)
        if found is not None:
            undecided.update(found)  # which may be the line's own
        for issue in issues:
            issue.location = issue.location[len(entry.location) + 1 :]
        return issues or None


def _unread() -> bool:
    raise UnreadError
