"""Lines that do not follow the profiles that they claim, and Bundles of such: what is said of them
is what the explainer alone says of the whole line.
"""

from __future__ import annotations

import json
import pathlib
import random
import sys
from collections.abc import Sequence
from typing import Any

import pytest

sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parents[2] / "oracle")
)  # scripts that lie beside the tests, outside any package
from one_meaning import Pair, differences

from bulkfhir.validators import Validator
from bulkfhir.validators.native import sites
from bulkfhir.validators.verdicts.block import Block
from tests.validators.rules.guides import HL7, OWN, guide, invariant, line, profile

pytestmark = pytest.mark.native

Json = dict[str, Any]
SYSTEM = "http://example.org/fhir/CodeSystem/"
COLOURS, SHAPES = SYSTEM + "colours", SYSTEM + "shapes"
UNKNOWN = "http://example.org/fhir/ValueSet/unknown"
BY_THIS = {"discriminator": [{"type": "pattern", "path": "$this"}], "rules": "open"}
BARE_RED = {"system": COLOURS, "code": "red"}
BY_URL = {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}


def codes(name: str, *members: str) -> list[Json]:
    """A code system, and the value set of all its codes."""
    system = {
        "resourceType": "CodeSystem",
        "url": SYSTEM + name,
        "name": name,
        "status": "active",
        "content": "complete",
        "concept": [{"code": code, "display": code.upper()} for code in members],
    }
    value_set = {
        "resourceType": "ValueSet",
        "url": f"http://example.org/fhir/ValueSet/{name}",
        "name": name,
        "status": "active",
        "compose": {"include": [{"system": SYSTEM + name}]},
    }
    return [system, value_set]


def bound(name: str, path: str, value_set: str, strength: str = "required", **more: Any) -> Json:
    kind = path.partition(".")[0]
    if "/" not in value_set:
        value_set = f"http://example.org/fhir/ValueSet/{value_set}"
    binding = {"strength": strength, "valueSet": value_set}
    return profile(name, kind, {"path": kind}, {"path": path, "binding": binding}, **more)


def narrowed(name: str, path: str, **asked: Any) -> Json:
    kind = path.partition(".")[0]
    return profile(name, kind, {"path": kind}, {"path": path, **asked})


def sliced(name: str, path: str, slicing: Json, *slices: Json, **of_all: Any) -> Json:
    """A profile with a sliced list; each slice has a name and says what it narrows; what is below
    its element under "inside", by the names of the members.
    """
    kind = path.partition(".")[0]
    elements: list[Json] = [{"path": kind}, {"path": path, "slicing": slicing, **of_all}]
    for each in slices:
        own = dict(each)
        inside = own.pop("inside", {})
        number = f"{path}:{own['sliceName']}"
        elements.append({"id": number, "path": path, **own})
        elements += (
            {"id": f"{number}.{member}", "path": f"{path}.{member}", **asked}
            for member, asked in inside.items()
        )
    return profile(name, kind, *elements)


def to_profiles(*targets: str) -> list[Json]:
    return [{"code": "Reference", "targetProfile": [OWN + target for target in targets]}]


def leading(name: str, path: str, *targets: str) -> Json:
    """A profile with a reference to what follows one of some profiles."""
    return narrowed(name, path, type=to_profiles(*targets))


def of_entries(name: str, kind: str, asked: str, **more: Any) -> Json:
    """A profile on Bundles that lays another one on the entries of a type."""
    by_type = {"discriminator": [{"type": "type", "path": "resource"}], "rules": "open"}
    return profile(
        name,
        "Bundle",
        {"path": "Bundle", **more},
        {"path": "Bundle.entry", "slicing": by_type},
        {"id": "Bundle.entry:one", "path": "Bundle.entry", "sliceName": "one"},
        {
            "id": "Bundle.entry:one.resource",
            "path": "Bundle.entry.resource",
            "min": 1,
            "type": [{"code": kind, "profile": [OWN + asked]}],
        },
    )


def on_datatype(name: str, kind: str, *elements: Json) -> Json:
    return {**profile(name, kind, *elements), "kind": "complex-type"}


def constraint(name: str, expression: str, severity: str = "error") -> list[Json]:
    return [{"key": name, "severity": severity, "human": name, "expression": expression}]


