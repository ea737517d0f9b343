"""Profiles, slices and extensions: small packages of our own, each case with the verdict of HL7's
validator (checked with the oracle when it was written).
"""

import json
import pathlib

import pytest

PACKAGES = pathlib.Path(__file__).resolve().parents[3] / "fixtures/packages"
CASES = [
    json.loads(line)
    for line in (PACKAGES / "example.profiles.cases.jsonl").read_text().splitlines()
]
URL = "http://example.org/fhir/StructureDefinition/"


@pytest.fixture(scope="module")
def validator(judging):
    return judging("strict", packages=[str(PACKAGES / "example.profiles")])


def failing(validator, resource):
    return [
        issue for issue in validator.validate(json.dumps(resource).encode()).issues if issue.fails
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['profile']}: {case['shows']}")
def test_a_profile_decides(case, validator):
    before = sum(validator.undecided.values())
    found = failing(validator, case["resource"])
    assert bool(found) == (case["expected"] == "invalid"), found
    assert sorted({issue.rule for issue in found}) == case["rules"]
    if case["expected"] == "undecided":
        assert sum(validator.undecided.values()) > before


def patient(*profiles, **more):
    return {
        "resourceType": "Patient",
        "meta": {"profile": [URL + name for name in profiles]},
        **more,
    }


def test_an_issue_names_profile_element_and_place(validator):
    (issue,) = failing(
        validator, patient("bounds", gender="male", contact=[{"address": {"text": "x"}}])
    )
    assert issue.diagnostics == (
        f"Profile {URL}bounds, Element 'Patient.contact.name': minimum required = 1, but only "
        "found 0"
    )
    assert (issue.location, issue.element, issue.profile) == (
        "Patient.contact[0]",
        "name",
        URL + "bounds",
    )


def test_an_issue_names_the_slice(validator):
    (issue,) = failing(
        validator, patient("by-value", identifier=[{"system": "http://example.org/mrn"}])
    )
    assert "Patient.identifier:mrn.value" in issue.diagnostics
    assert issue.location == "Patient.identifier[0]"


def test_a_closed_slicing_names_its_slices(validator):
    (issue,) = failing(validator, patient("closed", telecom=[{"system": "fax", "value": "1"}]))
    assert issue.diagnostics.endswith("slicing is CLOSED: phone, email")


def test_slices_that_cannot_be_told_apart_are_named_where_they_are_counted(validator):
    validator.undecided.clear()
    assert failing(validator, patient("unclear", identifier=[{"value": "1"}, {"value": "2"}])) == []
    ((key, count),) = validator.undecided.items()
    assert "Patient.identifier:any is not told apart by system" in key
    assert count == 2


@pytest.mark.parametrize(
    ("policy", "severities"), [("error", ["error"]), ("warning", []), ("ignore", [])]
)
def test_an_unknown_profile_is_worth_what_is_asked_for(judging, policy, severities):
    validator = judging("strict", unknown_profile=policy)
    assert [
        issue.severity
        for issue in validator.validate(json.dumps(patient("nowhere")).encode()).issues
    ] == severities


def test_an_unknown_profile_is_a_warning_where_warnings_are_wanted(judging):
    validator = judging("strict", unknown_profile="warning", warnings=True)
    (issue,) = (
        i
        for i in validator.validate(json.dumps(patient("nowhere")).encode()).issues
        if i.rule == "profile-unknown"
    )
    assert (issue.severity, issue.location) == ("warning", "Patient.meta.profile[0]")


def test_profiles_of_resources_do_not_exist_at_structure_only(judging):
    validator = judging("structure-only", packages=[str(PACKAGES / "example.profiles")])
    assert failing(validator, patient("bounds")) == []


def test_definitions_of_extensions_hold_at_structure_only(judging):
    validator = judging("structure-only", packages=[str(PACKAGES / "example.profiles")])
    assert [
        issue.rule
        for issue in failing(
            validator,
            {"resourceType": "Patient", "extension": [{"url": URL + "simple", "valueInteger": 1}]},
        )
    ] == [
        "extension-type",
        "profile-element-type",
    ]


def definition(url, version, element, **more):
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "version": version,
        "type": "Patient",
        "kind": "resource",
        "abstract": False,
        "derivation": "constraint",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "differential": {"element": [{"id": "Patient", "path": "Patient"}, element]},
        **more,
    }


def package(folder, version, *resources):
    target = folder / version / "package"
    target.mkdir(parents=True)
    (target / "package.json").write_text(
        json.dumps({"name": "example.versions", "version": version, "fhirVersions": ["4.0.1"]})
    )
    for number, resource in enumerate(resources):
        (target / f"{number}.json").write_text(json.dumps(resource))
    return str(folder / version)


