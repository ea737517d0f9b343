"""Traps that caught other validators: one line each, with the rules that must fail it, or none."""

from __future__ import annotations

import pytest

PATIENT = '{"resourceType":"Patient","id":"p",%s}'
OBSERVATION = '{"resourceType":"Observation","id":"o","status":"final","code":{"text":"c"},%s}'

CASES = {
    "status absent, its companion present: cardinality holds, the required binding fails": (
        '{"resourceType":"Observation","code":{"text":"c"},"_status":{"extension":[{"url":"http://example.org/e","valueCode":"unknown"}]}}',
        {"binding-no-code"},
    ),
    "status absent altogether": (
        '{"resourceType":"Observation","code":{"text":"c"}}',
        {"cardinality"},
    ),
    "null in an array of primitives without a companion": (
        PATIENT % '"name":[{"given":["Ada",null]}]',
        {"null"},
    ),
    "null as filler where the companion has something": (
        PATIENT
        % '"name":[{"given":["Ada",null],"_given":[null,{"extension":[{"url":"http://example.org/e","valueCode":"x"}]}]}]',
        set(),
    ),
    "second 60": (PATIENT % '"deceasedDateTime":"2016-12-31T23:59:60Z"', set()),
    "second 61": (PATIENT % '"deceasedDateTime":"2016-12-31T23:59:61Z"', {"dateTime"}),
    "29 February of a common year": (PATIENT % '"birthDate":"2019-02-29"', {"date"}),
    "29 February 1900": (PATIENT % '"birthDate":"1900-02-29"', {"date"}),
    "29 February 2000": (PATIENT % '"birthDate":"2000-02-29"', set()),
    "year 0000": (PATIENT % '"birthDate":"0000-01-01"', {"date"}),
    "an empty object": (PATIENT % '"name":[{}]', {"ele-1"}),
    "an empty array": (PATIENT % '"name":[]', {"empty-array"}),
    "an empty string": (PATIENT % '"language":""', {"empty-string"}),
    "a boolean as a string": (PATIENT % '"active":"true"', {"json-type"}),
    "a decimal as a string": (OBSERVATION % '"valueQuantity":{"value":"70.5"}', {"json-type"}),
    "an object where an array belongs": (PATIENT % '"name":{"family":"x"}', {"json-form"}),
    "an array where an object belongs": (PATIENT % '"maritalStatus":[{"text":"x"}]', {"json-form"}),
    "an id of 65 characters": ('{"resourceType":"Patient","id":"%s"}' % ("a" * 65), {"id"}),
    "an id of 64 characters": ('{"resourceType":"Patient","id":"%s"}' % ("a" * 64), set()),
    "a choice without its type": (PATIENT % '"deceased":true', {"unknown-element"}),
    "two of a choice": (OBSERVATION % '"valueString":"a","valueBoolean":true', {"choice"}),
    "two of a choice, one of them only a companion": (
        OBSERVATION
        % '"valueQuantity":{"value":1},"_valueString":{"extension":[{"url":"http://example.org/e","valueCode":"x"}]}',
        {"choice"},
    ),
    "resourceType last": ('{"id":"p","active":true,"resourceType":"Patient"}', set()),
    "a conditional reference": (
        OBSERVATION % '"subject":{"reference":"Patient?identifier=http://example.org/mrn|1"}',
        set(),
    ),
    "a conditional reference without a query": (
        OBSERVATION % '"subject":{"reference":"Patient?"}',
        {"reference-query"},
    ),
    "a reference by urn:uuid": (
        OBSERVATION % '"subject":{"reference":"urn:uuid:0d6f3c2e-0f39-4a3f-9d0c-9e2d9c1f5b11"}',
        set(),
    ),
    "a reference to a wrong type": (
        OBSERVATION % '"subject":{"reference":"Practitioner/1"}',
        {"reference-target"},
    ),
    "a reference to nothing contained": (
        OBSERVATION % '"subject":{"reference":"#nobody"}',
        {"reference-resolve", "ref-1"},
    ),
    "a no-break space in a display": (
        OBSERVATION
        % '"method":{"coding":[{"system":"http://example.org/s","code":"a","display":"a\u00a0b"}]}',
        set(),
    ),
    "a carriage return at the end": (PATIENT % '"active":true' + "\r", set()),
    "a property twice": (
        '{"resourceType":"Patient","active":true,"active":false}',
        {"duplicate-property"},
    ),
    "comments of DSTU2": (PATIENT % '"fhir_comments":["x"]', {"unknown-element"}),
    "a contained resource without a type": (
        PATIENT % '"contained":[{"id":"x"}]',
        {"resource-type", "dom-3"},
    ),
    "an extension's url as an object": (
        PATIENT % '"extension":[{"url":{"a":1},"valueCode":"x"}]',
        {"json-type"},
    ),
    "a companion of an extension's url": (
        PATIENT % '"extension":[{"url":"http://example.org/e","_url":{"id":"a"},"valueCode":"x"}]',
        set(),
    ),
    "a huge exponent": (OBSERVATION % '"valueQuantity":{"value":1e400}', set()),
    "minus zero and trailing zeros": (
        OBSERVATION % '"component":[{"code":{"text":"a"},"valueQuantity":{"value":-0.0}},'
        '{"code":{"text":"b"},"valueQuantity":{"value":0.10}}]',
        set(),
    ),
    "an integer with a fraction": (OBSERVATION % '"valueInteger":1.0', {"integer"}),
    "an integer beyond 32 bits": (OBSERVATION % '"valueInteger":2147483648', {"integer"}),
    "a lone surrogate": (PATIENT % '"language":"\\ud800"', {"json"}),
    "NaN": (OBSERVATION % '"valueQuantity":{"value":NaN}', {"json"}),
    "text after the resource": ('{"resourceType":"Patient"} {}', {"json"}),
    "an array": ("[]", {"json-object"}),
    "a resource of STU3": (
        '{"resourceType":"ProcedureRequest","status":"active"}',
        {"resource-type"},
    ),
    "an abstract type": ('{"resourceType":"DomainResource"}', {"resource-type"}),
    "no type": ("{}", {"resource-type"}),
    "a type that is no string": ('{"resourceType":1}', {"resource-type"}),
    "a narrative that is no XHTML": (
        PATIENT
        % (
            '"text":{"status":"generated","div":"<p '
            'xmlns=\\"http://www.w3.org/1999/xhtml\\">hello</p>"}'
        ),
        {"xhtml-name"},
    ),
    "a narrative with a script": (
        PATIENT
        % (
            '"text":{"status":"generated","div":"<div '
            'xmlns=\\"http://www.w3.org/1999/xhtml\\"><script>x</script></div>"}'
        ),
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_trap(judge, name):
    line, expected = CASES[name]
    failing = {issue.rule for issue in judge.validate(line.encode()).issues if issue.fails}
    if expected is None:
        assert failing
    else:
        assert failing == expected


def test_five_thousand_levels_are_refused_cleanly(judge):
    line = b'{"resourceType":"Patient","extension":' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert [issue.rule for issue in judge.validate(line).issues] == ["json-depth"]


def test_two_hundred_levels_of_extensions_are_read(judge):
    inner = '{"url":"http://example.org/e","valueCode":"x"}'
    for _ in range(100):
        inner = '{"url":"http://example.org/e","extension":[' + inner + "]}"
    assert (
        judge.validate(b'{"resourceType":"Patient","extension":[' + inner.encode() + b"]}").issues
        == []
    )


def test_a_string_of_two_megabytes_is_too_long(judge):
    line = OBSERVATION % f'"valueString":"{"x" * 2_000_000}"'
    assert [issue.rule for issue in judge.validate(line.encode()).issues] == ["string-length"]


def test_names_from_data_do_not_fill_memory(explaining):
    for number in range(2000):
        explaining.validate(b'{"resourceType":"Patient","x%d":1}' % number)
    cells = [cell.cell_contents for cell in explaining._errors._types["Patient"].__closure__]
    walk = next(held.__self__ for held in cells if hasattr(held, "__self__"))
    assert len(walk._members) < 200
    assert len(walk._shapes) < 200
