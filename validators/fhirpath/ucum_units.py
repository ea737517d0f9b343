"""The units of FHIRPath's quantities, from the UCUM table of the terminology package."""

from __future__ import annotations

from decimal import Decimal, localcontext

from ..terminology.ucum import canonical

__all__ = ["UCUM_UNITS"]

_DIGITS = 34


class _UcumUnits:
    """Every unit of UCUM, with its prefixes and powers; not those with a special conversion
    (Cel).
    """

    def canonical(self, value: Decimal, code: str) -> tuple[Decimal, str] | None:
        """The value in base units and those units' dimensions, spelled alike for units that can be
        compared; None for no unit of UCUM.
        """
        found = canonical(code)
        if found is None:
            return None
        with localcontext() as context:
            context.prec = _DIGITS
            number = value * found.factor.numerator / found.factor.denominator
        return number, repr(found.base)


UCUM_UNITS = _UcumUnits()
