"""UCUM: is this a unit, and what is it in base units?

code -> tokens -> terms (factors and units, each multiplied or divided) -> verdict, or factor and
base units

The grammar is UCUM's case sensitive one as the reference validator reads it (ucum-java): an
annotation in braces stands for the unity, ``/`` may lead, ``10*`` and ``10^`` are units, numbers
are whole, a closing bracket too many at the very end is forgiven.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Final

from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass
from .ucum_table import BASE, METRIC, PLAIN, PREFIXES

__all__ = ["UCUM", "Canonical", "canonical", "is_unit"]

UCUM: Final = "http://unitsofmeasure.org"
"""The url of the code system."""

_TOKEN = lazy_pattern(
    r"(?P<mark>[/.()])|(?P<note>\{[ -|~]*\})|(?P<number>[+-][0-9]+)"
    r"|(?P<symbol>[0-9]*(?:[A-Za-z%*^'\"_]|\[[A-Za-z0-9.%*^'\"_]*\])++)|(?P<count>[0-9]+)"
)
_LARGEST_NUMBER = 2**31 - 1
_DEEPEST = 100  # brackets in brackets: far more than any unit has, far fewer than a stack bears
_LARGEST_EXPONENT = 99  # beyond it a conversion is refused: a hostile exponent must cost nothing


class _MalformedError(Exception):
    """The code is no unit."""


@dataclass(frozen=True, slots=True)
class _Symbol:
    name: str
    exponent: int


_Part = int | _Symbol | list["tuple[bool, _Part]"]
_Terms = list[tuple[bool, _Part]]
"""Components in order, each with whether it divides."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """One ``code`` is ``value`` times ``unit``; None for a base unit.

    A special unit lies on a scale of its own.
    """

    code: str
    value: Fraction
    unit: str | None
    special: bool = False


@dataclass(frozen=True, slots=True)
class Canonical:
    """A unit in base units: multiply a value by ``factor`` and it is counted in ``base``, (unit,
    exponent) sorted by unit.
    """

    factor: Fraction
    base: tuple[tuple[str, int], ...]


def _rows(table: str) -> dict[str, _Unit]:
    units = {}
    for row in table.replace("\n", " ").split(" ; "):
        code, mark, value, unit = row.strip(" ;").split()
        units[code] = _Unit(code, Fraction(value), unit, mark == "-")
    return units


_PREFIXES = [
    (code, Fraction(value)) for code, value in (row.split() for row in PREFIXES.split(" ; "))
]
_METRIC = {code: _Unit(code, Fraction(1), None) for code in BASE.split()} | _rows(METRIC)
_UNITS = _METRIC | _rows(PLAIN)


@lru_cache(maxsize=4096)
def is_unit(code: str) -> bool:
    """Tell whether the code is a UCUM unit. The empty code is the unity."""
    try:
        _parse(code)
    except _MalformedError:
        return False
    return True


@lru_cache(maxsize=1024)
def canonical(code: str) -> Canonical | None:
    """Return the unit in base units, exactly; None for what is no unit and for units that
    multiplication does not convert (Cel, [degF], [pH], B...).
    """
    try:
        factor, exponents = _evaluate(_parse(code))
    except _MalformedError:
        return None
    return Canonical(
        factor, tuple(sorted((unit, exponent) for unit, exponent in exponents.items() if exponent))
    )


@lru_cache(maxsize=2048)
def _resolve(name: str) -> tuple[Fraction, _Unit] | None:
    """Return a symbol's prefix factor and unit; None for what is no symbol.

    A prefix before a metric unit is preferred to a unit of that whole name, as the reference does.
    """
    for prefix, factor in _PREFIXES:
        if name.startswith(prefix) and (unit := _METRIC.get(name[len(prefix) :])):
            return factor, unit
    whole = _UNITS.get(name)
    return None if whole is None else (Fraction(1), whole)


def _parse(code: str) -> _Terms:
    reader = _Reader(code)
    terms = reader.terms(leading=True)
    if reader.left() > 1:  # one closing bracket may be left over
        raise _MalformedError
    return terms


class _Reader:
    """A recursive descent over the tokens of one code."""

    def __init__(self, code: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        self._depth = 0
        start = 0
        while start < len(code):
            match = _TOKEN.match(code, start)
            if match is None:
                raise _MalformedError
            kind = match.lastgroup or ""
            self._tokens.append((match[0] if kind == "mark" else kind, match[0]))
            start = match.end()

    def left(self) -> int:
        """Return how many tokens are not read yet."""
        return len(self._tokens) - self._at

    def _kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def terms(self, *, leading: bool) -> _Terms:
        """Read terms that ``.`` and ``/`` join, each with whether the unit is divided by it."""
        terms: _Terms = []
        divides = False
        while True:
            kind = self._kind()
            if kind == "" and leading:
                return terms
            leading = False
            if kind == "/":
                divides = True
                self._at += 1
                continue
            terms.append((divides, self._component(kind)))
            kind = self._kind()
            if kind in ("", ")"):
                return terms
            if kind not in ("/", ".", "note"):
                raise _MalformedError
            divides = kind == "/"
            if kind != "note":
                self._at += 1

    def _component(self, kind: str) -> _Part:
        if kind == "note":
            self._at += 1
            return 1
        if kind in ("number", "count"):
            return self._number()
        if kind == "symbol":
            return self._symbol()
        if kind == "(":
            return self._bracketed()
        raise _MalformedError

    def _number(self) -> int:
        digits = self._tokens[self._at][1]
        if len(digits) > 12 and len(digits.lstrip("+-0")) > 10:
            raise _MalformedError
        number = int(digits)
        if not -_LARGEST_NUMBER - 1 <= number <= _LARGEST_NUMBER:
            raise _MalformedError
        self._at += 1
        return number

    def _symbol(self) -> _Symbol:
        name = self._tokens[self._at][1]
        if _resolve(name) is None:
            raise _MalformedError
        self._at += 1
        return _Symbol(name, self._number() if self._kind() in ("number", "count") else 1)

    def _bracketed(self) -> _Terms:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _MalformedError
        self._at += 1
        terms = self.terms(leading=True)
        if self._kind() != ")":
            raise _MalformedError
        self._at += 1
        self._depth -= 1
        return terms


def _evaluate(terms: _Terms) -> tuple[Fraction, dict[str, int]]:
    factor = Fraction(1)
    exponents: dict[str, int] = {}
    for divides, part in terms:
        if isinstance(part, int):
            value, units = Fraction(part), dict[str, int]()
        elif isinstance(part, _Symbol):
            value, units = _power(part)
        else:
            value, units = _evaluate(part)
        if divides and not value:
            raise _MalformedError
        factor = factor / value if divides else factor * value
        for unit, exponent in units.items():
            exponents[unit] = exponents.get(unit, 0) + (-exponent if divides else exponent)
    return factor, exponents


def _power(symbol: _Symbol) -> tuple[Fraction, dict[str, int]]:
    resolved = _resolve(symbol.name)
    if resolved is None or resolved[1].special or abs(symbol.exponent) > _LARGEST_EXPONENT:
        raise _MalformedError
    prefix, unit = resolved
    if unit.unit is None:
        value, units = prefix, {unit.code: 1}
    else:
        inner, units = _evaluate(_parse(unit.unit))
        value = prefix * unit.value * inner
    return value**symbol.exponent, {
        name: exponent * symbol.exponent for name, exponent in units.items()
    }
