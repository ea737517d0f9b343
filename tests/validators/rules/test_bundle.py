"""Bundles: full urls, documents, search sets, links."""

from __future__ import annotations

import pytest

from .resources import bundle, entry, patient

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
def test_bundle(failures, resource, expected):
    found = failures(resource)
    if expected is None:
        assert not [rule for rule, _ in found if rule.startswith("bundle")]
    else:
        assert found == sorted(expected)
