"""UCUM: what the reference validator takes for a unit, and units in base units."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from bulkfhir.validators.terminology import canonical, is_unit
from bulkfhir.validators.terminology.ucum import _UNITS

RECORD = [
    line.split("\t")
    for line in (Path(__file__).resolve().parents[3] / "fixtures/terminology/units.tsv")
    .read_text()
    .splitlines()
]


def test_units_are_those_of_the_reference_validator() -> None:
    assert len(RECORD) > 1900
    assert [
        code for verdict, code in RECORD if is_unit(json.loads(code)) != (verdict == "unit")
    ] == []


@pytest.mark.parametrize(
    "code",
    [
        "(score)",
        "units",
        "month",
        "mcg",
        "mg/",
        "{score}mg",
        "m m",
        "m--2",
        "10**3",
        "1e3",
        "½",
        "mg\n",
        "[in_i",
        "()",
        "99999999999",
    ],
)
def test_what_is_no_unit_is_refused(code: str) -> None:
    assert not is_unit(code)
    assert canonical(code) is None


@pytest.mark.parametrize(
    "code",
    [
        "mg",
        "10*3/uL",
        "mm[Hg]",
        "{score}",
        "mL/min/{1.73_m2}",
        "%",
        "[in_i'H2O]",
        "1",
        "Cel",
        "/min",
        "mo",
        "m)",
        "a//b",
        "",
    ],
)
def test_units_are_accepted(code: str) -> None:
    assert is_unit(code)


@pytest.mark.parametrize(
    ("code", "factor", "base"),
    [
        ("kg", "1000", [("g", 1)]),
        ("cd", "1", [("cd", 1)]),
        ("kcd", "1000", [("cd", 1)]),
        ("mrad", "1/1000", [("rad", 1)]),
        ("h", "3600", [("s", 1)]),
        ("/min", "1/60", [("s", -1)]),
        ("mmol/L", "602213670000000000000000", [("m", -3)]),
        ("kg/m2", "1000", [("g", 1), ("m", -2)]),
        ("m/m", "1", []),
        ("%", "1/100", []),
        ("10*-3", "1/1000", []),
        ("[lb_av]", "45359237/100000", [("g", 1)]),
        ("N.m", "1000", [("g", 1), ("m", 2), ("s", -2)]),
        ("kg/(m.s2)", "1000", [("g", 1), ("m", -1), ("s", -2)]),
        ("{score}", "1", []),
    ],
)
def test_a_unit_in_base_units(code: str, factor: str, base: list[tuple[str, int]]) -> None:
    unit = canonical(code)
    assert unit is not None
    assert (unit.factor, list(unit.base)) == (Fraction(factor), base)


def test_the_same_amount_is_equal_in_any_unit() -> None:
    def amount(value: str, code: str) -> tuple[Fraction, object]:
        unit = canonical(code)
        assert unit is not None
        return Fraction(value) * unit.factor, unit.base

    assert amount("1", "[in_i]") == amount("2.54", "cm")
    assert amount("60", "/min") == amount("1", "s-1")
    assert amount("1.5", "g/L") == amount("1500", "ug/mL")
    assert amount("1", "g") != amount("1", "m")


@pytest.mark.parametrize("code", ["Cel", "[degF]", "[pH]", "B", "mCel/s"])
def test_units_on_scales_of_their_own_are_not_converted(code: str) -> None:
    assert is_unit(code)
    assert canonical(code) is None


def test_every_unit_of_the_table_is_defined_by_units_of_the_table() -> None:
    assert len(_UNITS) == 307
    assert [
        code for code, unit in _UNITS.items() if unit.unit is not None and not is_unit(unit.unit)
    ] == []
    assert [
        code for code, unit in _UNITS.items() if not unit.special and canonical(code) is None
    ] == []


def test_hostile_codes_cost_nothing() -> None:
    assert is_unit("10*999999999")
    assert canonical("10*999999999") is None
    assert not is_unit("(" * 100_000 + "m" + ")" * 100_000)
    assert is_unit("m" + "/m" * 50_000)
    assert not is_unit("9" * 1_000_000)