@pytest.fixture
def versions(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    one = definition(
        URL + "p", "1.0.0", {"id": "Patient.gender", "path": "Patient.gender", "min": 1}
    )
    two = definition(
        URL + "p", "2.0.0", {"id": "Patient.active", "path": "Patient.active", "min": 1}
    )
    return [package(tmp_path, "1.0.0", one), package(tmp_path, "2.0.0", two)]


@pytest.mark.parametrize(
    ("url", "defaults", "missing"),
    [
        ("p", None, "gender"),
        ("p", {"example.versions": "2.0.0"}, "active"),
        ("p|2.0.0", None, "active"),
        ("p|1.0.0", {"example.versions": "2.0.0"}, "gender"),
    ],
)
def test_a_version_picks_its_profile_and_a_bare_url_means_the_default(
    judging, url, defaults, missing, versions
):
    (issue,) = failing(judging("strict", packages=versions, defaults=defaults), patient(url))
    assert issue.element == missing


def test_a_profile_that_cannot_be_completed_is_unknown(judging, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    faulty = definition(
        URL + "faulty",
        "1.0.0",
        {"id": "Patient.active", "path": "Patient.active"},
        baseDefinition=URL + "nowhere",
    )
    (issue,) = failing(
        judging("strict", packages=[package(tmp_path, "1.0.0", faulty)]), patient("faulty")
    )
    assert issue.rule == "profile-unknown"


@pytest.mark.parametrize(
    ("element", "rules"),
    [
        (
            {
                "constraint": [
                    {"key": "x-1", "severity": "error", "human": "h", "expression": "(a ="}
                ]
            },
            ["x-1"],
        ),
        (
            {
                "constraint": [
                    {"key": "x-1", "severity": "error", "human": "h", "expression": "unheard()"}
                ]
            },
            ["x-1"],
        ),
        ({"max": "many"}, ["profile-unknown"]),
        (
            {"constraint": [{"severity": "error", "human": "h", "expression": "true"}]},
            ["profile-unknown"],
        ),
        ({"slicing": {"rules": "open", "discriminator": [{"type": "value"}]}}, ["profile-unknown"]),
    ],
    ids=[
        "an invariant that is no FHIRPath never holds",
        "nor one with an unknown function",
        "a maximum",
        "a constraint without key",
        "a discriminator without path",
    ],
)
def test_a_faulty_definition_stops_nothing(judging, element, rules, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    faulty = definition(
        URL + "faulty", "1.0.0", {"id": "Patient.name", "path": "Patient.name", **element}
    )
    found = failing(
        judging("strict", packages=[package(tmp_path, "1.0.0", faulty)]),
        patient("faulty", name=[{"text": "x"}]),
    )
    assert [issue.rule for issue in found] == rules


def test_an_element_that_the_base_does_not_have_is_passed_over(judging, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    faulty = definition(
        URL + "faulty",
        "1.0.0",
        {"id": "Patient.dateOfBirth", "path": "Patient.dateOfBirth", "min": 1},
    )
    assert (
        failing(judging("strict", packages=[package(tmp_path, "1.0.0", faulty)]), patient("faulty"))
        == []
    )


@pytest.mark.parametrize(
    ("value", "rules"),
    [({"valueString": "x"}, []), ({"valueCode": "x"}, ["extension-type"])],
    ids=["a name", "another type"],
)
def test_names_of_instances_are_known_though_r4_does_not_define_them(value, rules, validator):
    extension = {"url": "http://hl7.org/fhir/StructureDefinition/instance-name", **value}
    assert [
        issue.rule
        for issue in failing(
            validator,
            {"resourceType": "Patient", "active": True, "meta": {"extension": [extension]}},
        )
    ] == rules


@pytest.fixture(scope="module")
def short_url(judging, tmp_path_factory):
    """At most 13 characters for the url of a photo; the lengths of HL7's validator are UTF-16's."""
    element = {"id": "Patient.photo.url", "path": "Patient.photo.url", "maxLength": 13}
    profile = definition(URL + "short-url", "1.0.0", element)
    return judging("strict", packages=[package(tmp_path_factory.mktemp("p"), "1.0.0", profile)])


@pytest.mark.parametrize(
    ("url", "rules"),
    [
        ("http://a.io/b", []),
        ("http://a.io/bc", ["max-length"]),
        ("http://a.io/\U0001f600", ["max-length"]),
    ],
    ids=["13 characters", "14 characters", "13 characters, one of them a pair"],
)
def test_a_url_is_no_longer_than_its_profile_allows(short_url, url, rules):
    found = failing(short_url, patient("short-url", photo=[{"url": url}]))
    assert [(issue.rule, issue.location) for issue in found] == [
        (rule, "Patient.photo[0].url") for rule in rules
    ]
