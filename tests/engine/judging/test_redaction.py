"""Without values: no message quotes what stands in a resource; messages that cannot quote anything
stay.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from bulkfhir.engine import validate_files
from bulkfhir.engine.judging.redaction import WORDED

SHARED = Path(__file__).resolve().parents[3] / "../shared"

LINES = [
    b'{"resourceType":"Patient","id":"a","birthDate":"SECRET","gender":"SECRET","SECRETNAME":1,"active":"SECRET"}',
    b'{"resourceType":"Observation","id":"b","code":{"text":"SECRET"}}',
    (
        b'{"resourceType":"Patient","id":"c","contact":[{"gender":"male"}],"managingOrganization":'
        b'{"reference":"SECRET x"}}'
    ),
    b'{"resourceType":"Patient","id":"d","name":{"family":"SECRET"}}',
    b'{"resourceType":"Patient","id":"SECRET_","deceasedBoolean":true,"deceasedDateTime":"2020"}',
    b'{"resourceType":"SECRET","id":"f"}',
    b'{"resourceType":"Patient","id":"g" SECRET',
]


@pytest.fixture
def messages(write):
    """(rule, message) of every issue of the lines."""

    def of(lines, **options):
        with validate_files(
            write("a.ndjson", lines), level="structure-only", workers=1, values=False, **options
        ) as validation:
            return [
                (issue.rule, issue.diagnostics)
                for finding in validation
                for issue in finding.verdict.issues
            ]

    return of


def test_no_value_of_an_element_is_quoted(messages):
    found = messages(LINES)
    assert len(found) >= 10
    assert not [text for rule, text in found if "SECRET" in text.replace("'@SECRETNAME'", "")]


def test_what_is_worded_by_the_definitions_stays(messages):
    found = dict(messages(LINES))
    assert found["unknown-element"] == "Unrecognised property '@SECRETNAME'"
    assert "minimum required = 1, but only found 0" in found["cardinality"]
    assert found["pat-1"].startswith("Constraint failed: pat-1: ")
    assert "deceasedDateTime" in found["choice"]
    assert found["json-form"].startswith("This property must be an Array")
    assert found["date"] == "'***' is no date: YYYY, YYYY-MM or YYYY-MM-DD"


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/ndjson beside the project")
def test_messages_that_stay_quote_nothing_in_thousands_of_broken_resources(messages):
    """What stands in quotes in a message is never the value of a string in the line."""
    with gzip.open(SHARED / "ndjson/mutated-r4.ndjson.gz") as file:
        lines = [line.rstrip(b"\n") for _, line in zip(range(1500), file, strict=False)]
    kept = {text for rule, text in messages(lines) if rule in WORDED}
    words = {word for text in kept for word in text.split("'")[1::2]}
    values = set()
    for line in lines:
        try:
            values |= set(strings(json.loads(line)))
        except ValueError:
            continue
    assert len(kept) > 50
    assert not words & (values - {"id", "text"} - names(lines))


def strings(value):
    if isinstance(value, dict):
        for member in value.values():
            yield from strings(member)
    elif isinstance(value, list):
        for member in value:
            yield from strings(member)
    elif isinstance(value, str):
        yield value


def names(lines):
    """Names of properties: many a text in the examples is one."""
    found = set()

    def collect(value):
        if isinstance(value, dict):
            found.update(value)
        return value

    for line in lines:
        try:
            json.loads(line, object_hook=collect)
        except ValueError:
            continue
    return found
