"""Site findings: what there is to say at a site, or what is to be run in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from ..rules.rebinding import Rebinding
from ..verdicts.issue import Issue
from ..verdicts.undecided import UndecidedCode
from .placed_checks import InPlace
from .site_place import SitePlace

__all__ = ["Claiming", "Leaning", "SiteFinding", "Rebound", "Site", "mark"]


class SiteFinding(NamedTuple):
    """The things to say at a site.

    undecided   by its key, once for each time
    codes       that were undecided, once for each time
    fails       whether an issue fails the line
    marks       a number for what tells each issue from others; none for one that has to be looked
                at beside the others
    laid        the profiles that are laid around it, the outermost first: overlays by number
    entry       the position of the entry in whose resource it is told; None elsewhere
    turn        of a link, where its narrative's turn is among those of the line
    """

    issues: Sequence[Issue]
    undecided: Sequence[str]
    codes: Sequence[UndecidedCode]
    fails: bool
    marks: Sequence[int]
    laid: Sequence[int]
    entry: int | None
    turn: tuple[int, ...] = ()


class Claiming(NamedTuple):
    """That what was told of a resource from here on is told of the profiles that it claims.

    claims   the identities of the profiles
    """

    place: SitePlace
    claims: Sequence[str]
    entry: int | None


class Rebound(NamedTuple):
    """That all was told of a resource, and of the profiles that it claims, which may bind anew what
    its type binds.
    """

    place: SitePlace
    type: str
    profiles: tuple[str, ...]
    entry: int | None

    def left_of(self, issues: list[Issue], rebinding: Rebinding) -> list[Issue]:
        """Return what was found so far without what the profiles bind anew: of the resource is
        what was found last.
        """
        location = self.place.location
        if not issues or not issues[-1].location.startswith(location):
            return issues
        inside = f"{location}."
        dropped: set[int] = set()
        for number in range(len(issues) - 1, -1, -1):
            issue = issues[number]
            if not f"{issue.location}.".startswith(inside):
                break
            location = issue.location.removeprefix(inside)
            if rebinding.replaces(self.type, self.profiles, issue, location):
                dropped.add(number)
        if not dropped:
            return issues
        return [issue for number, issue in enumerate(issues) if number not in dropped]


class Leaning(NamedTuple):
    """A reference that is in order if the resource of the entry that it leads to follows a profile.

    profile   the identity of the profile
    target    the position of the entry
    targets   the target profiles of the reference
    in_place  where all that is said of the reference is run
    """

    profile: str
    target: int
    targets: Sequence[str]
    in_place: InPlace
    place: SitePlace
    laid: Sequence[int]
    entry: int | None


Site: TypeAlias = SiteFinding | InPlace | Claiming | Rebound | Leaning


def mark(issue: Issue) -> int:
    """Return a number for what tells an issue from others."""
    return hash((issue.location, issue.rule, issue.element))
