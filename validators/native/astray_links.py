"""Astray links: what is said of links in narratives that lead nowhere, and in which order. The
acceptor has followed them, as ``resolve_anchors`` of ``values.narrative`` does.
"""

from __future__ import annotations

from typing import Final

from ..values.narrative_faults import ANCHOR
from ..verdicts.issue import Issue
from .questions import NeedsContextError
from .site_findings import Site, SiteFinding, mark
from .site_place import SitePlace

__all__ = ["astray", "take_turns"]

_TURNS: Final = {
    "text": 0,
    "section": 1,
    "contained": 2,
    "entry": 3,
    "resource": 0,
    "response": 1,
    "outcome": 0,
    "div": 0,
}
"""The members on the way to narratives, in the order in which these are looked at: where they stand
in the line does not count.
"""


def astray(place: SitePlace, target: str) -> SiteFinding:
    """Return what is said of a link in a narrative. Raises NeedsContextError of another text.

    target   without its ``#``
    """
    try:
        turn = tuple(_TURNS[step] if isinstance(step, str) else step for step in place.steps)
    except KeyError:
        raise NeedsContextError from None
    issue = Issue.of(ANCHOR(target=target), place.location)
    return SiteFinding([issue], (), (), True, [mark(issue)], (), None, turn)


def take_turns(sites: list[Site]) -> None:
    """Put links, which stand one after the other, in the order of their narratives."""
    links = [site for site in sites if isinstance(site, SiteFinding) and site.turn]
    if len(links) > 1:
        first = next(number for number, site in enumerate(sites) if site is links[0])
        links.sort(key=lambda link: link.turn)
        sites[first : first + len(links)] = links
