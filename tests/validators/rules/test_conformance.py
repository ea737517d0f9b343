"""Whether a value follows a profile, asked from inside it: ``conformsTo()``, references back to the
container, profiles on resources inside others, profiles on abstract types.

The kinds were compared with HL7's validator, not each line.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from .guides import HL7, OWN, guide, invariant, line, profile

NAMED: dict[str, Any] = {"active": True, "name": [{"family": "x"}], "birthDate": "2020"}
BARE: dict[str, Any] = {"active": True}
TEXT = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}


def conforms(name: str) -> str:
    return f"conformsTo('{OWN}{name}')"


PROFILES = [
    invariant("has-name", "Patient", "name.exists()"),
    invariant("follows", "Patient", conforms("has-name")),
    invariant("this", "Patient", f"$this.{conforms('has-name')}"),
    invariant("where", "Patient", f"where({conforms('has-name')}).exists()"),
    invariant("resource", "Patient.name", f"%resource.{conforms('has-name')}"),
    invariant("resource-own", "Patient.name", f"%resource.{conforms('resource-own')}"),
    invariant("root", "Patient.name", f"%rootResource.{conforms('has-name')}"),
    invariant("base", "Patient", f"conformsTo('{HL7}Patient')"),
    invariant("other-type", "Patient", f"conformsTo('{HL7}Observation').not()"),
    invariant("unknown", "Patient", "conformsTo('http://nowhere.example/x').not()"),
    invariant("own", "Patient", conforms("own")),
    invariant("own-not", "Patient", conforms("own-not") + ".not()"),
    invariant("ping", "Patient", f"name.exists() and {conforms('pong')}"),
    invariant("pong", "Patient", f"active.exists() and {conforms('ping')}"),
    invariant("deny", "Patient", conforms("denied") + ".not()"),
    invariant("denied", "Patient", conforms("deny") + ".not()"),
    invariant("date", "Patient.birthDate", f"conformsTo('{HL7}date')"),
    invariant("abstract", "Patient", f"conformsTo('{HL7}DomainResource')"),
    profile("family", "HumanName", {"path": "HumanName"}, {"path": "HumanName.family", "min": 1}),
    invariant("element", "Patient.name", conforms("family")),
    invariant("contained-follow", "Observation", f"contained.all({conforms('has-name')})"),
    invariant("subject", "Observation.subject", f"resolve().{conforms('has-name')}"),
    invariant("back", "Observation.contained", f"%rootResource.{conforms('back')}"),
    invariant("entries", "Bundle", f"entry.resource.ofType(Patient).all({conforms('has-name')})"),
    invariant("entry", "Bundle.entry.resource", conforms("has-name")),
    invariant("bundle", "Bundle.entry.resource", f"%resource.conformsTo('{HL7}Bundle')"),
    invariant("parameter", "Parameters.parameter.resource", conforms("has-name")),
    profile("texted", "DomainResource", {"path": "DomainResource"},
            {"path": "DomainResource.text", "min": 1}),
    profile("any-target", "Observation", {"path": "Observation"},
            {"path": "Observation.subject",
             "type": [{"code": "Reference", "targetProfile": [OWN + "texted"]}]}),
    profile("imposing", "Patient", {"path": "Patient"}, extension=[{
        "url": HL7 + "structuredefinition-imposeProfile", "valueCanonical": OWN + "texted"}]),
    profile("named", "Organization", {"path": "Organization"},
            {"path": "Organization.name", "min": 1}),
    profile("linked", "Organization", {"path": "Organization"},
            {"path": "Organization.partOf",
             "type": [{"code": "Reference", "targetProfile": [OWN + "linked"]}]}),
    profile("role", "PractitionerRole", {"path": "PractitionerRole"},
            {"path": "PractitionerRole.organization",
             "type": [{"code": "Reference", "targetProfile": [OWN + "named"]}]}),
    profile("coverage", "Coverage", {"path": "Coverage"},
            {"path": "Coverage.payor",
             "type": [{"code": "Reference", "targetProfile": [OWN + "named"]}]}),
    profile("parts", "Parameters", {"path": "Parameters"},
            {"path": "Parameters.parameter", "slicing": {
                "discriminator": [{"type": "value", "path": "name"}], "rules": "open"}},
            {"id": "Parameters.parameter:c", "path": "Parameters.parameter", "sliceName": "c"},
            {"id": "Parameters.parameter:c.name", "path": "Parameters.parameter.name",
             "fixedString": "c"},
            {"id": "Parameters.parameter:c.resource", "path": "Parameters.parameter.resource",
             "type": [{"code": "Coverage", "profile": [OWN + "coverage"]}]}),
]  # fmt: skip


def patient(profile: str, **members: Any) -> dict[str, Any]:
    return line("Patient", profile, **members)


def observation(profile: str, subject: dict[str, Any]) -> dict[str, Any]:
    return line(
        "Observation", profile, status="final", code={"text": "x"}, subject={"reference": "#1"},
        contained=[{"resourceType": "Patient", "id": "1", **subject}],
    )  # fmt: skip


def bundle(profile: str, *resources: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {"fullUrl": f"http://example.org/{r['resourceType']}/{n}", "resource": {**r, "id": str(n)}}
        for n, r in enumerate(resources)
    ]
    return line("Bundle", *([profile] if profile else []), type="collection", entry=entries)


def parameters(profile: str, resource: dict[str, Any], *, part: bool = False) -> dict[str, Any]:
    held = {"name": "c", "resource": resource}
    return line("Parameters", profile, parameter=[{"name": "x", "part": [held]} if part else held])


def organization(**members: Any) -> dict[str, Any]:
    role = line("PractitionerRole", "role", id="r", organization={"reference": "#"})
    return line("Organization", **{"id": "o", "contained": [role], **members})


def coverage(*profiles: str, **payor: Any) -> dict[str, Any]:
    return line(
        "Coverage", *profiles, id="c", status="active", beneficiary={"reference": "Patient/1"},
        contained=[{"resourceType": "Organization", "id": "o", **payor}],
        payor=[{"reference": "#o"}],
    )  # fmt: skip


CASES: dict[str, tuple[dict[str, Any], set[str]]] = {
    # conformsTo() on the resource under validation
    "another-profile": (patient("follows", **NAMED), set()),
    "another-profile-not-met": (patient("follows", **BARE), {"follows"}),
    "this": (patient("this", **NAMED), set()),
    "this-not-met": (patient("this", **BARE), {"this"}),
    "where": (patient("where", **NAMED), set()),
    "where-not-met": (patient("where", **BARE), {"where"}),
    "resource-from-an-element": (patient("resource", **NAMED), set()),
    "own-profile-from-an-element": (patient("resource-own", **NAMED), set()),
    "root-from-an-element": (patient("root", **NAMED), set()),
    "base-type": (patient("base", **BARE), set()),
    "base-type-broken": (patient("base", gender="zz"), {"binding-required", "base"}),
    "other-type": (patient("other-type", **BARE), set()),
    "unknown-profile": (patient("unknown", **BARE), {"unknown"}),
    "own-profile": (patient("own", **BARE), set()),
    "own-profile-denied": (patient("own-not", **BARE), {"own-not"}),
    "mutual": (patient("ping", **NAMED), set()),
    "mutual-other-side": (patient("pong", **NAMED), set()),
    "mutual-one-fails": (patient("ping", **BARE), {"ping"}),
    "mutual-other-fails": (patient("pong", **BARE), {"pong"}),
    "mutual-denied": (patient("deny", **NAMED), set()),
    "primitive": (patient("date", **NAMED), set()),
    "abstract-base": (patient("abstract", **BARE), {"abstract"}),
    "datatype": (patient("element", **NAMED), set()),
    "datatype-not-met": (patient("element", name=[{"text": "x"}]), {"element"}),
    "in-a-bundle": (bundle("", patient("ping", **NAMED)), set()),
    "own-in-a-bundle": (bundle("", patient("own", **NAMED)), set()),
    "contained": (observation("contained-follow", NAMED), set()),
    "contained-not-met": (observation("contained-follow", BARE), {"contained-follow"}),
    "resolved": (observation("subject", NAMED), set()),
    "resolved-not-met": (observation("subject", BARE), {"subject"}),
    "contained-asks-for-its-container": (observation("back", NAMED), set()),
    "entries": (bundle("entries", line("Patient", **NAMED)), set()),
    "entries-not-met": (bundle("entries", line("Patient", **BARE)), {"entries"}),
    "entry": (bundle("entry", line("Patient", **NAMED)), set()),
    "entry-not-met": (bundle("entry", line("Patient", **BARE)), {"entry"}),
    "bundle-from-an-entry": (bundle("bundle", line("Patient", **BARE)), set()),
    "parameter": (parameters("parameter", line("Patient", id="1", **NAMED)), set()),
    "parameter-not-met": (
        parameters("parameter", line("Patient", id="1", **BARE)), {"parameter"}
    ),
    # a contained resource that refers to its container by "#", where a profile follows
    "container": (organization(name="n"), set()),
    "container-claims-it-too": (
        organization(name="n", meta={"profile": [OWN + "named"]}), set()
    ),
    "container-does-not-follow": (
        organization(identifier=[{"value": "1"}]), {"reference-profile"}
    ),
    "container-in-a-bundle": (bundle("", organization(name="n")), set()),
    "container-in-a-bundle-does-not-follow": (
        bundle("", organization(identifier=[{"value": "1"}])), {"reference-profile"}
    ),
    # a resource inside Parameters, reached by a slice's type profile, has its own scope
    "parameter-target": (parameters("parts", coverage(name="n")), set()),
    "parameter-target-claimed-too": (parameters("parts", coverage("coverage", name="n")), set()),
    "parameter-target-does-not-follow": (
        parameters("parts", coverage(identifier=[{"value": "1"}])), {"reference-profile"}
    ),
    # profiles on abstract types
    "abstract-profile": (patient("texted", text=TEXT), {"profile-type"}),
    "abstract-profile-not-met": (patient("texted", **BARE), {"profile-type"}),
    "abstract-profile-of-an-entry": (bundle("", patient("texted", text=TEXT)), set()),
    "abstract-profile-of-an-entry-with-more": (
        bundle("", patient("texted", text=TEXT, active=True)), {"profile-element"}
    ),
    "abstract-profile-of-an-entry-not-met": (
        bundle("", patient("texted", id="x")), {"cardinality"}
    ),
    "abstract-profile-imposed": (
        patient("imposing", text=TEXT), {"profile-type"}
    ),
    "abstract-target": (observation("any-target", {"text": TEXT}), {"reference-target"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def judge(judging, tmp_path_factory):
    return judging("strict", packages=(guide(tmp_path_factory.mktemp("guide"), PROFILES),))


@pytest.mark.parametrize("case", CASES)
def test_a_value_is_asked_whether_it_follows(judge, case):
    resource, rules = CASES[case]
    verdict = judge.validate(json.dumps(resource).encode())
    assert {issue.rule for issue in verdict.issues if issue.fails} == rules


def test_questions_that_chain_too_deep_are_undecided_and_counted(judge):
    chain = [
        {"resourceType": "Organization", "id": f"o{n}", "name": "n",
         "partOf": {"reference": f"#o{n + 1}"}}
        for n in range(40)
    ]  # fmt: skip
    chain.append({"resourceType": "Organization", "id": "o40"})
    resource = line("Organization", "linked", partOf={"reference": "#o0"}, name="n")
    before = judge.undecided.copy()
    verdict = judge.validate(json.dumps({**resource, "contained": chain}).encode())
    assert {issue.rule for issue in verdict.issues if issue.fails} == {"org-1"}
    assert not verdict.crashed
    assert judge.undecided - before == {OWN + "linked|1.0.0": 1}
