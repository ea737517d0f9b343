"""Profiles that are not known: which they are, and which package holds them."""

from __future__ import annotations

import json

import pytest

from bulkfhir.engine import validate_files
from bulkfhir.engine.job_report.unknown_profiles import UnknownProfile, unknown_profiles

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A standard cache of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home" / ".fhir" / "packages"


def hold(cache, label, *profiles, index=False):
    """Put a package with these (url, version) into the cache."""
    folder = cache / label / "package"
    folder.mkdir(parents=True)
    entries = [
        {"resourceType": "StructureDefinition", "url": url, "version": version}
        for url, version in profiles
    ]
    if index:
        (folder / ".index.json").write_text(json.dumps({"files": entries}))
    for number, entry in enumerate(entries if not index else ()):
        (folder / f"StructureDefinition-{number}.json").write_text(json.dumps(entry))


@pytest.fixture
def found(write, patient):
    """Validates patients that claim profiles, and returns those that are not known."""

    def of(*urls, **options):
        lines = [patient(str(n), meta={"profile": [url]}) for n, url in enumerate(urls)]
        with validate_files(write("in.ndjson", lines), workers=1, **options) as validation:
            list(validation)
        return unknown_profiles(validation.summary.causes)

    return of


def test_each_profile_has_its_count_and_its_package(found):
    assert found(US_CORE, "http://example.org/p", US_CORE) == (
        UnknownProfile(US_CORE, 2, package="hl7.fhir.us.core"),
        UnknownProfile("http://example.org/p", 1),
    )


def test_a_version_that_is_claimed_is_asked_for(found):
    (profile,) = found(f"{US_CORE}|6.1.0")
    assert profile.command == (
        "bulkfhir packages add hl7.fhir.us.core#6.1.0, then --package hl7.fhir.us.core#6.1.0"
    )


@pytest.mark.parametrize("index", [True, False], ids=["by index", "by files"])
def test_what_lies_in_the_cache_is_named(found, cache, index):
    hold(cache, "hl7.fhir.us.core#3.1.1", (US_CORE, "3.1.1"), index=index)
    (profile,) = found(US_CORE)
    assert profile.held == ("hl7.fhir.us.core#3.1.1",)
    assert profile.command == "--package hl7.fhir.us.core#3.1.1"


def test_another_version_in_the_cache_is_named_as_such(found, cache):
    hold(cache, "hl7.fhir.us.core#3.1.1", (US_CORE, "3.1.1"))
    (profile,) = found(f"{US_CORE}|6.1.0")
    assert (profile.held, profile.other) == ((), ("hl7.fhir.us.core#3.1.1",))


@pytest.mark.parametrize("text", ["{", "[]", '{"files": 3}'])
def test_a_damaged_cache_holds_nothing(found, cache, text):
    folder = cache / "a#1" / "package"
    folder.mkdir(parents=True)
    (folder / ".index.json").write_text(text)
    (folder / "StructureDefinition-1.json").write_text(text)
    (profile,) = found(US_CORE)
    assert profile.held == ()


def test_a_url_that_is_masked_is_not_named(found):
    assert [profile.url for profile in found(US_CORE, values=False)] == ["***"]
