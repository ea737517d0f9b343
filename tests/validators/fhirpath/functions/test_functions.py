"""Functions of FHIRPath: those that HL7's suite does not call, and that none is without a case."""

from __future__ import annotations

import pkgutil
from pathlib import Path
from typing import Any

import pytest

from bulkfhir.validators import fhirpath
from bulkfhir.validators.fhirpath import Scope, compiler, evaluation, functions

SUITE = Path(__file__).resolve().parents[4] / "../shared/conformance/fhirpath/tests-fhir-r4.xml"
HERE = Path(__file__).parents[1].rglob("*.py")
PATIENT = {"resourceType": "Patient", "id": "a", "active": True, "name": [{"family": "L"}]}
VALUES: dict[str, tuple[str, list[Any]]] = {
    "the value of a primitive": ("active.getValue()", [True]),
    "an element with parts has none": ("name.getValue()", []),
    "one of several is true": ("(active | false).anyTrue()", [True]),
    "one of several is false": ("(active | false).anyFalse()", [True]),
    "not all are false": ("(active | false).allFalse()", [False]),
    "text as a date": ("'2020-02'.toDate() = @2020-02", [True]),
    "text as a moment": ("'2020-02-03T10:00Z'.toDateTime() = @2020-02-03T10:00Z", [True]),
    "text as a time": ("'10:00'.toTime() = @T10:00", [True]),
    "now is within a day": ("timeOfDay() <= @T23:59:59.999", [True]),
    "no modifier extension is unknown": ("checkModifiers('http://x').id", ["a"]),
    "what is no text is no narrative": ("active.htmlChecks2()", [False]),
}


@pytest.mark.parametrize(("expression", "result"), VALUES.values(), ids=VALUES.keys())
def test_on_a_patient(expression: str, result: list[Any]) -> None:
    made = fhirpath.compile(expression, "Patient")
    assert made.evaluate(PATIENT, Scope(PATIENT, PATIENT)) == result


@pytest.mark.skipif(not SUITE.is_file(), reason="HL7's cases are not beside this checkout")
def test_every_function_is_called_by_a_case() -> None:
    cases = SUITE.read_text() + "".join(path.read_text() for path in HERE)
    untold = [name for name in evaluation.FUNCTIONS if f"{name}(" not in cases]
    assert untold == [], "write a case into VALUES for each function that HL7's suite does not call"


def test_every_file_of_functions_is_registered() -> None:
    files = {info.name for info in pkgutil.iter_modules(functions.__path__)}
    assert files <= vars(compiler).keys(), "import the file in fhirpath/compiler.py"
