"""Steps: what an evaluation may take, counted and never timed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .errors import UndecidedError

__all__ = ["STEP_TEXT", "Steps"]

_BASE = 20_000
"""Steps of any evaluation: a hundred times what R4's invariants take on ordinary resources. A step
takes some 0.3 to 1 microseconds.
"""
_EACH = 20
"""Further steps for each value of the resource around the focus, where the base is used up."""
STEP_TEXT = 64
"""Characters of a text that count as one step."""


class Steps:
    """The rest of the steps that an evaluation may take, for all of its environments.

    A step is an item that an operation takes or gives. Nothing is measured in seconds: a line has
    the same answer on every machine.

    extended  whether the steps for each value of the resource are in use
    lists   (identity of a JSON object, name, type) -> (the object, its children of that name), for
            long lists
    """

    __slots__ = ("_holder", "extended", "left", "lists")

    def __init__(self, holder: object) -> None:
        self.left = _BASE
        self.lists: dict[tuple[int, str, str], tuple[object, list[Any]]] = {}
        self._holder: object = holder
        self.extended = False

    def take(self, number: int) -> None:
        """Count steps. Raises UndecidedError where none are left."""
        self.left -= number
        if self.left < 0:
            self._extend()

    def take_text(self, items: Iterable[object]) -> None:
        """Count the characters of long texts that an operation made, STEP_TEXT of them as one step.

        Raises UndecidedError where no steps are left.
        """
        for item in items:
            if isinstance(item, str) and len(item) > STEP_TEXT:
                self.take(len(item) // STEP_TEXT)

    def _extend(self) -> None:
        # Only where the base is used up, and once: the whole resource is gone through to count its
        # values.
        if not self.extended:
            self.extended = True
            self.left += _EACH * _values(self._holder)
        if self.left < 0:
            raise UndecidedError("an expression")


def _values(holder: object) -> int:
    """Count the values that a piece of JSON has, at any depth."""
    count, waiting = 0, [holder]
    while waiting:
        one = waiting.pop()
        count += 1
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return count