IMPOSING = {
    "extension": [
        {
            "url": HL7 + "structuredefinition-imposeProfile",
            "valueCanonical": OWN + "born",
        }
    ]
}
DEFINITIONS = [
    *codes("colours", "red", "green"),
    *codes("shapes", "round", "square"),
    bound("gender-colour", "Patient.gender", "colours"),
    bound("gender-shape", "Patient.gender", "shapes"),
    narrowed("plain", "Patient.gender", short="x"),
    bound("marital-colour", "Patient.maritalStatus", "colours"),
    bound("marital-unknown", "Patient.maritalStatus", UNKNOWN),
    bound("marital-extensible", "Patient.maritalStatus", "colours", "extensible"),
    bound("method-colour", "Observation.method", "colours"),
    bound("part-colour", "Observation.component.code", "colours"),
    bound("value-colour", "Observation.value[x]", "colours"),
    bound("identifier-colour", "Patient.identifier.type", "colours"),
    narrowed("born", "Patient.birthDate", min=1),
    narrowed("named", "Patient.name", min=1, max="2"),
    narrowed("family", "Patient.name.family", min=1, maxLength=3),
    narrowed("active", "Patient.active", min=1, fixedBoolean=True),
    narrowed("marital", "Patient.maritalStatus", patternCodeableConcept={"text": "x"}),
    narrowed("no-photo", "Patient.photo", max="0"),
    narrowed("text-value", "Observation.value[x]", type=[{"code": "string"}]),
    profile("imposing", "Patient", {"path": "Patient"}, **IMPOSING),
    invariant("inv-root", "Patient", "birthDate.exists()"),
    invariant("inv-name", "Patient.name", "family.exists()"),
    invariant("inv-family", "Patient.name.family", "$this.length() < 4"),
    invariant("inv-contained", "Patient", "contained.empty()"),
    invariant("inv-resolve", "Patient", "managingOrganization.resolve().name = 'O'"),
    invariant("inv-observed", "Observation", "subject.resolve().birthDate.exists()"),
    profile(
        "warned",
        "Patient",
        {"path": "Patient", "constraint": constraint("warned", "birthDate.exists()", "warning")},
    ),
    sliced(
        "numbered",
        "Patient.identifier",
        BY_THIS,
        {
            "sliceName": "number",
            "min": 1,
            "max": "2",
            "patternIdentifier": {"system": "http://example.org/numbers"},
            "inside": {"value": {"min": 1, "maxLength": 3}, "use": {"fixedCode": "official"}},
        },
        {
            "sliceName": "other",
            "patternIdentifier": {"system": "http://example.org/others"},
            "inside": {"value": {"min": 1}, "type": {"min": 1}},
        },
        constraint=constraint("item", "value.exists() or period.exists()"),
        min=1,
    ),
    sliced(
        "closed",
        "Patient.identifier",
        {**BY_THIS, "rules": "closed"},
        {"sliceName": "number", "patternIdentifier": {"system": "http://example.org/numbers"}},
    ),
    sliced(
        "ordered",
        "Patient.identifier",
        {**BY_THIS, "ordered": True},
        {"sliceName": "number", "patternIdentifier": {"system": "http://example.org/numbers"}},
        {"sliceName": "other", "patternIdentifier": {"system": "http://example.org/others"}},
    ),
    sliced(
        "by-type",
        "Observation.value[x]",
        {"discriminator": [{"type": "type", "path": "$this"}], "rules": "closed"},
        {
            "sliceName": "valueQuantity",
            "type": [{"code": "Quantity"}],
            "inside": {"unit": {"min": 1}, "code": {"fixedCode": "mg"}},
        },
    ),
    sliced(
        "by-url",
        "Patient.extension",
        BY_URL,
        {
            "sliceName": "rank",
            "min": 1,
            "max": "1",
            "type": [{"code": "Extension", "profile": [OWN + "rank"]}],
        },
    ),
    sliced(
        "by-resolve",
        "Observation.performer",
        {"discriminator": [{"type": "type", "path": "resolve()"}], "rules": "open"},
        {
            "sliceName": "someone",
            "min": 1,
            "max": "1",
            "type": [{"code": "Reference", "targetProfile": [HL7 + "Practitioner"]}],
        },
    ),
    sliced(
        "by-profile",
        "Observation.performer",
        {"discriminator": [{"type": "profile", "path": "resolve()"}], "rules": "open"},
        {
            "sliceName": "born",
            "min": 1,
            "type": [{"code": "Reference", "targetProfile": [OWN + "born"]}],
        },
    ),
    narrowed("coded-red", "Observation.code", patternCodeableConcept={"coding": [BARE_RED]}),
    profile(
        "coded-blue",
        "Observation",
        {"path": "Observation"},
        {"path": "Observation.code", "patternCodeableConcept": {"coding": [{"code": "blue"}]}},
        {"path": "Observation.method", "min": 1},
    ),
    *(
        sliced(
            name,
            "Observation.derivedFrom",
            {"discriminator": [{"type": "profile", "path": path}], "rules": rules},
            *(
                {
                    "sliceName": target,
                    "max": "1",
                    "type": [{"code": "Reference", "targetProfile": [OWN + target]}],
                }
                for target in ("coded-red", "coded-blue", "derived")
            ),
        )
        for name, path, rules in (
            ("derived", "resolve()", "open"),
            ("derived-closed", "$this.resolve()", "closed"),
        )
    ),
    sliced(
        "parts",
        "Observation.component",
        {"discriminator": [{"type": "pattern", "path": "code"}], "rules": "open"},
        {
            "sliceName": "red",
            "inside": {
                "code": {
                    "patternCodeableConcept": {"coding": [{"system": COLOURS, "code": "red"}]}
                },
                "value[x]": {"min": 1, "type": [{"code": "string"}]},
            },
        },
        constraint=constraint("part", "value.exists()"),
    ),
    on_datatype(
        "rank",
        "Extension",
        {"path": "Extension"},
        {"path": "Extension.extension", "max": "0"},
        {"path": "Extension.url", "fixedUri": OWN + "rank"},
        {
            "path": "Extension.value[x]",
            "min": 1,
            "type": [{"code": "code"}],
            "binding": {
                "strength": "required",
                "valueSet": "http://example.org/fhir/ValueSet/colours",
            },
        },
    )
    | {"context": [{"type": "element", "expression": "Patient"}]},
    on_datatype(
        "human",
        "HumanName",
        {"path": "HumanName", "constraint": constraint("human", "given.exists()")},
        {"path": "HumanName.family", "min": 1, "maxLength": 3},
        {
            "path": "HumanName.use",
            "min": 1,
            "binding": {
                "strength": "required",
                "valueSet": "http://hl7.org/fhir/ValueSet/name-use",
            },
        },
    ),
    on_datatype(
        "amount",
        "Quantity",
        {"path": "Quantity", "constraint": constraint("amount", "value > 1")},
        {
            "path": "Quantity.code",
            "binding": {
                "strength": "required",
                "valueSet": "http://example.org/fhir/ValueSet/colours",
            },
        },
    ),
    narrowed(
        "human-name", "Patient.name", type=[{"code": "HumanName", "profile": [OWN + "human"]}]
    ),
    narrowed(
        "amount-value",
        "Observation.value[x]",
        type=[{"code": "Quantity", "profile": [OWN + "amount"]}],
    ),
    leading("of-born", "Observation.subject", "born"),
    leading("of-gender", "Observation.subject", "marital-colour"),
    leading("of-two", "Observation.subject", "born", "named"),
    leading("focused", "Observation.focus", "of-born"),
    leading("follows", "Observation.hasMember", "follows"),
    profile(
        "in-a-ring",
        "Observation",
        {"path": "Observation"},
        {"path": "Observation.subject", "type": to_profiles("born")},
        {"path": "Observation.hasMember", "type": to_profiles("of-born", "in-a-ring")},
    ),
    leading("managed", "Patient.managingOrganization", "told"),
    narrowed("told", "Organization.telecom", min=1),
    of_entries("of-entries", "Patient", "born"),
    of_entries("of-coloured", "Patient", "marital-colour"),
    of_entries("of-observed", "Observation", "of-born"),
    of_entries("of-unknown", "Patient", "marital-unknown"),
    of_entries("of-numbered", "Patient", "numbered"),
    of_entries(
        "of-many",
        "Patient",
        "born",
        constraint=constraint("many", "entry.count() > 9"),
    ),
]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    return (guide(tmp_path_factory.mktemp("guide"), DEFINITIONS),)


