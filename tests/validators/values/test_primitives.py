"""Primitive types: every check against recorded verdicts of the reference validator, and what the
recording does not show.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkfhir.validators.values.decoding import decode, decode_exact
from bulkfhir.validators.values.primitives import (
    CHECKS,
    MEMO_STRINGS,
    PROVEN,
    QUIET,
    WARNINGS,
    is_absolute_uri,
    is_blank,
    resource_id,
    utf16_length,
)
from bulkfhir.validators.verdicts.issue import Issue

RECORD = json.loads(
    (Path(__file__).resolve().parents[3] / "fixtures/primitives/verdicts.json").read_text()
)

# ISO 8601 extends the Gregorian calendar backwards; the reference validator counts leap years
# before 1582 as Caesar did
JULIAN = {'"1500-02-29"', '"0100-02-29"'}


def decoded(lexeme: str) -> object:
    resource = decode(b'{"v":' + lexeme.encode() + b"}")
    assert isinstance(resource, dict), resource
    return resource["v"]


@pytest.mark.parametrize("name", sorted(RECORD["accepted"]))
def test_a_type_accepts_what_the_reference_validator_accepts(name: str) -> None:
    check = resource_id if name == "Resource.id" else CHECKS[name]
    expected = set(RECORD["accepted"][name]) - (JULIAN if name in ("date", "dateTime") else set())
    assert {value for value in RECORD["values"] if check(decoded(value)) is None} == expected


def test_every_primitive_type_of_r4_has_a_check() -> None:
    assert set(RECORD["accepted"]) - {"Resource.id"} | {"xhtml"} == set(CHECKS)


@pytest.mark.parametrize("name", sorted(CHECKS))
@pytest.mark.parametrize("value", [None, [], {}, ["2020"], {"value": 1}])
def test_no_type_takes_null_an_array_or_an_object(name: str, value: object) -> None:
    finding = CHECKS[name](value)
    assert finding is not None
    assert finding.rule == "json-type"


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_second_look_at_a_value_gives_the_same_answer(name: str) -> None:
    for lexeme in RECORD["values"]:
        value = decoded(lexeme)
        assert CHECKS[name](value) == CHECKS[name](value)


def test_the_memory_of_proven_values_is_bounded() -> None:
    quiet, say = QUIET["id"]
    for number in range(MEMO_STRINGS + 10):
        assert say(str(number)) is None
    for strings in (PROVEN["id"], quiet):
        assert str(number) in strings
        assert "0" not in strings
        assert len(strings) <= MEMO_STRINGS


@pytest.mark.parametrize(
    ("name", "lexeme", "rule"),
    [
        ("date", '"2019-02-29"', "date"),
        ("dateTime", '"2020-01-01T10:00:00"', "dateTime-zone"),
        ("dateTime", '"2019-02-30T10:00:00Z"', "dateTime"),
        ("instant", '"2020-01-01"', "instant"),
        ("time", '"10:00:00.5"', "time"),
        ("code", '"a  b"', "code-whitespace"),
        ("id", '"a_b"', "id"),
        ("uri", '"a b"', "uri-whitespace"),
        ("uri", '"oid:1.2.3"', "uri-scheme"),
        ("uri", '"urn:oid:3.1"', "oid"),
        ("url", '"urn:uuid:123"', "uuid"),
        ("canonical", '"Patient/1"', "canonical-absolute"),
        ("canonical", '"http://x.org/ a"', "canonical-absolute"),
        ("canonical", '"#\\ta"', "uri-whitespace"),
        ("base64Binary", '"YQ"', "base64"),
        ("integer", "1.0", "integer"),
        ("unsignedInt", "-0", "unsignedInt"),
        ("positiveInt", "0", "positiveInt"),
        ("decimal", "0e5", "decimal"),
        ("decimal", '"70.5"', "json-type"),
        ("boolean", '"true"', "json-type"),
        ("string", '""', "empty-string"),
        ("date", '""', "empty-string"),
    ],
)
def test_a_finding_names_its_rule(name: str, lexeme: str, rule: str) -> None:
    finding = CHECKS[name](decoded(lexeme))
    assert finding is not None
    assert finding.rule == rule


NUMBERS = ("integer", "unsignedInt", "positiveInt", "decimal", "boolean")
_BESIDE = ["", ',"b":"\\/"', ',"b":"\\u0022"', ',"b":-0', ',"b":1e400', ',"b":1.50']
_DIGITS = st.text("0123456789", min_size=1, max_size=22)
_LEXEMES = st.builds(
    lambda sign, whole, fraction, exponent: sign + (whole.lstrip("0") or "0") + fraction + exponent,
    st.sampled_from(["", "-"]),
    _DIGITS | st.just("0"),
    st.just("") | _DIGITS.map(lambda digits: "." + digits),
    st.just("")
    | st.builds(
        lambda mark, digits: mark + digits,
        st.sampled_from(["e", "E+", "e-", "E"]),
        st.text("0123456789", min_size=1, max_size=6),
    ),
)


@given(_LEXEMES)
@example("9223372036854775808")
@example("-9223372036854775808")
@example("18446744073709551616")
@example("1e-400")
@example("1e400")
@example("-0")
@example("-0.0")
@example("0.00")
@example("0e5")
@example("1.50")
@example("1e00005")
@example("0.000012345678901234567")
@example("1.2345678901234567e-4")
@settings(deadline=None, max_examples=300)
def test_what_is_said_of_a_number_hangs_on_nothing_around_it(lexeme: str) -> None:
    lines = [
        f'{{"a":{written}{beside}}}'.encode()
        for beside in _BESIDE
        for written in (lexeme, f"[{lexeme}]", f"[ 1, {lexeme} ]", f'["x",null,{lexeme}]')
    ]
    found = set()
    for read, line in itertools.product((decode, decode_exact), lines):
        resource = read(line)
        assert isinstance(resource, dict)
        value = resource["a"][-1] if isinstance(resource["a"], list) else resource["a"]
        said = [check(value) for check in (*map(CHECKS.__getitem__, NUMBERS), WARNINGS["decimal"])]
        found.add(tuple(one and (one.rule, Issue.of(one).diagnostics) for one in said))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("x" * 1_048_576, True),
        ("x" * 1_048_577, False),
        ("\U0001f600" * 524_288, True),
        ("\U0001f600" * 524_289, False),
    ],
)
def test_a_string_is_measured_in_utf16(text: str, fits: bool) -> None:
    assert (CHECKS["string"](text) is None) is fits
    assert CHECKS["markdown"](text) is None


def test_utf16_counts_surrogate_pairs_as_two() -> None:
    texts = ("", "ab", "é", "\U0001f600", "a\U0001f600é", "é\ud83d")
    assert [utf16_length(text) for text in texts] == [0, 2, 1, 2, 4, 2]


@pytest.mark.parametrize(
    ("name", "lexeme", "rule"),
    [
        ("string", '" "', "blank-string"),
        ("string", '"\\u00a0"', "blank-string"),
        ("date", '" "', "blank-string"),
        ("string", '" a"', "string-whitespace"),
        ("string", '"a\\u0000"', "control-character"),
        ("base64Binary", '"@@@@"', "base64-alphabet"),
        ("base64Binary", '"YWJj YWJj"', "base64-whitespace"),
        ("decimal", "1234567890123456789", "decimal-range"),
        ("decimal", "1e99999", "decimal-range"),
    ],
)
def test_a_value_may_pass_with_a_warning(name: str, lexeme: str, rule: str) -> None:
    value = decoded(lexeme)
    assert CHECKS[name](value) is None
    warning = WARNINGS[name](value)
    assert warning is not None
    assert warning.rule == rule


@pytest.mark.parametrize(
    ("name", "lexeme"),
    [
        ("string", '"a b"'),
        ("code", '"final"'),
        ("decimal", "1.50"),
        ("base64Binary", '"YQ=="'),
        ("uri", '"http://x.org"'),
    ],
)
def test_an_ordinary_value_has_no_warning(name: str, lexeme: str) -> None:
    assert WARNINGS[name](decoded(lexeme)) is None


def test_a_no_break_space_is_not_blank() -> None:
    assert is_blank(" \t\u2003")
    assert not is_blank("\u00a0")


@pytest.mark.parametrize(
    "uri", ["http://x.org", "urn:oid:1.2.3", "mailto:a@b", "a[1]:x", "javascript:x"]
)
def test_a_lower_case_scheme_makes_an_absolute_uri(uri: str) -> None:
    assert is_absolute_uri(uri)


@pytest.mark.parametrize(
    "uri",
    ["", "x", "Patient/1", "Http://x.org", "http:", ":x", "a-b:c", "1a:c", "http://x y", "#a"],
)
def test_anything_else_is_relative(uri: str) -> None:
    assert not is_absolute_uri(uri)
