"""Mending: which few causes make most of the rejected lines whole.

A line is whole once every one of its causes is mended. The set of causes that makes most lines
whole for each cause is taken first, then the next, given what is mended already (greedily).
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["mending_order"]

_CANDIDATES = 60
"""Sets that are weighed in each round: the most frequent ones."""

_ROUNDS = 10
_ENOUGH = 0.99
"""Share of the lines after which nobody asks what to mend next."""

_LEAST = 0.01
"""Share of the lines that a cause has to make whole, two lines at the least: what is mended for one
line alone is no advice.
"""

CauseSet = frozenset[int]


def mending_order(sets: Iterable[tuple[tuple[int, ...], int]], lines: int) -> list[tuple[int, int]]:
    """Return (cause, lines that are whole once it and all before it are mended), the best first.

    sets    (causes of a line, how many such lines), the most frequent first
    lines   rejected lines in all
    """
    left = [(frozenset(causes), count) for causes, count in sets]
    mended: set[int] = set()
    order: list[tuple[int, int]] = []
    for _ in range(_ROUNDS):
        left = [(causes - mended, count) for causes, count in left]
        whole = sum(count for causes, count in left if not causes)
        if order:
            order[-1] = (order[-1][0], whole)
        if whole >= lines * _ENOUGH:
            break
        least = max(2, lines * _LEAST)
        best = _best([(causes, count) for causes, count in left if causes], least)
        if not best:
            break
        order += [(cause, whole) for cause in sorted(best)]
        mended |= best
    else:
        whole = sum(count for causes, count in left if causes <= mended)
        order[-1] = (order[-1][0], whole)
    return order


def _best(left: list[tuple[CauseSet, int]], least: float) -> CauseSet:
    """Return the set that makes most lines whole for each of its causes, and so many at the least;
    an empty one where there is none.
    """
    sums: dict[CauseSet, int] = {}
    for causes, count in left:
        sums[causes] = sums.get(causes, 0) + count
    ranked = sorted(sums.items(), key=lambda entry: (-entry[1], sorted(entry[0])))
    chosen, value = frozenset[int](), 0.0
    for causes, _ in ranked[:_CANDIDATES]:
        gain = sum(count for other, count in ranked if other <= causes)
        if gain >= least and gain / len(causes) > value:
            chosen, value = causes, gain / len(causes)
    return chosen