@pytest.fixture(scope="module")
def pair(packages: tuple[str, ...]) -> Pair:
    return Pair("strict", packages)


def coding(code: str, system: str = COLOURS, **more: Any) -> Json:
    return {"coding": [{"system": system, "code": code}], **more}


def patient(*names: str, **more: Any) -> Json:
    return line("Patient", *names, id=more.pop("id", "p"), **more)


def observation(*names: str, **more: Any) -> Json:
    stated = {"id": "o", "status": "final", "code": {"text": "x"}, **more}
    return line("Observation", *names, **stated)


def organization(*names: str, **more: Any) -> Json:
    return line("Organization", *names, **{"id": "g", "name": "O", **more})


def entry(resource: Json, **more: Any) -> Json:
    url = f"http://a.example/fhir/{resource['resourceType']}/{resource.get('id')}"
    return {"fullUrl": url, "resource": resource, **more}


def bundle(*resources: Json, kind: str = "collection", names: tuple[str, ...] = ()) -> Json:
    return line("Bundle", *names, type=kind, entry=list(map(entry, resources)))


def identifier(system: str, **more: Any) -> Json:
    return {"system": f"http://example.org/{system}", **more}


SUBJECT: Json = {"subject": {"reference": "Patient/p"}}
RED, BLUE = coding("red"), coding("blue")
LOINC = coding("8302-2", "http://loinc.org")
MANY = [
    identifier("numbers", value="12345", use="usual"),
    identifier("others", use="usual"),
    identifier("none"),
    identifier("numbers", use="official"),
    identifier("numbers", value="1", use="old"),
]
RANKED: Json = {"url": OWN + "rank", "valueCode": "red"}

