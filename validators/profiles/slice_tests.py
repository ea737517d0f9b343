"""SliceTests: the tests of all slices of one property, of which a value is held only against those
that its texts leave open: guides tell dozens of slices apart by one code or one url each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from .discriminators import SliceTest

__all__ = ["SliceTests"]

_FEW: Final = 4
"""So many slices are asked one by one as fast."""
_MANY_TEXTS: Final = 50
"""Texts at a path, beyond which the tests of the slices count their own steps."""


class SliceTests:
    """The tests of slices in their order.

    tests   one for each slice
    """

    def __init__(self, tests: Sequence[SliceTest]) -> None:
        self.tests = tuple(tests)
        paths = Counter(path for test in self.tests for path in {need[0] for need in test.needs})
        self._path = paths.most_common(1)[0][0] if paths and len(self.tests) > _FEW else None
        self._others: list[int] = []
        self._of_texts: dict[str, list[int]] = {}
        for index, test in enumerate(self.tests):
            text = next((text for path, text in test.needs if path == self._path), None)
            if text is None:
                self._others.append(index)
            else:
                self._of_texts.setdefault(text, []).append(index)

    def open(self, value: Any) -> Iterator[tuple[int, SliceTest]]:
        """Yield (number, test) of the slices that a value may be in, in their order."""
        texts = None if self._path is None else _texts(value, self._path)
        if texts is None:
            yield from enumerate(self.tests)
            return
        found = {index for text in texts for index in self._of_texts.get(text, ())}
        for index in sorted({*self._others, *found}) if found else self._others:
            yield index, self.tests[index]


def _texts(value: Any, path: tuple[str, ...]) -> list[str] | None:
    """Return the texts that stand at a path of names; None where something has another form, or
    where there are so many that the tests themselves must say whether they can be decided.
    """
    found = [value]
    for name in path:
        below: list[Any] = []
        for one in found:
            if one.__class__ is not dict:
                return None
            held = one.get(name)
            if held.__class__ is list:
                below += held
            elif held is not None:
                below.append(held)
        if len(below) > _MANY_TEXTS:
            return None
        found = below
    return None if any(one.__class__ is not str for one in found) else found
