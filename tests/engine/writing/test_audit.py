"""Audit: the extension is appended, and no other byte changes."""

from __future__ import annotations

import json

import pytest

from bulkfhir.engine.writing.audit import VALIDATION_ISSUE, audited
from bulkfhir.validators import Issue

ISSUES = [Issue("warning", "value", "x", "Patient.birthDate", 'not a "date"')]


@pytest.mark.parametrize(
    "line",
    [
        '{"resourceType":"Patient","id":"1","x":1.50}',
        (
            ' { "resourceType" : "Patient" , "extension" : [ {"url":"u","valueString":"a]b\\"}"} '
            "] , "
            '"z":1e400}'
        ),
        '{"resourceType":"Patient","extension":[]}',
        '{"resourceType":"Patient","extension":[ ]}',
        '{"contained":[{"extension":[{"url":"inner"}]}],"resourceType":"Patient"}',
        '{"resourceType":"Patient","extension":{"url":"no list"}}',
        '{"resourceType":"Patient","text":{"extension":[1]},"name":[{"family":"Müller\\u00e9"}]}',
        "{}",
    ],
)
def test_only_the_extension_is_added(line):
    text = audited(line.encode(), ISSUES).decode()
    before, after = json.loads(line), json.loads(text)
    kept = before.pop("extension", [])
    *others, added = after.pop("extension")
    assert before == after
    assert others == (kept if isinstance(kept, list) else [kept])
    assert added["url"] == VALIDATION_ISSUE
    assert json.loads(added["valueString"])["issue"][0]["diagnostics"] == 'not a "date"'


def test_digits_and_white_space_stay_as_they_were():
    line = b'{"resourceType":"Observation",  "valueQuantity":{"value":70.50}}'
    assert audited(line, ISSUES).endswith(
        b'"resourceType":"Observation",  "valueQuantity":{"value":70.50}}'
    )
