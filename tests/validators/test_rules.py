"""Every rule of the tuple: what it lets pass and what it fails, where, and by which name."""

from __future__ import annotations

import json

import pytest

from bulkfhir.validators.rules import RULES

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">%s</div>'


def patient(**elements):
    return {"resourceType": "Patient", "id": "p", **elements}


def observation(**elements):
    return {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"text": "c"},
        **elements,
    }


def bundle(kind, *entries, **elements):
    return {"resourceType": "Bundle", "id": "b", "type": kind, **elements, "entry": list(entries)}


def entry(url, resource, **elements):
    return {"fullUrl": url, "resource": resource, **elements}


UUID = "urn:uuid:0d6f3c2e-0f39-4a3f-9d0c-9e2d9c1f5b1"
COMPOSITION = {
    "resourceType": "Composition",
    "id": "c",
    "status": "final",
    "type": {"text": "t"},
    "date": "2020-01-01",
    "title": "t",
    "author": [{"reference": UUID + "2"}],
}
PRACTITIONER = {"resourceType": "Practitioner", "id": "d"}

CASES = {
    # element cardinality, choices
    "a link without its other": (
        patient(link=[{"type": "refer"}]),
        [("cardinality", "Patient.link[0]")],
    ),
    "an empty component": (
        observation(component=[{}]),
        [("ele-1", "Observation.component[0]"), ("cardinality", "Observation.component[0]")],
    ),
    # identifiers
    "identifiers with absolute systems": (
        patient(
            identifier=[
                {"system": "http://example.org/mrn", "value": "1"},
                {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3.4"},
            ]
        ),
        [],
    ),
    "an identifier's system that is relative": (
        patient(identifier=[{"system": "mrn", "value": "1"}]),
        [("identifier-system", "Patient.identifier[0]")],
    ),
    "an identifier's uri that is none": (
        patient(identifier=[{"system": "urn:ietf:rfc:3986", "value": "12345"}]),
        [("identifier-uri", "Patient.identifier[0]")],
    ),
    # attachments
    "an attachment whose size and hash fit": (
        patient(
            photo=[
                {
                    "contentType": "text/plain",
                    "data": "aGVsbG8=",
                    "size": 5,
                    "hash": "qvTGHdzF6KLavt4PO0gs2a6pQ00=",
                }
            ]
        ),
        [],
    ),
    "an attachment of another size": (
        patient(photo=[{"contentType": "text/plain", "data": "aGVsbG8=", "size": 6}]),
        [("attachment-size", "Patient.photo[0]")],
    ),
    "an attachment with another hash": (
        patient(photo=[{"contentType": "text/plain", "data": "aGVsbG8=", "hash": "AAAA"}]),
        [("attachment-hash", "Patient.photo[0]")],
    ),
    "base64 padded beyond two": (
        patient(photo=[{"contentType": "text/plain", "data": "AAAA===="}]),
        [("attachment-base64", "Patient.photo[0]")],
    ),
    "a hash padded beyond two": (
        patient(photo=[{"contentType": "text/plain", "data": "AAAA", "hash": "AA======"}]),
        [("attachment-base64", "Patient.photo[0]")],
    ),
    "base64 with a space": (
        patient(photo=[{"contentType": "text/plain", "data": "aGVs bG8="}]),
        [("attachment-base64", "Patient.photo[0]")],
    ),
    # ids and labels
    "ids that differ": (
        patient(name=[{"id": "a", "family": "x"}], address=[{"id": "b", "city": "y"}]),
        [],
    ),
    "an id that stands twice": (
        patient(name=[{"id": "a", "family": "x"}], address=[{"id": "a", "city": "y"}]),
        [("duplicate-id", "Patient.address[0].id")],
    ),
    "a label that stands twice": (
        patient(
            meta={
                "security": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                        "code": "R",
                    }
                ]
                * 2
            }
        ),
        [("duplicate-security", "Patient.meta.security[1]")],
    ),
    # contained resources
    "a contained resource that is referred to": (
        observation(
            contained=[{"resourceType": "Patient", "id": "x"}], subject={"reference": "#x"}
        ),
        [],
    ),
    "a contained resource that nobody refers to": (
        observation(contained=[{"resourceType": "Patient", "id": "x"}]),
        [("dom-3", "Observation.contained[0]")],
    ),
    "a contained resource with a version": (
        patient(
            contained=[
                {"resourceType": "Organization", "id": "x", "name": "n", "meta": {"versionId": "1"}}
            ],
            managingOrganization={"reference": "#x"},
        ),
        [("dom-4", "Patient")],
    ),
    "contained resources that refer to one another": (
        observation(
            contained=[
                {"resourceType": "Patient", "id": "x", "managingOrganization": {"reference": "#y"}},
                {"resourceType": "Organization", "id": "y", "name": "n"},
            ],
            subject={"reference": "#x"},
        ),
        [],
    ),
    "a contained resource without an id": (
        observation(contained=[{"resourceType": "Patient", "name": [{"family": "x"}]}]),
        [("contained-id", "Observation.contained[0]"), ("dom-3", "Observation.contained[0]")],
    ),
    # references
    "a versioned reference": (
        observation(subject={"reference": "http://example.org/fhir/Patient/1/_history/2"}),
        [],
    ),
    "an absolute reference to an allowed type": (
        observation(subject={"reference": "http://example.org/fhir/Location/1"}),
        [],
    ),
    "an absolute reference to another type": (
        observation(subject={"reference": "http://example.org/fhir/Medication/1"}),
        [("reference-target", "Observation.subject")],
    ),
    "a reference that says another type": (
        observation(subject={"reference": "Patient/1", "type": "Group"}),
        [("reference-type", "Observation.subject")],
    ),
    "a reference with a space": (
        observation(subject={"reference": "Patient/1 2"}),
        [("reference-form", "Observation.subject")],
    ),
    "a contained target of another type": (
        observation(
            contained=[{"resourceType": "Medication", "id": "x"}], subject={"reference": "#x"}
        ),
        [("reference-target", "Observation.subject")],
    ),
    # codes
    "a code that is not in its value set": (
        patient(gender="femal"),
        [("binding-required", "Patient.gender")],
    ),
    "a unit of UCUM": (
        observation(
            valueQuantity={"value": 1, "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
        ),
        [],
    ),
    "a unit that UCUM does not know": (
        observation(
            valueQuantity={"value": 1, "system": "http://unitsofmeasure.org", "code": "units"}
        ),
        [("ucum", "Observation.value.ofType(Quantity)")],
    ),
    "a code that its system does not have": (
        observation(
            category=[
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                            "code": "vitals",
                        }
                    ]
                }
            ]
        ),
        [("code-system", "Observation.category[0]")],
    ),
    "a code of an unknown system": (
        observation(
            interpretation=[{"coding": [{"system": "http://example.org/own", "code": "whatever"}]}]
        ),
        [],
    ),
    # invariants
    "a contact without details": (
        patient(contact=[{"gender": "male"}]),
        [("pat-1", "Patient.contact[0]")],
    ),
    "a period that ends before it begins": (
        observation(effectivePeriod={"start": "2020-05-01", "end": "2020-04-01"}),
        [("per-1", "Observation.effective.ofType(Period)")],
    ),
    "a telecom without a system": (
        patient(telecom=[{"value": "1"}]),
        [("cpt-2", "Patient.telecom[0]")],
    ),
    # profiles of types
    "a quantity with a comparator where none may be": (
        observation(referenceRange=[{"low": {"value": 1, "comparator": "<"}}]),
        [
            ("sqty-1", "Observation.referenceRange[0].low"),
            ("cardinality", "Observation.referenceRange[0].low"),
        ],
    ),
    # extensions
    "an unknown extension": (
        patient(extension=[{"url": "http://example.org/unknown", "valueString": "x"}]),
        [],
    ),
    "an extension with a relative url": (
        patient(extension=[{"url": "relative", "valueString": "x"}]),
        [("extension-url", "Patient.extension[0]")],
    ),
    "an extension without a value": (
        patient(extension=[{"url": "http://example.org/unknown"}]),
        [("ext-1", "Patient.extension[0]")],
    ),
    "a known extension": (
        patient(
            extension=[
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                    "valueAddress": {"city": "x"},
                }
            ]
        ),
        [],
    ),
    # narratives
    "a narrative": (patient(text={"status": "generated", "div": DIV % "hello"}), []),
    "a blank narrative": (
        patient(text={"status": "generated", "div": DIV % " "}),
        [("txt-2", "Patient.text.div")],
    ),
    "a link that leads nowhere": (
        patient(text={"status": "generated", "div": DIV % "<a href='#x'>y</a>"}),
        [("xhtml-anchor", "Patient.text.div")],
    ),
    "a link to the resource's id": (
        patient(text={"status": "generated", "div": DIV % "<a href='#p'>y</a>"}),
        [],
    ),
    # bundles
    "a Bundle with a full url": (bundle("collection", entry(UUID + "1", patient())), []),
    "a Bundle without a full url": (
        bundle("collection", {"resource": patient()}),
        [("bundle-full-url", "Bundle.entry[0]")],
    ),
    "a relative full url": (
        bundle("collection", entry("Patient/p", patient())),
        [("bundle-full-url", "Bundle.entry[0]")],
    ),
    "a full url of another id": (
        bundle("collection", entry("http://example.org/fhir/Patient/q", patient())),
        [("bundle-full-url", "Bundle.entry[0]")],
    ),
    "a document": (
        bundle(
            "document",
            entry(UUID + "1", COMPOSITION),
            entry(UUID + "2", PRACTITIONER),
            identifier={"value": "1"},
            timestamp="2020-01-01T00:00:00Z",
        ),
        None,
    ),
    "a document without a Composition": (
        bundle(
            "document",
            entry(UUID + "1", patient()),
            identifier={"system": "http://example.org", "value": "1"},
            timestamp="2020-01-01T00:00:00Z",
        ),
        [("bundle-first-entry", "Bundle.entry[0].resource"), ("bdl-11", "Bundle")],
    ),
    "an entry that fails": (
        bundle("collection", entry(UUID + "1", patient(active="x"))),
        [("json-type", "Bundle.entry[0].resource.active")],
    ),
    "a search set without what was searched for": (
        bundle(
            "searchset",
            entry("http://example.org/fhir/Patient/p", patient(), search={"mode": "match"}),
            link=[{"relation": "self", "url": "http://example.org/fhir/Observation?x=1"}],
        ),
        [("bundle-search", "Bundle.entry[0].resource")],
    ),
    "a link that is not allowed in a collection": (
        bundle(
            "collection",
            entry(UUID + "1", patient()),
            link=[{"relation": "next", "url": "http://example.org"}],
        ),
        [("bundle-link", "Bundle.link[0].relation")],
    ),
}


@pytest.mark.parametrize(("resource", "expected"), CASES.values(), ids=CASES)
def test_rule(judge, resource, expected):
    found = [
        (issue.rule, issue.location)
        for issue in judge.validate(json.dumps(resource).encode()).issues
        if issue.fails
    ]
    if expected is None:
        assert not [f for f in found if f[0].startswith("bundle")]
    else:
        assert sorted(found) == sorted(expected)


def test_every_rule_says_what_it_is_about_and_where_it_is_built():
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(
        rule.on and set(rule.on) <= {"object", "value", "narrowed", "empty"} for rule in RULES
    )


def test_an_issue_carries_what_an_operation_outcome_needs(judge):
    (issue,) = [
        i
        for i in judge.validate(
            json.dumps(observation(valueQuantity={"value": "1"})).encode()
        ).issues
        if i.fails
    ]
    assert (issue.severity, issue.code, issue.location, issue.expression) == (
        "error",
        "invalid",
        "Observation.value.ofType(Quantity).value",
        "Observation.value.value",
    )
    assert "number" in issue.diagnostics