LINES: dict[str, Json] = {
    "a required binding": patient("marital-colour", maritalStatus=BLUE),
    "a required binding, and none of the type": patient("marital-colour", maritalStatus=LOINC),
    "a required binding of an item": observation(
        "part-colour",
        component=[{"code": RED}, {"code": BLUE}, {"code": {"text": "x"}}, {"code": RED}],
    ),
    "a required binding of a choice": observation("value-colour", valueCodeableConcept=BLUE),
    "an extensible binding": patient("marital-extensible", maritalStatus=BLUE, active="x"),
    "a value set that is unknown": patient("marital-unknown", maritalStatus=BLUE),
    "a value set that is unknown beside a fault": patient(
        "marital-unknown", "born", maritalStatus=BLUE
    ),
    "an unknown system beside a fault": patient(
        "marital-colour", maritalStatus=coding("x", "http://a.example/unknown"), active="x"
    ),
    "codes that are left undecided beside a fault": observation(
        "text-value", code=LOINC, category=[LOINC], valueBoolean=True
    ),
    "bound anew": patient("gender-colour", gender="red"),
    "bound anew, and wrong in both": patient("gender-colour", gender="x"),
    "bound anew, and wrong in the profile's": patient("gender-colour", gender="male"),
    "bound anew by one of two": patient("gender-colour", "born", gender="red"),
    "bound anew by one of two, and wrong in both": patient("born", "gender-colour", gender="x"),
    "bound anew by two": patient("gender-colour", "gender-shape", gender="red"),
    "bound anew by one, named by another": patient("gender-colour", "plain", gender="red"),
    "bound anew, beside other faults": patient(
        "gender-colour", gender="red", name=[{"family": 5}], foo=1, birthDate="x"
    ),
    "bound anew, beside another binding": patient(
        "gender-colour",
        gender="red",
        contact=[{"name": {"family": "x"}, "gender": "y"}],
        link=[{"other": {"reference": "Patient/q"}, "type": "z"}],
    ),
    "bound anew by an unknown one and another": {
        **patient("gender-colour", gender="red", active="x"),
        "meta": {"profile": [OWN + "nothing", OWN + "gender-colour"]},
    },
    "a pattern": patient("marital", maritalStatus={"text": "y"}),
    "a fixed value": patient("active", active=False),
    "a fixed value of another form": patient("active", active="true"),
    "nothing that is required": patient("born", "named"),
    "too many": patient("named", name=[{"family": "x"}] * 3),
    "too many, beside other parts": patient(
        "born", "named", "numbered", name=[{"family": "x"}] * 3, identifier=MANY
    ),
    "none that is allowed": patient("no-photo", photo=[{"title": "x"}]),
    "a type that is not allowed": observation("text-value", valueBoolean=True),
    "a text that is too long": patient("family", name=[{"family": "abcd"}, {"given": ["x"]}]),
    "an invariant of the resource": patient("inv-root"),
    "an invariant of the resource, and one of the type": patient(
        "inv-root", contact=[{"gender": "male"}]
    ),
    "an invariant of items": patient(
        "inv-name", name=[{"given": ["x"]}, {"family": "x"}, {"text": "y"}]
    ),
    "an invariant of texts": patient("inv-family", name=[{"family": "abcd"}, {"family": "x"}]),
    "an invariant that reads what is contained": patient(
        "inv-contained",
        contained=[organization()],
        managingOrganization={"reference": "#g"},
    ),
    "an invariant that follows a reference": patient(
        "inv-resolve",
        contained=[organization(name="X")],
        managingOrganization={"reference": "#g"},
    ),
    "an invariant that is a warning": patient("warned"),
    "an invariant that is a warning beside a fault": patient("warned", active="x"),
    "a warning and a fault of one profile each": patient(
        "warned", "inv-name", name=[{"text": "x"}]
    ),
    "an identifier slice": patient(
        "numbered", identifier=[identifier("numbers", value="12345", use="official")]
    ),
    "no value of a slice": patient("numbered", identifier=[identifier("none", value="x")]),
    "too many values of a slice": patient(
        "numbered", identifier=[identifier("numbers", value="1", use="official")] * 3
    ),
    "slices and their list say something of several items": patient("numbered", identifier=MANY),
    "slices, their list and another profile": patient(
        "numbered", "born", "closed", "ordered", identifier=MANY[::-1], name=[{"family": 5}]
    ),
    "components and their list": observation(
        "parts",
        component=[
            {"code": RED, "valueInteger": 1},
            {"code": BLUE},
            {"code": RED},
            {"code": LOINC},
        ],
    ),
    "one in no slice of closed ones": patient(
        "closed", identifier=[identifier("none", value="x"), identifier("numbers")]
    ),
    "slices in another order": patient(
        "ordered", identifier=[identifier("others"), identifier("none"), identifier("numbers")]
    ),
    "slices by type": observation("by-type", valueQuantity={"value": 1, "code": "g"}),
    "slices by type, of which it is none": observation("by-type", valueString="x"),
    "slices by url": patient("by-url", extension=[{**RANKED, "valueCode": "blue"}]),
    "slices by url, twice": patient("by-url", extension=[RANKED, RANKED]),
    "no extension that a slice wants": patient("by-url", extension=[{"url": "http://a.example/x"}]),
    "an extension of a known profile": patient(
        extension=[{"url": OWN + "rank", "valueString": "x"}]
    ),
    "an extension where none may be": observation(extension=[RANKED]),
    "slices by what is referred to": observation(
        "by-resolve", performer=[{"reference": "Organization/g"}, {"reference": "Patient/p"}]
    ),
    "slices by what is contained": observation(
        "by-resolve",
        contained=[{"resourceType": "Practitioner", "id": "c"}],
        performer=[{"reference": "#c"}, {"reference": "#c"}],
    ),
    "slices by the profile of what is contained": observation(
        "by-profile", contained=[patient(id="c")], performer=[{"reference": "#c"}]
    ),
    "a datatype's profile": patient(
        "human-name", name=[{"family": "abcd", "use": "usual"}, {"given": ["x"]}, {"use": "x"}]
    ),
    "an invariant of a datatype's profile": patient(
        "human-name", name=[{"family": "a", "use": "usual"}, {"family": "b", "use": "old"}]
    ),
    "a binding of a datatype's profile": patient(
        "human-name", name=[{"family": "a", "use": "x", "given": ["x"]}]
    ),
    "a datatype's profile on a choice": observation(
        "amount-value", valueQuantity={"value": 1, "system": COLOURS, "code": "blue"}
    ),
    "a binding of a datatype's profile on a choice": observation(
        "amount-value", valueQuantity={"value": 3, "system": COLOURS, "code": "blue"}
    ),
    "a number that is no decimal": observation("amount-value", valueQuantity={"value": "1"}),
    "an unknown profile": {**patient(), "meta": {"profile": [OWN + "nothing"]}},
    "an unknown profile beside a fault": {
        **patient(active="x"),
        "meta": {"profile": [OWN + "nothing", OWN + "born"]},
    },
    "a profile on another type": patient("of-born", "born"),
    "a profile twice": patient("born", "born", active=1),
    "a profile on an abstract type": {**patient(), "meta": {"profile": [HL7 + "DomainResource"]}},
    "a profile of a version": {
        **patient(),
        "meta": {"profile": [OWN + "born|1.0.0", OWN + "named|2"]},
    },
    "a profile that imposes another one": patient("imposing"),
    "a profile that imposes another one that is claimed, too": patient("imposing", "born"),
    "claims of a wrong form": {**patient(), "meta": {"profile": OWN + "born"}},
    "one claim of a wrong form": {**patient(), "meta": {"profile": [OWN + "born", 5]}},
    "an empty claim": {**patient("born"), "meta": {"profile": [OWN + "born", ""]}},
    "a claim with an escape": patient("born", active="x"),
    "a target's profile": observation("of-born", **SUBJECT),
    "an invariant beside what is contained": observation(
        "text-value",
        contained=[patient(id="c")],
        subject={"reference": "#c"},
        valueString="x",
        dataAbsentReason={"text": "x"},
    ),
    "a contained target that follows": observation(
        "of-born",
        contained=[patient(id="c", birthDate="2001")],
        subject={"reference": "#c"},
        issued="x",
    ),
    "a contained target that does not follow": observation(
        "of-born", contained=[patient(id="c")], subject={"reference": "#c"}
    ),
    "a contained target that fails itself": observation(
        "of-born",
        contained=[patient(id="c", birthDate="x")],
        subject={"reference": "#c"},
    ),
    "a contained target's binding": observation(
        "of-gender",
        contained=[patient(id="c", maritalStatus=BLUE)],
        subject={"reference": "#c"},
    ),
    "a contained resource that claims": observation(
        contained=[patient("born", id="c")], subject={"reference": "#c"}
    ),
    "a target of a wrong type": observation("of-born", subject={"reference": "Group/g"}),
    "a value of another form": patient("born", "named", name={"family": "x"}),
    "a format": patient("born", "inv-root", birthDate="2001-13-01"),
    "an unknown name": patient("born", foo=1),
    "a type where none belongs": patient("inv-name", name=[{"resourceType": "Patient"}]),
    "codings in a coding": observation(
        "text-value", code={"coding": [{**LOINC["coding"][0], "coding": BLUE["coding"]}]}
    ),
    "an unknown name inside": patient("born", "inv-name", name=[{"foo": 1}, {"text": "x"}]),
    "missing in the type, and in the profile": {
        name: value for name, value in observation("of-born").items() if name != "status"
    },
    "missing inside": observation("part-colour", component=[{"valueString": "x"}, {"code": BLUE}]),
    "an empty list": patient("named", name=[]),
    "an empty object": patient("named", name=[{}]),
    "null": patient("born", birthDate=None),
    "an id at fault": patient("born", id="a b"),
    "an id of another form": patient("born", id=5),
    "an id twice": patient("named", name=[{"id": "x"}] * 3),
    "a narrative of no form": patient("born", text={"status": "generated", "div": "<p>x</p>"}),
    "many faults": patient(
        "numbered",
        "human-name",
        "marital-colour",
        "inv-root",
        "gender-colour",
        identifier=MANY,
        name=[{"family": "abcd", "use": "x"}, {"given": ["x"]}],
        maritalStatus=BLUE,
        gender="x",
        contact=[{"gender": "y"}],
    ),
    "more sites than are told": patient(
        "marital-colour", maritalStatus=BLUE, name=[{"family": n} for n in range(5000)]
    ),
    "many profiles inside": patient(
        "human-name", name=[{"family": "abcd", "use": "usual"} for n in range(5000)]
    ),
}
WHOLE = {
    "an id twice",
    "an extension where none may be",
    "a contained resource that claims",
    "a type where none belongs",
    "codings in a coding",
    "more sites than are told",
    "bundle: a contained resource of an entry that claims",
    "bundle: parameters",
    "bundle: a type where none belongs",
    "bundle: a Bundle",
    "bundle: references round about",
    "bundle: references round about to what fails",
    "bundle: references of no use",
    "bundle: a ring of two, of which one fails",
    "bundle: a ring of two, of which the first fails",
    "bundle: a ring of two, of which both fail",
    "bundle: a ring of three, of which one fails by its claim",
    "bundle: a ring of one",
    "bundle: a ring of one that claims two",
    "bundle: a ring of one that claims two, which another leads to",
}
"""Lines that are explained as a whole."""

