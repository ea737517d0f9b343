"""Where an issue stands in the JSON of its line."""

from __future__ import annotations

import pytest

from bulkfhir.validators.definitions import core
from bulkfhir.validators.schema import Schema
from bulkfhir.validators.schema.json_pointer import json_pointer


@pytest.fixture(scope="module")
def schema():
    return Schema(core())


@pytest.mark.parametrize(
    ("location", "pointer"),
    [
        ("Patient", ""),
        ("Patient.name[0].given[1]", "/name/0/given/1"),
        ("Observation.value.ofType(Quantity).code", "/valueQuantity/code"),
        ("Patient.multipleBirth.ofType(boolean)", "/multipleBirthBoolean"),
        ("Patient.birthDate.extension[0].url", "/_birthDate/extension/0/url"),
        ("Patient.name[0].given[1].extension[0]", "/name/0/_given/1/extension/0"),
        ("Patient.name[0].extension[0]", "/name/0/extension/0"),
        ("Patient.deceased.ofType(boolean).extension[0]", "/_deceasedBoolean/extension/0"),
        (
            "Patient.extension[0].extension[1].value.ofType(Period)",
            "/extension/0/extension/1/valuePeriod",
        ),
        (
            "Bundle.entry[2].resource/*Patient/1*/.name[0].given[0]",
            "/entry/2/resource/name/0/given/0",
        ),
        ("Bundle.entry[0].resource.value.ofType(Quantity)", "/entry/0/resource/valueQuantity"),
        ("Bundle.entry[0].resource.extension[0].url", "/entry/0/resource/extension/0/url"),
        ("Bundle.entry[0].resource.birthDate.extension[0]", None),
        ("Patient.contained[0].id", "/contained/0/id"),
        ("Patient.nobody's", "/nobody's"),
        ("Patient.a/b~c", "/a~1b~0c"),
        ("", ""),
    ],
)
def test_a_location_is_a_pointer(schema, location, pointer):
    assert json_pointer(schema, location) == pointer
