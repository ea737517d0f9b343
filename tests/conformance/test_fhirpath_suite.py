"""HL7's FHIRPath tests for R4: every case must do what the suite says, but for the listed ones."""

from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bulkfhir.validators import fhirpath
from bulkfhir.validators.fhirpath import FhirPathError, Hooks, Quantity, Scope, Temporal

CONFORMANCE = Path(__file__).resolve().parents[2] / "../shared/conformance"
SUITE = CONFORMANCE / "fhirpath/tests-fhir-r4.xml"

pytestmark = pytest.mark.skipif(
    not SUITE.exists(), reason="HL7's FHIRPath tests are not beside the project"
)

DIFFERENT: dict[str, str] = {}
"""Cases that do otherwise, and why. This list may only shrink."""


PATIENT_AGE = {
    "url": "http://example.com/fhir/StructureDefinition/patient-age",
    "valueAge": {"value": 25, "system": "http://unitsofmeasure.org", "code": "a"},
}
"""In the suite's observation-example.xml, but not in the JSON beside it.

Likewise the version of its value set.
"""

SUBSTITUTES: dict[str, dict[str, Any]] = {
    "parameters-example-types": {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "string", "valueString": "string value"},
            {"name": "integer", "valueInteger": 1},
            {"name": "uuid", "valueUuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
            {"name": "decimal", "valueDecimal": 1.5},
        ],
    },
    "patient-example-period": {
        "resourceType": "Patient",
        "identifier": [{"period": {"start": "2001-05-06", "end": "2001-05"}}],
    },
    "patient-container-example": {
        "resourceType": "Patient",
        "contained": [{"resourceType": "Organization", "id": "1"}],
        "managingOrganization": {"reference": "#1"},
    },
    "patient-name-extensions": {
        "resourceType": "Patient",
        "name": [
            {
                "given": [None, "Ada"],
                "_given": [
                    {"extension": [{"url": "http://example.org/absent", "valueCode": "unknown"}]},
                    None,
                ],
            }
        ],
    },
    "explanationofbenefit-example": {
        "resourceType": "ExplanationOfBenefit",
        "supportingInfo": [
            {"sequence": 2, "category": {"coding": [{"code": "additionalbodysite"}]}},
            {"sequence": 3},
        ],
        "item": [{"sequence": 1, "informationSequence": [2, 3]}],
    },
}
"""Inputs that the suite names but that are not in its folder: small resources with the content its
expressions ask for.
"""


@dataclass(frozen=True)
class Case:
    name: str
    expression: str
    input: str | None
    invalid: str | None
    predicate: bool
    ordered: bool
    outputs: tuple[tuple[str | None, str], ...]


def cases() -> Iterator[Case]:
    if not SUITE.exists():
        return
    seen: dict[str, int] = {}
    for test in ET.parse(SUITE).getroot().iter("test"):
        expression = test.find("expression")
        assert expression is not None
        name = test.get("name", "")
        seen[name] = seen.get(name, 0) + 1
        yield Case(
            name if seen[name] == 1 else f"{name}#{seen[name]}",
            expression.text or "",
            test.get("inputfile"),
            expression.get("invalid") or test.get("invalid"),
            test.get("predicate") == "true",
            test.get("ordered") != "false",
            tuple((output.get("type"), output.text or "") for output in test.findall("output")),
        )


@cache
def examples() -> dict[str, dict[str, Any]]:
    names = [
        line.split()[-1] for line in (CONFORMANCE / "r4-examples.names").read_text().splitlines()
    ]
    wanted = {case.input.rsplit(".", 1)[0] for case in cases() if case.input}
    found: dict[str, dict[str, Any]] = {**SUBSTITUTES}
    with gzip.open(CONFORMANCE / "r4-examples.ndjson.gz", "rt", encoding="utf-8") as lines:
        for name, line in zip(names, lines, strict=True):
            stem = name.removesuffix(".json").lower()
            if stem in wanted:
                found[stem] = json.loads(line)
    for path in (CONFORMANCE / "fhirpath").glob("*.json"):
        found[path.stem] = json.loads(path.read_text(encoding="utf-8"))
    found["observation-example"]["extension"] = [PATIENT_AGE]
    found["valueset-example-expansion"]["version"] = "20150622"
    return found


def written(value: Any) -> str:
    """A value as the suite writes expected output."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Temporal):
        return f"@T{value.text}" if value.kind == "time" else f"@{value.text}"
    if isinstance(value, Quantity):
        return value.text()
    return str(value)


def agrees(value: Any, type_name: str | None, expected: str) -> bool:
    if type_name == "decimal" and not isinstance(value, Temporal):
        return Decimal(value) == Decimal(expected)
    return written(value) == expected


CASES = list(cases())


def run(case: Case) -> list[Any]:
    resource = examples().get(case.input.rsplit(".", 1)[0]) if case.input else {}
    if resource is None:
        pytest.skip(f"{case.input} is not among the examples")
    expression = fhirpath.compile(
        case.expression, resource.get("resourceType", "Resource"), strict=case.invalid is not None
    )
    hooks = Hooks(
        conforms_to=lambda value, name, url: (
            None
            if "StructureDefinition/" not in url
            else url.endswith("/" + str(value.get("resourceType")))
        )
    )
    return expression.evaluate(resource, Scope(resource, resource, hooks=hooks))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_expression_has_the_result_the_suite_says(case: Case) -> None:
    if case.name in DIFFERENT:
        pytest.xfail(DIFFERENT[case.name])
    if case.invalid:
        with pytest.raises(FhirPathError):
            run(case)
        return
    found = run(case)
    if case.predicate:
        found = [bool(found)]
    values, expected = list(found), list(case.outputs)
    if not case.ordered:
        values.sort(key=written)
        expected.sort(key=lambda output: output[1])
    assert len(values) == len(expected), values
    for value, (type_name, text) in zip(values, expected, strict=True):
        assert agrees(value, type_name, text), f"{written(value)} is not {text}"