BORN = patient("born", birthDate="2001")
UNBORN, WRONG = patient("born"), patient(birthDate="2001", gender="x")
BY_G: Json = {"managingOrganization": {"reference": "Organization/g"}}
SECOND = observation("of-born", id="o2", **SUBJECT)


def member(number: int, *names: str, to: int | None = None, **more: Any) -> Json:
    """An observation that refers to another one."""
    if to is not None:
        more["hasMember"] = [{"reference": f"Observation/m{to}"}]
    return observation(*names, id=f"m{number}", **more)


def coded(number: int, code: str, *names: str, to: Sequence[int] = (), **more: Any) -> Json:
    """An Observation with a code, and what it is derived from."""
    derived = {"derivedFrom": [{"reference": f"Observation/{n}"} for n in to]} if to else {}
    concept = {"coding": [{"system": COLOURS, "code": code}]}
    return observation(*names, id=f"{number}", code=concept, **derived, **more)


DERIVED: dict[str, Json] = {
    "references to one of each slice": bundle(
        coded(1, "red", "derived", to=(2, 3, 9)),
        coded(2, "red", "coded-red"),
        coded(3, "blue", "coded-blue", method={"text": "x"}),
        patient("born", id="q"),
    ),
    "a reference to what is in no slice": bundle(
        coded(1, "red", "derived-closed", to=(2,)), coded(2, "green")
    ),
    "references to two of a slice": bundle(
        coded(1, "red", "derived", to=(2, 3)), coded(2, "red"), coded(3, "red")
    ),
    "a reference to what is in two slices": bundle(
        coded(1, "red", "derived", to=(2,)), coded(2, "red", "derived")
    ),
    "a reference to what claims a profile that its code forbids": bundle(
        coded(1, "red", "derived", "derived-closed", to=(2,)), coded(2, "green", "coded-red")
    ),
    "a reference to what claims it in a version": bundle(
        coded(1, "red", "derived-closed", to=(2,)),
        observation(id="2", meta={"profile": [OWN + "coded-red|9"]}),
    ),
    "a reference to what lacks something that its profile wants": bundle(
        coded(1, "red", "derived", to=(2,)), coded(2, "blue"), coded(3, "blue", "coded-blue")
    ),
    "a reference to what fails otherwise": bundle(
        coded(1, "red", "derived", "derived-closed", to=(2, 3)),
        coded(2, "red", status="x"),
        coded(3, "red", foo=1),
    ),
    "a reference to what stands before it and fails": bundle(
        coded(2, "red", "coded-red", status="x"), coded(1, "red", "derived", to=(2,))
    ),
    "references round about": bundle(
        coded(1, "red", "derived", to=(2,)),
        coded(2, "red", "derived", to=(3,)),
        coded(3, "red", "derived", to=(1,)),
    ),
    "references round about to what fails": bundle(
        coded(1, "red", "derived", to=(2,)),
        coded(2, "green", "derived", to=(3,)),
        coded(3, "red", "derived", to=(1,), status="x"),
    ),
    "a code at fault in what a reference leads to": bundle(
        coded(1, "red", "derived", to=(2,)), observation(id="2", code={"text": 5})
    ),
    "a chain of references": bundle(
        *(coded(n, "green", "derived", to=(n + 1,)) for n in range(16)), coded(16, "red")
    ),
    "a chain of references, from its end": bundle(
        coded(16, "red"), *(coded(n, "green", "derived", to=(n + 1,)) for n in range(15, -1, -1))
    ),
    "references of no use": bundle(
        observation(
            "derived",
            derivedFrom=[{"display": "x"}, {"reference": "#"}, {"reference": "x y"}],
        ),
        observation("derived-closed", id="x", derivedFrom=[{"reference": "urn:x"}, 5]),
    ),
    "a warning in a slice": bundle(
        coded(1, "red", "derived", to=(2,), method=BLUE),
        coded(2, "red", valueCodeableConcept={"coding": [{"system": SYSTEM + "x", "code": "y"}]}),
        coded(3, "red", "derived", "method-colour", to=(2,), method=BLUE),
    ),
}
BUNDLES: dict[str, Json] = {
    **DERIVED,
    "an entry that does not follow": bundle(UNBORN, observation()),
    "an entry's binding": bundle(
        patient("marital-colour", maritalStatus=BLUE), observation(**SUBJECT)
    ),
    "an entry's binding anew": bundle(
        observation(status="x"),
        patient("gender-colour", gender="red"),
        observation(id="o2", status="x"),
    ),
    "an entry's binding anew by one of two": bundle(
        patient(id="q", gender="y"),
        patient("gender-colour", "plain", "born", gender="red"),
        patient(id="r", gender="z"),
    ),
    "an entry's binding anew, between others": bundle(
        patient("gender-colour", id="q", gender="red", active="x"),
        patient(gender="red"),
        patient("gender-colour", "gender-shape", id="r", gender="red"),
    ),
    "an entry's slices": bundle(observation(), patient("numbered", identifier=MANY)),
    "an entry of many faults": bundle(
        patient(
            "numbered", "human-name", identifier=MANY, name=[{"family": "abcd"}], gender="x", foo=1
        ),
        observation("part-colour", component=[{"code": BLUE}, {"valueString": "x"}]),
    ),
    "a target that follows, and another fault": bundle(
        BORN, observation("of-born", **SUBJECT, issued="x")
    ),
    "a target that does not claim": bundle(
        patient(birthDate="2001"), observation("of-born", **SUBJECT, issued="x")
    ),
    "a target that does not claim, and does not follow": bundle(
        patient(), observation("of-born", **SUBJECT)
    ),
    "a target that does not follow its claim": bundle(UNBORN, observation("of-born", **SUBJECT)),
    "a target that fails itself": bundle(WRONG, observation("of-born", **SUBJECT)),
    "a target behind, and a fault before the entries": {
        **bundle(observation("of-born", **SUBJECT), UNBORN),
        "meta": {"tag": [], "versionId": "x y"},
    },
    "a target that fails itself, behind": bundle(observation("of-born", **SUBJECT), WRONG),
    "a target that fails by another claim": bundle(
        patient("born", "named", birthDate="2001"), observation("of-born", **SUBJECT)
    ),
    "a target of two profiles": bundle(
        patient("named", name=[{"family": "x"}]), observation("of-two", **SUBJECT, issued="x")
    ),
    "a target of neither of two profiles": bundle(patient(), observation("of-two", **SUBJECT)),
    "a target's binding": bundle(patient(maritalStatus=BLUE), observation("of-gender", **SUBJECT)),
    "a target's binding that is claimed": bundle(
        patient("marital-colour", maritalStatus=BLUE), observation("of-gender", **SUBJECT)
    ),
    "a target with an unknown value set": bundle(
        patient("marital-unknown", "born", maritalStatus=BLUE, birthDate="2001"),
        observation("of-born", **SUBJECT, issued="x"),
    ),
    "a target that fails itself but not by its claim": bundle(
        patient("born", birthDate="2001", gender="x"), observation("of-born", **SUBJECT)
    ),
    "one behind that fails itself but not by its claim": bundle(
        observation("of-born", **SUBJECT), patient("born", birthDate="2001", gender="x")
    ),
    "a target that does not follow what it claims, of two": bundle(
        patient("named", "born", birthDate="2001"),
        observation("of-born", **SUBJECT),
        observation("of-two", id="o2", **SUBJECT),
    ),
    "a target that fails by a question of its claim": bundle(
        patient("marital-colour", "born", birthDate="2001", maritalStatus=BLUE),
        observation("of-born", **SUBJECT),
        observation("of-gender", id="o2", **SUBJECT),
    ),
    "a reference to what is not contained": bundle(
        observation("of-born", subject={"reference": "#c"}), BORN, WRONG
    ),
    "a reference to an entry of an odd id": bundle(
        observation(subject={"reference": "Patient/ p"}), patient("born", id=" p")
    ),
    "an invariant beside what is contained": bundle(
        observation(
            contained=[patient(id="c")],
            subject={"reference": "#c"},
            valueString="x",
            dataAbsentReason={"text": "x"},
        ),
        BORN,
    ),
    "a target with a remark": bundle(
        patient("marital-colour", maritalStatus=coding("x", "http://a.example/unknown")),
        observation("of-gender", **SUBJECT, issued="x"),
    ),
    "a chain to one that fails": bundle(
        observation("focused", focus=[{"reference": "Observation/o2"}]), SECOND, UNBORN
    ),
    "a chain to one that fails, the other way": bundle(
        UNBORN, SECOND, observation("focused", focus=[{"reference": "Observation/o2"}])
    ),
    "a chain to one that fails itself": bundle(
        WRONG, SECOND, observation("focused", focus=[{"reference": "Observation/o2"}])
    ),
    "references before and behind one that fails itself": bundle(
        observation("of-born", **SUBJECT), WRONG, observation("of-born", id="o2", **SUBJECT)
    ),
    "references before and behind one with a code that is left undecided": bundle(
        observation("of-born", **SUBJECT),
        WRONG | {"maritalStatus": LOINC},
        observation("of-born", id="o2", **SUBJECT),
    ),
    "references before and behind one that a chain leads to": bundle(
        observation("focused", focus=[{"reference": "Observation/o2"}]),
        observation("of-born", id="o2", **SUBJECT),
        WRONG,
        observation("focused", id="o3", focus=[{"reference": "Observation/o2"}]),
        observation("of-born", id="o4", **SUBJECT),
    ),
    "a reference to one of two, before it": bundle(
        observation("of-two", **SUBJECT), patient("named", birthDate="2001", gender="x")
    ),
    "a reference to one of two, of which neither is claimed": bundle(
        observation("of-two", **SUBJECT), patient("gender-colour", birthDate="2001", gender="x")
    ),
    "a reference before one whose claims are run as a whole": bundle(
        observation("of-born", **SUBJECT), patient("born", "named", birthDate="2001", name="x")
    ),
    "a long chain to one that fails": bundle(
        *(member(n, "follows", to=n + 1) for n in range(1, 15)),
        member(15, "follows", to=16, issued="x"),
    ),
    "a long chain to one that fails, the other way": bundle(
        member(15, "follows", to=16, issued="x"),
        *(member(n, "follows", to=n + 1) for n in range(14, 0, -1)),
    ),
    "the Bundle's profile on an entry that another leads to": bundle(
        observation("of-born", **SUBJECT),
        patient("born", gender="x", maritalStatus=LOINC),
        names=("of-entries", "of-many"),
    ),
    "a chain of claims to one that does not claim": bundle(
        patient(),
        observation(id="o2", **SUBJECT),
        observation("focused", focus=[{"reference": "Observation/o2"}]),
    ),
    "a ring of two, of which one fails": bundle(
        member(1, "follows", to=2), member(2, "follows", to=1, issued="x")
    ),
    "a ring of two, of which the first fails": bundle(
        member(1, "follows", to=2, issued="x"), member(2, "follows", to=1)
    ),
    "a ring of two, of which both fail": bundle(
        member(1, "follows", to=2, issued="x"), member(2, "follows", to=1, status="x")
    ),
    "a ring of two beside a fault": bundle(
        member(1, "follows", to=2), member(2, "follows", to=1), WRONG
    ),
    "a ring of three, of which one fails by its claim": bundle(
        member(1, "follows", to=2),
        member(2, "follows", to=3),
        member(3, "follows", "text-value", to=1, valueBoolean=True),
    ),
    "a ring of one": bundle(member(1, "follows", to=1, issued="x")),
    "a ring of one that claims two": bundle(
        member(1, "in-a-ring", "of-born", to=1, **SUBJECT), patient()
    ),
    "a ring of one that claims two, which another leads to": bundle(
        member(2, "in-a-ring", to=1, status="x"),
        member(1, "of-born", "in-a-ring", to=1, **SUBJECT),
        patient(),
    ),
    "a ring where one does not claim": bundle(
        member(1, "follows", to=2), member(2, to=1, issued="x"), member(3, "follows", to=1)
    ),
    "references that follow references of types": bundle(
        patient("managed", "born", **BY_G), organization(), observation("of-born", **SUBJECT)
    ),
    "slices by what entries are": bundle(
        {"resourceType": "Practitioner", "id": "c", "gender": "x"},
        observation(
            "by-resolve",
            performer=[{"reference": "Practitioner/c"}, {"reference": "Practitioner/c"}],
        ),
    ),
    "slices by the profiles of entries": bundle(
        patient(birthDate="2001", active="x"),
        BORN | {"id": "q"},
        observation(
            "by-profile",
            performer=[{"reference": "Patient/p"}, {"reference": "Patient/q"}],
        ),
        observation("by-profile", id="o2", performer=[{"reference": "Patient/p"}]),
    ),
    "a contained target of an entry": bundle(
        observation("of-born", contained=[patient(id="c")], subject={"reference": "#c"}), BORN
    ),
    "a contained resource of an entry that claims": bundle(
        observation(contained=[patient("born", id="c")], subject={"reference": "#c"}), BORN
    ),
    "an invariant of an entry that follows a reference": bundle(
        patient("inv-resolve", **BY_G), organization(name="X")
    ),
    "an invariant of an entry that reads a fault of another": bundle(
        observation("inv-observed", **SUBJECT), patient(birthDate=5)
    ),
    "the Bundle's profile on an entry": bundle(patient(), observation(), names=("of-entries",)),
    "the Bundle's profile on an entry that claims it": bundle(UNBORN, names=("of-entries",)),
    "the Bundle's profile on an entry that fails itself": bundle(WRONG, names=("of-entries",)),
    "the Bundle's profile on an entry, and a binding": bundle(
        patient(maritalStatus=BLUE), names=("of-coloured",)
    ),
    "the Bundle's profile on an entry, and a binding that it claims": bundle(
        patient("marital-colour", maritalStatus=BLUE), names=("of-coloured",)
    ),
    "the Bundle's profile on an entry with an unknown value set": bundle(
        patient(maritalStatus=BLUE), observation(issued="x"), names=("of-unknown",)
    ),
    "the Bundle's profile on an entry that claims an unknown value set": bundle(
        patient("marital-unknown", maritalStatus=BLUE),
        observation(issued="x"),
        names=("of-unknown",),
    ),
    "the Bundle's profile on an entry with codes that are left undecided": bundle(
        patient(maritalStatus=coding("x", "http://a.example/unknown"), active="x"),
        patient("marital-colour", id="q", maritalStatus=coding("x", "http://a.example/unknown")),
        names=("of-coloured",),
    ),
    "the Bundle's profile on an entry with slices": bundle(
        patient(identifier=MANY),
        patient("numbered", id="q", identifier=MANY),
        names=("of-numbered",),
    ),
    "the Bundle's profile on an entry that refers to a later one": bundle(
        observation("of-born", id="o2", **SUBJECT),
        observation(**SUBJECT),
        patient("born", birthDate="2001", gender="x"),
        names=("of-observed",),
    ),
    "the Bundle's profile on an entry that refers to one that does not follow": bundle(
        observation(subject={"reference": "Patient/q"}),
        UNBORN | {"id": "q"},
        names=("of-observed",),
    ),
    "two profiles of the Bundle": bundle(
        patient(maritalStatus=BLUE), names=("of-coloured", "of-entries")
    ),
    "an invariant of the Bundle's profile": bundle(BORN, observation(), names=("of-many",)),
    "an invariant of the Bundle's profile, and one that does not follow": bundle(
        UNBORN, observation(status="x"), names=("of-many",)
    ),
    "an unknown profile of the Bundle": bundle(UNBORN, names=("nothing",)),
    "a type where none belongs": {
        **bundle(names=("of-entries",)),
        "entry": [entry(BORN, resourceType="Patient")],
    },
    "an extension of an entry": bundle(
        patient("by-url", extension=[{**RANKED, "valueCode": "blue"}]), observation()
    ),
    "a value of another form": bundle(
        patient("named", name={"family": "x"}), observation("of-born", **SUBJECT)
    ),
    "ids at fault": bundle(patient("born", id="a b"), patient("born", id=5), observation()),
    "parameters": bundle(
        line("Parameters", id="r", parameter=[{"name": "x", "resource": UNBORN}]),
        patient("born", id="q"),
    ),
    "a Bundle": bundle(bundle(UNBORN) | {"id": "b"}, patient("born", id="q")),
    "full urls alike": bundle(UNBORN, BORN, observation("of-born", **SUBJECT)),
    "no full urls": {
        **bundle(UNBORN, observation("of-born", **SUBJECT)),
        "entry": [{"resource": one} for one in (UNBORN, observation("of-born", **SUBJECT))],
    },
    "links that lead nowhere": bundle(
        patient(
            "born",
            text={
                "status": "generated",
                "div": '<div xmlns="http://www.w3.org/1999/xhtml"><a href="#5">x</a></div>',
            },
        ),
        observation("of-born", **SUBJECT),
    ),
    "pictures in a stated language": bundle(
        patient(
            "born",
            language="en",
            text={
                "status": "generated",
                "div": '<div xmlns="http://www.w3.org/1999/xhtml"><img src="a.png"/></div>',
            },
        ),
        BORN | {"id": "q", "active": "x"},
    ),
    "pictures and links that lead nowhere": bundle(
        patient(
            text={
                "status": "generated",
                "div": '<div xmlns="http://www.w3.org/1999/xhtml"><img src="#a"/><a href="#b"/>'
                "</div>",
            },
        ),
        UNBORN | {"id": "q"},
    ),
    "a document": bundle(
        line(
            "Composition",
            id="c",
            status="final",
            type={"text": "x"},
            date="2020",
            author=[{"reference": "Patient/p"}],
            title="x",
            section=[{"title": "x", "entry": [{"reference": "Observation/o"}]}],
        ),
        UNBORN,
        observation("of-born", **SUBJECT),
        organization(),
        kind="document",
    ),
    "a message": bundle(
        line("MessageHeader", id="h", eventUri="x", source={"endpoint": 5}),
        UNBORN,
        kind="message",
    ),
    "a transaction": {
        **bundle(kind="transaction"),
        "entry": [
            entry(UNBORN, request={"method": "PUT", "url": " "}),
            entry(observation("of-born", **SUBJECT), request={"method": "x"}),
            entry(WRONG | {"id": "q"}),
        ],
    },
    "a response": {
        **bundle(kind="transaction-response"),
        "entry": [
            entry(UNBORN, response={"status": 5, "lastModified": "x"}),
            {
                "response": {
                    "status": "200",
                    "outcome": {
                        "resourceType": "OperationOutcome",
                        "id": "u",
                        "issue": [{"severity": "x", "code": "invalid"}],
                    },
                }
            },
        ],
    },
    "an outcome that claims": {
        **bundle(kind="batch-response"),
        "entry": [{"response": {"status": "200", "outcome": UNBORN}}, entry(WRONG | {"id": "q"})],
    },
    "a search": {
        **bundle(kind="searchset"),
        "total": "x",
        "entry": [
            entry(UNBORN, search={"mode": "x", "score": 2}),
            entry(observation("of-born", **SUBJECT), search={"score": "1"}),
        ],
    },
    "a history": {
        **bundle(kind="history"),
        "entry": [entry(UNBORN), entry(WRONG | {"id": "q"}, request={"method": "GET", "url": "x"})],
    },
    "many entries": bundle(
        *(
            patient("born", id=f"p{n}", **({"birthDate": "2001"} if n % 3 else {}))
            for n in range(60)
        ),
        *(
            observation("of-born", id=f"o{n}", subject={"reference": f"Patient/p{n}"})
            for n in range(60)
        ),
    ),
}

