"""Profiles in the native acceptor: lines that follow them are accepted, in Bundles too, and none
that the explainer refuses.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from bulkfhir.validators import Validator
from bulkfhir.validators.verdicts.block import Block
from tests.validators.rules.guides import OWN, guide, invariant, profile

pytestmark = pytest.mark.native

Json = dict[str, Any]
RANK = f"{OWN}rank"
BY_URL = {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}


def simple(name: str, context: str, kind: str = "element") -> Json:
    """The definition of an extension whose value is a code."""
    return profile(
        name,
        "Extension",
        {"path": "Extension"},
        {"path": "Extension.extension", "max": "0"},
        {"path": "Extension.url", "fixedUri": OWN + name},
        {"path": "Extension.value[x]", "min": 1, "type": [{"code": "code"}]},
        context=[{"type": kind, "expression": context}],
    )


def beside_birth_date(name: str, least: int) -> Json:
    """A profile with an extension beside the birthDate."""
    path = "Patient.birthDate.extension"
    return profile(
        name,
        "Patient",
        {"path": "Patient"},
        {"path": "Patient.birthDate", "min": 1},
        {"path": path, "slicing": BY_URL},
        {
            "id": f"{path}:exact",
            "path": path,
            "sliceName": "exact",
            "min": least,
            "max": "1",
            "type": [{"code": "Extension", "profile": [OWN + "exact"]}],
        },
    )


def bound_anew(name: str, value_set: str) -> Json:
    """A profile that binds the priority, which R4 binds to a code system."""
    binding = {"strength": "required", "valueSet": value_set}
    return profile(
        name,
        "ExplanationOfBenefit",
        {"path": "ExplanationOfBenefit"},
        {"path": "ExplanationOfBenefit.priority", "binding": binding},
    )


NUMBERS = f"{OWN}numbers"


def numbered() -> Json:
    """A profile with a slice of identifiers, told apart by a pattern of the whole value."""
    path = "Patient.identifier"
    by_pattern = {"discriminator": [{"type": "pattern", "path": "$this"}], "rules": "open"}
    return profile(
        "numbered",
        "Patient",
        {"path": "Patient"},
        {"path": path, "slicing": by_pattern},
        {
            "id": f"{path}:number",
            "path": path,
            "sliceName": "number",
            "min": 1,
            "max": "1",
            "patternIdentifier": {"system": NUMBERS},
        },
    )


def performed() -> Json:
    """A profile with slices of performers, told apart by the profile of what they refer to."""
    path = "Observation.performer"
    by_target = {"discriminator": [{"type": "profile", "path": "resolve()"}], "rules": "open"}
    wanted = [{"code": "Reference", "targetProfile": [OWN + "day"]}]
    named = {"id": f"{path}:own", "path": path, "sliceName": "own"}
    return profile(
        "performed",
        "Observation",
        {"path": "Observation"},
        {"path": path, "slicing": by_target},
        {**named, "max": "1", "type": wanted},
    )


def observation(*performers: Json) -> Json:
    return {
        "resourceType": "Observation",
        "id": "o",
        "meta": {"profile": [OWN + "performed"]},
        "status": "final",
        "code": {"text": "x"},
        "performer": [*performers],
    }


DEFINITIONS = (
    numbered(),
    performed(),
    invariant("day", "Patient.birthDate", "$this.toString().length() = 10"),
    invariant("short", "Patient.name.family", "$this.length() < 4 and $this.startsWith('a')"),
    invariant("alive", "Patient.deceased[x]", "$this is boolean implies $this = false"),
    simple("rank", "Patient"),
    simple("exact", "date"),
    simple("anywhere", "descendants()", "fhirpath"),
    bound_anew("urgent", "http://hl7.org/fhir/ValueSet/process-priority"),
    profile("claim", "ExplanationOfBenefit", {"path": "ExplanationOfBenefit"}),
    beside_birth_date("exact-date", 1),
    beside_birth_date("date", 0),
    profile(
        "ranked",
        "Patient",
        {
            "id": "Patient.extension",
            "path": "Patient.extension",
            "slicing": BY_URL,
        },
        {
            "id": "Patient.extension:rank",
            "path": "Patient.extension",
            "sliceName": "rank",
            "min": 1,
            "max": "1",
            "type": [{"code": "Extension", "profile": [RANK]}],
        },
    ),
    profile(
        "of-ranked",
        "Bundle",
        {"path": "Bundle"},
        {
            "path": "Bundle.entry",
            "slicing": {"discriminator": [{"type": "type", "path": "resource"}], "rules": "open"},
        },
        {"id": "Bundle.entry:patient", "path": "Bundle.entry", "sliceName": "patient", "min": 1},
        {
            "id": "Bundle.entry:patient.resource",
            "path": "Bundle.entry.resource",
            "min": 1,
            "type": [{"code": "Patient", "profile": [OWN + "ranked"]}],
        },
    ),
    profile(
        "about-one-of-two",
        "Basic",
        {"path": "Basic"},
        {
            "path": "Basic.subject",
            "type": [{"code": "Reference", "targetProfile": [OWN + "ranked", OWN + "exact-date"]}],
        },
    ),
    profile(
        "of-any",
        "Bundle",
        {"path": "Bundle"},
        {"path": "Bundle.entry"},
        {
            "path": "Bundle.entry.resource",
            "type": [{"code": "Resource", "profile": [OWN + "ranked"]}],
        },
    ),
    invariant(
        "grouped",
        "Bundle",
        "entry.where(resource is Patient).resource.managingOrganization.resolve().name = 'O'",
    ),
    invariant("managed", "Patient", "managingOrganization.resolve().name = 'O'"),
    profile(
        "of-bundles",
        "Bundle",
        {"path": "Bundle"},
        {"path": "Bundle.entry"},
        {
            "path": "Bundle.entry.resource",
            "type": [{"code": "Bundle"}],
            "constraint": [
                {
                    "key": "around",
                    "severity": "error",
                    "human": "found around the Bundle",
                    "expression": "entry.resource.managingOrganization.resolve().exists()",
                }
            ],
        },
    ),
)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return [guide(tmp_path_factory.mktemp("guide"), DEFINITIONS)]


@pytest.fixture(scope="module")
def fast(packages: list[str]) -> Validator:
    return Validator("strict", packages=packages)


@pytest.fixture(scope="module")
def slow(packages: list[str]) -> Validator:
    return Validator("strict", packages=packages, native=False)


def patient(*names: str, **more: Any) -> Json:
    meta = {"meta": {"profile": [OWN + name for name in names]}} if names else {}
    return {"resourceType": "Patient", "id": "p", **meta, **more}


def entry(resource: Json) -> Json:
    url = f"http://example.org/fhir/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource}


def collection(*resources: Json) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": list(map(entry, resources))}


def claiming(bundle: Json, *names: str) -> Json:
    return {**bundle, "meta": {"profile": [OWN + name for name in names]}}


def inside(bundle: Json, *others: Json) -> Json:
    """A Bundle in another one, and resources beside it there."""
    return collection({**bundle, "id": "i"}, *others)


def in_one_more(cases: dict[str, Json]) -> dict[str, Json]:
    return {
        f"{name}, a Bundle deeper": inside(one)
        for name, one in cases.items()
        if one["resourceType"] == "Bundle"
    }


def line(resource: Json) -> bytes:
    return json.dumps(resource).encode()


def benefit(*names: str, code: str = "normal") -> Json:
    """An ExplanationOfBenefit with a priority."""
    system = "http://terminology.hl7.org/CodeSystem/processpriority"
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": "e",
        **({"meta": {"profile": [OWN + name for name in names]}} if names else {}),
        "status": "active",
        "type": {"text": "t"},
        "use": "claim",
        "patient": {"reference": "Patient/p"},
        "created": "2020-01-01",
        "insurer": {"reference": "Organization/o"},
        "provider": {"reference": "Organization/o"},
        "priority": {"coding": [{"system": system, "code": code}]},
        "outcome": "complete",
        "insurance": [{"focal": True, "coverage": {"reference": "Coverage/c"}}],
    }


ANYWHERE = {"extension": [{"url": OWN + "anywhere", "valueCode": "a"}]}
RANKED = [{"url": RANK, "valueCode": "a"}]
EXACT = {"extension": [{"url": OWN + "exact", "valueCode": "a"}]}
ORGANIZATION = {"resourceType": "Organization", "id": "o", "name": "O"}
ABOUT = {
    "resourceType": "Basic",
    "id": "b",
    "meta": {"profile": [OWN + "about-one-of-two"]},
    "code": {"text": "x"},
    "subject": {"reference": "Patient/p"},
}
OTHER = {**ORGANIZATION, "name": "X"}
BY_O: Json = {"managingOrganization": {"reference": "Organization/o"}}
MANAGED, FOLLOWED = patient(**BY_O), patient("managed", **BY_O)
VALID = {
    "an extension that a slice wants": patient("ranked", extension=RANKED),
    "another one beside it": patient(
        "ranked", extension=[*RANKED, {"url": "http://example.org/other", "valueCode": "a"}]
    ),
    "a known extension in an entry": collection(patient(extension=RANKED)),
    "a profile with slices in an entry": collection(patient("ranked", extension=RANKED)),
    "an extension beside a primitive": patient(
        "exact-date", birthDate="2001-05-06", _birthDate=EXACT
    ),
    "an extension in the place of a primitive": patient("exact-date", _birthDate=EXACT),
    "a priority that the profile binds anew": benefit("urgent"),
    "a priority that the profile of an entry binds anew": collection(benefit("urgent")),
    "an extension that may stand anywhere inside": patient(
        telecom=[{"value": "1", "system": "phone", **ANYWHERE}], contact=[{"name": ANYWHERE}]
    ),
    "none where none is needed": patient("date", birthDate="2001-05-06"),
    "an entry that the Bundle's profile gives a profile": claiming(
        collection(patient(extension=RANKED)), "of-ranked"
    ),
    "a reference to what claims one of two profiles": collection(
        ABOUT, patient("ranked", extension=RANKED)
    ),
    "an entry of any type with a profile": claiming(
        collection(patient(extension=RANKED)), "of-any"
    ),
    "an invariant of a Bundle that follows a reference": claiming(
        collection(MANAGED, ORGANIZATION), "grouped"
    ),
    "an invariant of an entry that follows a reference": collection(FOLLOWED, ORGANIZATION),
    "one that finds the entry of the inner Bundle first": inside(
        collection(FOLLOWED, ORGANIZATION), OTHER
    ),
    "one that finds the entry of the outer Bundle behind an inner one": collection(
        {**collection(OTHER), "id": "i"}, FOLLOWED, ORGANIZATION
    ),
    "a reference of Parameters to what claims one of two profiles": collection(
        {"resourceType": "Parameters", "id": "i", "parameter": [{"name": "x", "resource": ABOUT}]},
        patient("ranked", extension=RANKED),
    ),
    "an invariant of a date": patient("day", birthDate="2001-05-06"),
    "an invariant of a string": patient("short", name=[{"family": "aé"}]),
    "an invariant of a string with an escape": patient("short", name=[{"family": 'a"'}]),
    "an invariant of a boolean": patient("alive", deceasedBoolean=False),
    "an invariant of another type of a choice": patient("alive", deceasedDateTime="2001"),
    "a slice told apart by a pattern": patient(
        "numbered", identifier=[{"system": NUMBERS, "value": "1"}, {"value": "1"}]
    ),
}
INVALID = {
    "a date without its day": patient("day", birthDate="2001-05"),
    "a string that is too long": patient("short", name=[{"family": "abcd"}]),
    "a string with an escape that is too long": patient("short", name=[{"family": 'a"cd'}]),
    "a boolean that must be false": patient("alive", deceasedBoolean=True),
    "no value of a slice told apart by a pattern": patient("numbered", identifier=[{"value": "1"}]),
    "two values of a slice told apart by a pattern": patient(
        "numbered", identifier=[{"system": NUMBERS, "value": value} for value in "12"]
    ),
    "a priority": benefit(),
    "a priority that one of two profiles binds anew": benefit("urgent", "claim"),
    "a priority that is none of the profile's": benefit("urgent", code="x"),
    "an extension on the resource that may stand anywhere inside": patient(**ANYWHERE),
    "no extension beside a primitive": patient("exact-date", birthDate="2001-05-06"),
    "no such extension in the place of a primitive": patient(
        "exact-date", _birthDate={"extension": [{"url": "http://example.org/x", "valueCode": "a"}]}
    ),
    "an extension twice in the place of a primitive": patient(
        "date", _birthDate={"extension": EXACT["extension"] * 2}
    ),
    "a wrong one beside a primitive": patient(
        "date",
        birthDate="2001-05-06",
        _birthDate={"extension": [{"url": OWN + "exact", "valueString": "a"}]},
    ),
    "an entry that does not follow the profile": claiming(collection(patient()), "of-ranked"),
    "a reference to what claims neither of two profiles": collection(ABOUT, patient("date")),
    "a reference to what does not meet the profile that it claims": collection(
        ABOUT, patient("ranked")
    ),
    "an entry of any type without what its profile wants": claiming(
        collection(patient()), "of-any"
    ),
    "an entry of a type that is not its profile's": claiming(collection(ORGANIZATION), "of-any"),
    "an entry of another type": claiming(collection(ORGANIZATION), "of-ranked"),
    "an invariant of a Bundle that finds nothing": claiming(collection(MANAGED), "grouped"),
    "an invariant of an entry that looks for what is around its Bundle": inside(
        collection(FOLLOWED), ORGANIZATION
    ),
    "an invariant on a Bundle as an entry that looks for what is around it": claiming(
        inside(collection(MANAGED, ORGANIZATION)), "of-bundles"
    ),
    "an invariant of an entry that looks for what is in another Bundle": collection(
        {**collection(ORGANIZATION), "id": "i"}, FOLLOWED
    ),
    "an extension that a slice wants is missing": patient(
        "ranked", extension=[{"url": "http://example.org/other", "valueCode": "a"}]
    ),
    "an extension twice": patient("ranked", extension=RANKED * 2),
    "a value of another type in an entry": collection(
        patient(extension=[{"url": RANK, "valueString": "a"}])
    ),
}

VALID["references to what is in slices by its profile, and to what is in none"] = collection(
    observation({"reference": "Patient/p"}, {"reference": "Organization/o"}, {"display": "x"}),
    patient("day", birthDate="2001-05-06"),
    ORGANIZATION,
)
INVALID["two references in a slice of one, by the profile of what they lead to"] = collection(
    observation({"reference": "Patient/p"}, {"reference": "Patient/p"}),
    patient("day", birthDate="2001-05-06"),
)
VALID |= in_one_more(VALID)
INVALID |= in_one_more(INVALID)


@pytest.mark.parametrize("name", VALID)
def test_what_follows_its_profiles_is_accepted(fast: Validator, slow: Validator, name: str) -> None:
    assert not slow.validate(line(VALID[name])).issues
    assert not fast.validate_block(Block(line(VALID[name]))).fallbacks


@pytest.mark.parametrize("name", INVALID)
def test_what_does_not_is_refused(fast: Validator, slow: Validator, name: str) -> None:
    assert slow.validate(line(INVALID[name])).failed
    assert fast.validate_block(Block(line(INVALID[name]))).failed == {0}


@pytest.mark.parametrize(
    "ones",
    [
        pytest.param(
            [patient("day", birthDate=f"2001-05-{day}") for day in range(10, 30)], id="dates"
        ),
        pytest.param(
            [
                patient(
                    "numbered", identifier=[{"system": NUMBERS, "value": "1"}, {"value": value}]
                )
                for value in "abcdef"
            ],
            id="values in no slice, of slices told apart by a pattern",
        ),
        pytest.param(
            [observation({"reference": f"Patient/{n}"}, {"display": f"{n}"}) for n in range(3)],
            id="references out of the line, of slices told apart by what they lead to",
        ),
    ],
)
def test_new_values_raise_no_questions(
    fast: Validator, monkeypatch: pytest.MonkeyPatch, ones: list[Json]
) -> None:
    first, *others = map(line, ones)
    fast.validate_block(Block(first))
    monkeypatch.setattr(fast._blocks._hearing.table, "answer", None)
    assert not fast.validate_block(Block(b"\n".join(others))).fallbacks
