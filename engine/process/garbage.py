"""Garbage: how often a process of ours looks for objects that hold one another."""

from __future__ import annotations

import gc

__all__ = ["collect_seldom"]

_YOUNG = 10_000
"""Objects that are made before the young ones are looked through; Python's own is 700."""


def collect_seldom() -> None:
    """Look for garbage a fourteenth as often as Python does: a process that compiles definitions
    makes hundreds of thousands of objects which stay, and spends a seventh of a short job on
    looking through them. For processes that are ours alone; a program that embeds us chooses for
    itself.
    """
    gc.set_threshold(_YOUNG)
