"""SliceTests: the tests of all slices of one property, of which a value is held only against those
that its codes leave open: guides tell dozens of slices apart by one code each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from .discriminators import SliceTest

__all__ = ["SliceTests"]

_FEW: Final = 4
"""So many slices are asked one by one as fast."""
_MANY_CODINGS: Final = 50


class SliceTests:
    """The tests of slices in their order.

    tests   one for each slice
    """

    def __init__(self, tests: Sequence[SliceTest]) -> None:
        self.tests = tuple(tests)
        paths = {test.needs[0] for test in self.tests if test.needs is not None}
        self._path = paths.pop() if len(paths) == 1 and len(self.tests) > _FEW else None
        self._others: list[int] = []
        self._of_codes: dict[str, list[int]] = {}
        for index, test in enumerate(self.tests):
            if test.needs is None:
                self._others.append(index)
            else:
                self._of_codes.setdefault(test.needs[1], []).append(index)

    def open(self, value: Any) -> Iterator[tuple[int, SliceTest]]:
        """Yield (number, test) of the slices that a value may be in, in their order."""
        codes = None if self._path is None else _codes(value, self._path)
        if codes is None:
            yield from enumerate(self.tests)
            return
        found = {index for code in codes for index in self._of_codes.get(code, ())}
        for index in sorted({*self._others, *found}) if found else self._others:
            yield index, self.tests[index]


def _codes(value: Any, name: str) -> list[str] | None:
    """Return the codes of the codings of a value's concept; None where it has another form, or so
    many that the tests themselves must say whether they can be decided.
    """
    concept = value.get(name) if type(value) is dict else None
    codings = concept.get("coding") if type(concept) is dict else None
    if type(codings) is not list or len(codings) > _MANY_CODINGS:
        return None
    codes: list[str] = []
    for coding in codings:
        code = coding.get("code") if type(coding) is dict else None
        if type(code) is not str:
            return None
        codes.append(code)
    return codes
