"""Referred: the shards of which the findings across a job tell places."""

from __future__ import annotations

from collections.abc import Iterable

from ..figures.totals import Place
from .cause_sums import CauseSums
from .job_checks import JobChecks

__all__ = ["referred_shards"]


def referred_shards(
    pairs: Iterable[tuple[Place, Place]], causes: CauseSums, checks: JobChecks | None
) -> set[int]:
    """Return the shards of these places.

    pairs   the first and the last place of resources that come more than once
    """
    places = [place for pair in pairs for place in pair]
    places += [place for group in causes.groups for place, _ in group.places]
    if checks is not None:
        places += [place for group in checks.groups for place in group.places]
        places += [one.place for one in checks.codes]
    return {shard for shard, _ in places}
