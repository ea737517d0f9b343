"""Codes that a release of HL7 Terminology in the cache knows, and R4's frozen copy does not."""

from __future__ import annotations

import json

import pytest

from bulkfhir.engine import validate_files
from bulkfhir.engine.cli.cause_lines import cause_lines
from bulkfhir.engine.cli.summary_json import summary_json
from bulkfhir.engine.judging.later_codes import LaterCodes, later_codes

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A standard cache of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home" / ".fhir" / "packages"


def hold(cache, label, *codes, **more):
    """Put a package with the code system of these codes into the cache."""
    folder = cache / label / "package"
    folder.mkdir(parents=True)
    resource = {"resourceType": "CodeSystem", "url": CATEGORY, "content": "complete"}
    entry = {"filename": "c.json", **resource} | more
    (folder / ".index.json").write_text(json.dumps({"files": [entry]}))
    concepts = [{"code": code} for code in codes]
    (folder / "c.json").write_text(json.dumps({**resource, "concept": concepts}))
    return folder


@pytest.fixture
def found(write):
    """Validates observations with these categories, and returns the summary."""

    def of(*codes, **options):
        lines = [
            {
                "resourceType": "Observation",
                "id": str(number),
                "status": "final",
                "code": {"text": "c"},
                "category": [{"coding": [{"system": CATEGORY, "code": code}]}],
            }
            for number, code in enumerate(codes)
        ]
        source = write("in.ndjson", [json.dumps(line).encode() for line in lines])
        with validate_files(source, workers=1, **options) as validation:
            list(validation)
        return validation.summary

    return of


def test_the_newest_release_that_has_a_code_is_named(cache, found):
    hold(cache, "hl7.terminology.r4#9.0.0", "wearable", "old")
    hold(cache, "hl7.terminology.r4#10.0.0", "wearable", "genomic")
    summary = found("wearable", "genomic", "genomic", "old", "nonsense", "laboratory")
    assert later_codes(summary.causes) == (
        LaterCodes(CATEGORY, ("genomic", "wearable"), 3, "hl7.terminology.r4#10.0.0"),
        LaterCodes(CATEGORY, ("old",), 1, "hl7.terminology.r4#9.0.0"),
    )
    document = summary_json(summary)
    assert document["rejected"] == 5
    assert document["laterCodes"][1] == {
        "system": CATEGORY,
        "codes": ["old"],
        "issues": 1,
        "package": "hl7.terminology.r4#9.0.0",
    }
    assert (
        f"3 x codes of {CATEGORY} that are unknown here and that hl7.terminology.r4#10.0.0 in the "
        "cache has: genomic, wearable"
    ) in list(cause_lines(document, None))


@pytest.mark.parametrize(
    ("label", "more"),
    [
        pytest.param("hl7.terminology.r4#9.0.0", {"url": "http://example.org"}, id="other system"),
        pytest.param("hl7.terminology.r4#9.0.0", {"filename": "../../x"}, id="no such file"),
        pytest.param("example.terminology#9.0.0", {}, id="another publisher"),
    ],
)
def test_what_holds_no_such_code_is_not_named(cache, found, label, more):
    hold(cache, label, "wearable", **more)
    assert later_codes(found("wearable").causes) == ()


@pytest.mark.parametrize("index", ["{", "[]", '{"files": 3}', '{"files": [3]}'])
def test_an_index_that_cannot_be_read_holds_nothing(cache, found, index):
    folder = hold(cache, "hl7.terminology.r4#9.0.0", "wearable")
    (folder / ".index.json").write_text(index)
    assert later_codes(found("wearable").causes) == ()


def test_a_masked_code_is_not_looked_for(cache, found):
    hold(cache, "hl7.terminology.r4#9.0.0", "wearable")
    assert later_codes(found("wearable", values=False).causes) == ()
