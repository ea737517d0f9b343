"""Messages: whose fault it is, what was wanted, and each issue once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .rules.guides import OWN, guide, invariant, line, profile

BROKEN = invariant("broken", "Patient.name", "family.exists( or")
CONTEXT = [{"type": "element", "expression": "Patient"}]
TYPES = {"path": "Observation.value[x]", "type": [{"code": "Quantity"}, {"code": "Range"}]}
PATTERN = {"coding": [{"system": "http://example.org/s", "code": "a"}]}
CODES = [{"code": f"c{number:02}"} for number in range(12)]


def extension(name: str, **more: Any) -> dict[str, Any]:
    elements = {"path": "Extension"}, {"path": "Extension.url", "fixedUri": OWN + name}
    made = profile(name, "Extension", *elements, context=CONTEXT, **more)
    return made | {"kind": "complex-type"}


def value_set(name: str, codes: list[dict[str, str]]) -> dict[str, Any]:
    include = [{"system": "http://example.org/s", "concept": codes}]
    return {
        "resourceType": "ValueSet",
        "url": f"http://example.org/{name}",
        "compose": {"include": include},
    }


def bound(name: str, value_set: str) -> dict[str, Any]:
    binding = {"strength": "required", "valueSet": f"http://example.org/{value_set}"}
    root = {"path": "Patient"}
    return profile(name, "Patient", root, {"path": "Patient.maritalStatus", "binding": binding})


GUIDE = [
    BROKEN,
    extension("sure", contextInvariant=["active = true"]),
    extension("unreadable", contextInvariant=["active = ("]),
    profile("types", "Observation", {"path": "Observation"}, TYPES),
    profile(
        "pattern",
        "Patient",
        {"path": "Patient"},
        {"path": "Patient.maritalStatus", "patternCodeableConcept": PATTERN},
    ),
    value_set("few", CODES),
    value_set("many", [*CODES, {"code": "c12"}]),
    bound("few", "few"),
    bound("many", "many"),
    profile("again", "Patient", {"path": "Patient"}, {"path": "Patient.name", "min": 1}),
    profile(
        "again",
        "Patient",
        {"path": "Patient"},
        {"path": "Patient.name", "min": 2},
        version="2.0.0",
    ),
]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    return guide(tmp_path_factory.mktemp("messages"), GUIDE)


@pytest.fixture(scope="module")
def said(judging, package):
    """What is said of a resource: (rule, place, message) of each issue."""
    judge = judging("strict", packages=(package,))

    def found(resource: dict[str, Any]) -> list[tuple[str, str, str]]:
        verdict = judge.validate(json.dumps({"id": "x", **resource}).encode())
        return [(issue.rule, issue.location, issue.diagnostics) for issue in verdict.issues]

    return found


def test_a_broken_expression_is_the_profiles_fault_and_said_once(said) -> None:
    names = [{"family": "a"}, {"family": "b"}, {"family": "c"}]
    ((rule, place, text),) = said(line("Patient", "broken", name=names))
    assert (rule, place) == ("broken", "Patient.name[0]")
    assert text.startswith(
        f"The invariant broken of {OWN}broken cannot be read as FHIRPath, which is the fault of "
        "the profile and not of the data: "
    )
    assert said(line("Patient", "broken")) == []


def test_a_context_invariant_that_fails_is_named(said) -> None:
    given = [{"url": OWN + "sure", "valueString": "x"}]
    ((rule, place, text),) = said(line("Patient", active=False, extension=given))
    assert (rule, place) == ("extension-context", "Patient.extension[0]")
    assert text == (
        f"The extension {OWN}sure is not allowed to be used at this point, since the invariant of "
        "its context does not hold: active = true"
    )
    assert said(line("Patient", active=True, extension=given)) == []
    inside = [{"family": "x", "extension": given}]
    ((_, _, text),) = said(line("Patient", active=True, name=inside))
    assert text.endswith("(allowed = element Patient)")


def test_a_context_invariant_that_cannot_be_read_is_the_definitions_fault(said) -> None:
    given = [{"url": OWN + "unreadable", "valueString": "x"}]
    ((rule, _, text),) = said(line("Patient", active=True, extension=given))
    assert rule == "extension-context"
    assert "which is the fault of the definition and not of the data: " in text


def test_types_are_named_and_values_are_json(said) -> None:
    observation = line("Observation", "types", status="final", code={"text": "x"}, valueString="y")
    ((_, _, text),) = said(observation)
    assert text == (
        f"The Profile '{OWN}types' definition allows for the types Quantity, Range but found type "
        "string"
    )
    ((_, _, text),) = said(line("Patient", "pattern", maritalStatus={"text": "m"}))
    shown = '{"coding":[{"code":"a","system":"http://example.org/s"}]}'
    assert text == f"Value does not match the pattern {shown} (at coding)"


def test_the_codes_of_a_small_value_set_are_listed(said) -> None:
    other = {"coding": [{"system": "http://example.org/s", "code": "z"}]}
    few, many = (
        [text for rule, _, text in said(line("Patient", name, maritalStatus=other))
         if rule == "binding-required"]
        for name in ("few", "many")
    )  # fmt: skip
    listed = ", ".join(one["code"] for one in CODES)
    assert few[0].endswith(f"value set is required: one of {listed} (http://example.org/s)")
    assert many[0].endswith("value set is required")
    ((_, _, text),) = said(line("Patient", gender="x"))
    assert text.endswith(
        ": one of female, male, other, unknown (http://hl7.org/fhir/administrative-gender)"
    )


def test_profiles_of_which_two_versions_are_at_hand_are_named_with_theirs(said) -> None:
    for version, minimum in ("1.0.0", 1), ("2.0.0", 2):
        ((_, _, text),) = said(line("Patient", f"again|{version}"))
        assert text == (
            f"Profile {OWN}again|{version}, Element 'Patient.name': minimum required = {minimum}, "
            "but only found 0"
        )
    ((_, _, text),) = said(line("Person", "again|1.0.0"))
    assert text.startswith(f"Specified profile type was 'Patient' in profile '{OWN}again|1.0.0'")


def test_a_profile_of_one_version_is_named_by_its_url(said) -> None:
    ((_, _, text),) = said(line("Person", "few|1.0.0"))
    assert f"profile '{OWN}few'" in text


def test_a_reference_that_misses_in_a_bundle_is_told_where_it_stands_and_not_again(said) -> None:
    composition = {
        "resourceType": "Composition", "id": "c", "status": "final", "type": {"text": "t"},
        "date": "2020", "title": "t", "author": [{"display": "x"}],
        "subject": {"reference": "Patient/p"}, "custodian": {"reference": "Organization/o"},
    }  # fmt: skip
    entries = [
        {"fullUrl": "http://one.org/Composition/c", "resource": composition},
        {"fullUrl": "http://two.org/Patient/p", "resource": {"resourceType": "Patient", "id": "p"}},
    ]
    bundle = {
        "resourceType": "Bundle", "type": "document", "timestamp": "2020-01-01T00:00:00Z",
        "identifier": {"system": "http://one.org", "value": "1"}, "entry": entries,
    }  # fmt: skip
    found = [(rule, place) for rule, place, _ in said(bundle)]
    assert found == [
        ("bundle-reference", "Bundle.entry[0].resource.subject"),
        ("bundle-reference", "Bundle.entry[0].resource.custodian"),
        ("bundle-orphan", "Bundle.entry[1]"),
    ]


def test_an_unknown_system_in_a_bound_extension_is_said_once(judging) -> None:
    religion = {
        "url": "http://hl7.org/fhir/StructureDefinition/patient-religion",
        "valueCodeableConcept": {"coding": [{"system": "http://nowhere.org", "code": "x"}]},
    }
    patient = {"resourceType": "Patient", "id": "p", "extension": [religion]}
    judge = judging("structure-only", warnings=True)
    verdict = judge.validate(json.dumps(patient).encode())
    assert [issue.rule for issue in verdict.issues] == ["system-unknown", "binding-extensible"]


def test_what_two_profiles_say_alike_is_said_for_each(said) -> None:
    """Their names differ, though the sentence is the same."""
    patient = line("Patient", "few", "many", maritalStatus={"text": "x"})
    found = [rule for rule, _, _ in said(patient)]
    assert found == ["binding-no-code", "binding-no-code"]