TEXTS: dict[str, bytes] = {
    "a number beyond all bounds": b'"valueQuantity":{"value":1e400}',
    "many digits": b'"valueQuantity":{"value":1.00000000000000000000000000000000000000001}',
    "a number as text of no use": b'"valueQuantity":{"value":-0.0,"code":"b\\u006cue"}',
    "a slash that is escaped": b'"valueQuantity":{"value":2,"system":"http:\\/\\/example.org"}',
    "half of a pair": b'"valueQuantity":{"value":2,"unit":"\\ud800"}',
    "a name twice": b'"valueQuantity":{"value":2,"value":3}',
    "a number with a zero": b'"valueQuantity":{"value":01}',
    "an exponent": b'"valueQuantity":{"value":1E-3,"code":"x"}',
}


CASES = {
    name: json.dumps(value).encode()
    for name, value in {
        **LINES,
        **{f"bundle: {name}": value for name, value in BUNDLES.items()},
    }.items()
}


def apart(validators: Sequence[Validator], *lines: bytes) -> list[str]:
    block = Block(b"\n".join(lines), codes=True)
    return differences(*(each.validate_block(block) for each in validators))


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_of_a_line_with_profiles(pair: Pair, name: str) -> None:
    """When its questions are new, when their answers are known, and among other lines."""
    text = CASES[name]
    if name == "many profiles inside":  # with questions open it has more sites than are told
        assert apart((pair.native, pair.slow), CASES["a datatype's profile"]) == []
    for lines in ([text], [text], [b"{}", text, CASES["many faults"], text]):
        assert apart((pair.native, pair.slow), *lines) == []
    if pair.slow.validate(text).failed:
        assert pair.is_told_at_sites(text) is (name not in WHOLE)


