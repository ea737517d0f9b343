"""What FHIRPath sees of primitives, quantities and profiles, in invariants of profiles.

Every verdict was compared with HL7's validator, but for those of string functions on dates and
numbers, which it refuses (docs/differences.md).
"""

from __future__ import annotations

import json

import pytest

from .guides import guide, invariant, line

HOLD = {
    "value-of-an-instant": "meta.lastUpdated.value.matches('^2020-01-01T.*Z$')",
    "value-of-a-date": "birthDate.value = '2000-02-29'",
    "value-of-a-code": "gender.value = 'male'",
    "value-of-a-string": "name.family.value.length() = 5",
    "value-of-a-boolean": "active.value = 'true'",
    "value-of-an-integer": "multipleBirth.value = '2'",
    "value-of-a-list": "name.given.value.count() = 2",
    "value-of-nothing": "gender.extension.value.empty()",
    "id-is-id": "id is id",
    "id-of-an-element-is-a-string": "name.first().family is string",
    "resource-has-a-value": "hasValue()",
    "profile": "%profile.exists()",
    "profile-names-it": "%profile.endsWith('profile-names-it')",
    "quantity-value": "(3 'mg').value = 3",
    "quantity-code": "(3 'mg').code = 'mg'",
    "low-boundary-of-a-year": "deceased.lowBoundary() = @2020-01-01T00:00:00.000+14:00",
    "high-boundary-of-a-year": "deceased.highBoundary() = @2020-12-31T23:59:59.999-12:00",
    "low-boundary-of-a-date": "birthDate.lowBoundary() = @2000-02-29",
    "matches-on-a-date": "birthDate.matches('^[0-9]{4}-.*')",
    "starts-with-on-a-date": "birthDate.startsWith('2')",
    "length-of-a-date": "birthDate.length() = 10",
    "substring-of-a-date": "birthDate.substring(0, 4) = '2000'",
    "matches-on-a-date-time": "deceased.matches('^2.*')",
    "matches-on-an-instant": "meta.lastUpdated.matches('^2.*')",
    "contains-on-a-date": "birthDate.contains('-')",
    "replace-in-a-date": "birthDate.replace('-', '') = '20000229'",
    "index-in-a-date": "birthDate.indexOf('-') = 4",
    "a-date-as-a-string": "birthDate.toString().matches('^[0-9]{4}-.*')",
}
FAIL = {
    "value-differs": "birthDate.value = '2000'",
    "value-is-no-element": "birthDate.value.value.exists()",
    "no-value-without-one": "(3 'mg').nosuch.exists()",
    "id-is-no-code": "id is code",
    "profile-is-another": "%profile.endsWith('x')",
    "has-no-value": "hasValue().not()",
    "matches-another-date": "birthDate.matches('^19.*')",
}


@pytest.fixture(scope="module")
def judge(judging, tmp_path_factory):
    profiles = [invariant(name, "Patient", text) for name, text in (HOLD | FAIL).items()]
    return judging("strict", packages=(guide(tmp_path_factory.mktemp("guide"), profiles),))


def rules(judge, name: str) -> list[str]:
    patient = line(
        "Patient", name, id="p", active=True, gender="male", birthDate="2000-02-29",
        name=[{"family": "Smith", "given": ["a", "b"]}], deceasedDateTime="2020",
        multipleBirthInteger=2,
    )  # fmt: skip
    patient["meta"]["lastUpdated"] = "2020-01-01T00:00:00Z"
    return [i.rule for i in judge.validate(json.dumps(patient).encode()).issues if i.fails]


@pytest.mark.parametrize("name", HOLD)
def test_it_holds(judge, name):
    assert rules(judge, name) == []


@pytest.mark.parametrize("name", FAIL)
def test_it_fails(judge, name):
    assert rules(judge, name) == [name]
