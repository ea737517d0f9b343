"""Outcomes: log lines as HealthLake writes them."""

from __future__ import annotations

import json

import pytest

from bulkfhir.engine.columns.rows import Rows
from bulkfhir.engine.writing.outcomes import (
    file_failure_line,
    outcome_line,
    success_lines,
    with_base,
)
from bulkfhir.validators import Issue


def test_a_failure_line_has_healthlakes_members_in_order():
    issue = Issue(
        "error",
        "structure",
        "cardinality",
        "X",
        "Profile http://hl7.org/fhir/StructureDefinition/X, Element 'X.status': minimum required "
        "= 1, but only found 0",
    )
    assert outcome_line(5, "X", "1", [issue], 400) == (
        b'{"lineId":5,"resourceId":"1","resourceType":"X","UpdateResourceResponse":{"jsonBlob":{"resourceType":"OperationOutcome","issue":'
        b'[{"severity":"error","code":"processing","diagnostics":"Profile '
        b"http://hl7.org/fhir/StructureDefinition/X, Element 'X.status': "
        b'minimum required = 1, but only found 0","location":["X"]}]},"statusCode":400}}\n'
    )


def test_what_could_not_be_read_is_left_out():
    line = json.loads(
        outcome_line(
            1,
            None,
            None,
            [Issue("fatal", "invalid", "json", "", "Invalid JSON found in input file")],
            400,
        )
    )
    assert list(line) == ["lineId", "UpdateResourceResponse"]
    assert "location" not in line["UpdateResourceResponse"]["jsonBlob"]["issue"][0]


@pytest.mark.parametrize(
    ("rule", "location", "expected"),
    [
        ("unknown-element", "Patient", "/Patient"),
        ("unknown-element", "Patient.contact[0].name", "/Patient/contact[0]/name"),
        ("json-form", "Patient.meta", "/Patient/meta"),
        ("cardinality", "Patient.contact[0]", "Patient.contact[0]"),
    ],
)
def test_the_parser_has_slashes_and_the_validator_dots(rule, location, expected):
    line = json.loads(
        outcome_line(1, "Patient", "1", [Issue("error", "structure", rule, location, "x")], 400)
    )
    assert line["UpdateResourceResponse"]["jsonBlob"]["issue"][0]["location"] == [expected]


def test_success_lines_count_from_the_shards_start():
    assert success_lines(Rows.of([0, 2], 10, ["Patient", "Group"], ["a", "b"])) == (
        b'{"lineId":11,"resourceId":"a","resourceType":"Patient","UpdateResourceResponse":{"statusCode":200}}\n'
        b'{"lineId":13,"resourceId":"b","resourceType":"Group","UpdateResourceResponse":{"statusCode":200}}\n'
    )


@pytest.mark.parametrize("key", ['a"b', "a\\b", "a\nb", "\x00", "\x1f", "\ud800", "é", "\u2028"])
def test_a_strange_id_is_escaped(key):
    lines = success_lines(Rows.of([0, 1], 0, ["Patient", "Patient"], [key, "plain"])).split(b"\n")[
        :-1
    ]
    assert [json.loads(line)["resourceId"] for line in lines] == [key, "plain"]
    assert success_lines(Rows.of([0], 0, ["Patient"], [key])) == lines[0] + b"\n"


def test_a_lone_surrogate_does_not_break_a_failure_line():
    line = json.loads(
        outcome_line(
            1, "Patient", "1", [Issue("error", "value", "x", "Patient", "bad \ud800")], 400
        )
    )
    assert line["UpdateResourceResponse"]["jsonBlob"]["issue"][0]["diagnostics"] == "bad \ud800"


def test_the_base_is_added_to_the_line_number_alone():
    lines = outcome_line(
        1, "Patient", "7", [Issue("error", "value", "x", "Patient", "1,2")], 400
    ) + outcome_line(9, None, None, [], 400)
    assert with_base(lines, 1000) == lines.replace(b'"lineId":1,', b'"lineId":1001,').replace(
        b'"lineId":9,', b'"lineId":1009,'
    )
    assert with_base(lines, 0) is lines


def test_a_line_about_a_whole_file_has_no_line_number():
    line = json.loads(file_failure_line("it ends early", 400))
    assert list(line) == ["UpdateResourceResponse"]
    assert line["UpdateResourceResponse"]["statusCode"] == 400
    assert line["UpdateResourceResponse"]["jsonBlob"]["issue"][0]["diagnostics"] == "it ends early"
