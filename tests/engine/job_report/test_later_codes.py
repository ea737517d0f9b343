"""Codes that a release of HL7 Terminology in the cache knows, and R4's frozen copy does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bulkfhir.engine import import_job, validate_files
from bulkfhir.engine.cli.cause_lines import cause_lines
from bulkfhir.engine.cli.summary_json import summary_json
from bulkfhir.engine.job_report.later_codes import LaterCodes, later_codes

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
def observed(write):
    """Writes observations with these categories, and returns where they lie."""

    def of(*codes):
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
        return write("in.ndjson", [json.dumps(line).encode() for line in lines])

    return of


@pytest.fixture
def found(observed):
    """Validates observations with these categories, and returns the summary."""

    def of(*codes, **options):
        with validate_files(observed(*codes), workers=1, **options) as validation:
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


def test_a_report_names_them_and_no_other_code(cache, observed, tmp_path):
    hold(cache, "hl7.terminology.r4#10.0.0", "wearable")
    job = import_job(
        observed("wearable", "wearable", "nonsense"), tmp_path / "out", workers=1, report=True
    )
    folder = Path(job.job_folder.removeprefix("file://"))
    assert json.loads((folder / "report.json").read_text())["laterCodes"] == [
        {
            "system": CATEGORY,
            "codes": ["wearable"],
            "issues": 2,
            "package": "hl7.terminology.r4#10.0.0",
        }
    ]
    page = (folder / "report.html").read_text()
    assert (
        f"2 times a code of {CATEGORY} that R4 does not know, and that hl7.terminology.r4#10.0.0 "
        "in the cache has: wearable."
    ) in page
    assert "nonsense" not in page


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
