"""Profiles in the native acceptor: lines that follow them are accepted, in Bundles too, and none
that the explainer refuses.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from bulkfhir.validators import Validator
from bulkfhir.validators.block import Block
from tests.validators.rules.guides import OWN, guide, profile

pytestmark = pytest.mark.native

Json = dict[str, Any]
RANK = f"{OWN}rank"
DEFINITIONS = (
    profile(
        "rank",
        "Extension",
        {"path": "Extension"},
        {"path": "Extension.extension", "max": "0"},
        {"path": "Extension.url", "fixedUri": RANK},
        {"path": "Extension.value[x]", "min": 1, "type": [{"code": "code"}]},
        context=[{"type": "element", "expression": "Patient"}],
    ),
    profile(
        "ranked",
        "Patient",
        {
            "id": "Patient.extension",
            "path": "Patient.extension",
            "slicing": {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"},
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


def line(resource: Json) -> bytes:
    return json.dumps(resource).encode()


RANKED = [{"url": RANK, "valueCode": "a"}]
VALID = {
    "an extension that a slice wants": patient("ranked", extension=RANKED),
    "another one beside it": patient(
        "ranked", extension=[*RANKED, {"url": "http://example.org/other", "valueCode": "a"}]
    ),
    "a known extension in an entry": collection(patient(extension=RANKED)),
    "a profile with slices in an entry": collection(patient("ranked", extension=RANKED)),
}
INVALID = {
    "an extension that a slice wants is missing": patient(
        "ranked", extension=[{"url": "http://example.org/other", "valueCode": "a"}]
    ),
    "an extension twice": patient("ranked", extension=RANKED * 2),
    "a value of another type in an entry": collection(
        patient(extension=[{"url": RANK, "valueString": "a"}])
    ),
}


@pytest.mark.parametrize("name", VALID)
def test_what_follows_its_profiles_is_accepted(fast: Validator, slow: Validator, name: str) -> None:
    assert not slow.validate(line(VALID[name])).issues
    assert not fast.validate_block(Block(line(VALID[name]))).fallbacks


@pytest.mark.parametrize("name", INVALID)
def test_what_does_not_is_refused(fast: Validator, slow: Validator, name: str) -> None:
    assert slow.validate(line(INVALID[name])).failed
    assert fast.validate_block(Block(line(INVALID[name]))).failed == {0}