@pytest.mark.parametrize(
    "value",
    [
        patient("inv-root"),
        bundle(patient("inv-root"), patient("inv-name", id="q", name=[{"text": "x"}])),
        bundle(observation("of-gender", **SUBJECT), patient("marital-colour", maritalStatus=BLUE)),
    ],
    ids=["an invariant", "invariants of entries", "a reference to what fails its claim"],
)
def test_what_a_line_need_not_be_read_for(
    pair: Pair, value: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(value).encode()
    assert apart((pair.native, pair.slow), text, CASES["many faults"]) == []

    def read(line: bytes) -> None:
        raise AssertionError

    monkeypatch.setattr(sites, "decode", read)
    assert pair.is_told_at_sites(text)


def test_lines_that_were_met_in_another_order(packages: tuple[str, ...]) -> None:
    other = Pair("strict", packages)
    for number in range(3):
        lines = random.Random(number).sample(sorted(CASES.values()), len(CASES))
        for start in range(0, len(lines), 40):
            assert apart((other.native, other.slow), *lines[start : start + 40]) == []


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_read_as_ever(pair: Pair, name: str) -> None:
    head = b'{"resourceType":"Observation","id":"o","meta":{"profile":["'
    head += f"{OWN}amount-value".encode() + b'"]},"status":"final","code":{"text":"x"},'
    faults = b'"issued":"x",' + head[1:].replace(b'"status":"final",', b"")
    inside = b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":'
    for text in (head + TEXTS[name] + b"}", b"{" + faults + TEXTS[name] + b"}"):
        for each in (text, inside + text + b"}]}"):
            for _ in range(3):
                assert apart((pair.native, pair.slow), each) == []


@pytest.mark.parametrize(
    "options",
    [
        {"profiles": [OWN + "born", OWN + "numbered"]},
        {"profiles": [OWN + "of-born", OWN + "of-entries"]},
        {"max_issues": 2},
        {"max_issues": 0},
        {"unknown_profile": "error"},
        {"unknown_profile": "ignore"},
    ],
    ids=["asked of patients", "asked of others", "two issues", "all", "unknown", "not looked at"],
)
def test_options_count_as_they_do_for_the_explainer(
    packages: tuple[str, ...], options: Any
) -> None:
    native, slow = (
        Validator("strict", packages=packages, native=each, **options) for each in (True, False)
    )
    native._blocks._finder._left = 0
    for _ in range(2):
        lines = sorted(CASES.values(), key=len)
        for start in range(0, len(lines), 40):
            assert apart((native, slow), *lines[start : start + 40]) == []
