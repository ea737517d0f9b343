"""Decoding: exactly RFC 8259 and unique names, held against a slow reference on random text."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkfhir.validators.values.decoding import (
    DEPTH_LIMIT,
    INVALID_JSON,
    Number,
    decode,
    decode_exact,
)
from bulkfhir.validators.verdicts.issue import Issue


def refusal(line: bytes) -> Issue:
    issue = decode(line)
    assert isinstance(issue, Issue), issue
    assert issue.fails
    assert issue.diagnostics.startswith(INVALID_JSON)
    return issue


def nested(depth: int) -> bytes:
    """An object whose innermost array is ``depth`` levels deep."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize(
    ("line", "resource"),
    [
        (b"{}", {}),
        (b' {"a" : [ 1 , null ] }\r', {"a": [1, None]}),
        (b'{"a":"\\u00e9\\/\\n"}', {"a": "é/\n"}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a":"\\u0000"}', {"a": "\0"}),
        (b'{"a":{"a":{"a":1}},"b":{"a":1}}', {"a": {"a": {"a": 1}}, "b": {"a": 1}}),
        (b'{"a":"\\":\\":","b":"\\" :"}', {"a": '":":', "b": '" :'}),
        (b'{"a":"\\u0022:"}', {"a": '":'}),
        (b'{"a":"\\"\\u0020:"}', {"a": '" :'}),
        (b'{"a\\"":1,"a":2}', {'a"': 1, "a": 2}),
    ],
)
def test_what_rfc_8259_allows_is_read(line: bytes, resource: dict[str, Any]) -> None:
    assert decode(line) == resource
    assert decode_exact(line) == resource


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"{}{}",
        b'{"a":1,}',
        b"{'a':1}",
        b"{a:1}",
        b'{"a":01}',
        b'{"a":1.}',
        b'{"a":.5}',
        b'{"a":+1}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e400,"b":NaN}',
        b'{"a":"\t"}',
        b'{"a":"\\x"}',
        b'{"a":1}//',
        b'{"a":"b"}\x0c',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b'{"a":"\\ud800"}',
        b'{"a":"\\udc00\\ud800"}',
        b'{"\\ud800":1e400}',
    ],
)
def test_anything_else_is_refused(line: bytes) -> None:
    assert refusal(line).rule == "json"


@pytest.mark.parametrize("number", ["1e", "-1.5E+", "0e", "-0e-"])
def test_an_exponent_that_no_decimal_can_hold_is_refused(number: str) -> None:
    line = f'{{"a":{number}{"9" * 40}}}'.encode()
    for read in (decode, decode_exact):
        issue = read(line)
        assert isinstance(issue, Issue)
        assert issue.rule == "json"
        assert "the exponent of a number is out of range" in issue.diagnostics


@pytest.mark.parametrize("line", [b"[]", b'"a"', b"1", b"null", b"1e400", b'[{"a":1}]'])
def test_a_resource_is_an_object(line: bytes) -> None:
    assert refusal(line).rule == "json-object"


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"b":{"c":[{"d":1,"d":2}]}}',
        b'{"a" :1,"a" : 2}',
        b'{"a":1,"\\u0061":2}',
        b'{"a/b":1,"a\\/b":2}',
        b'{"a":{},"a":{"b":1,"c":2}}',
        b'{"a":1,"a":1e400}',
        # the dropped member's escapes must not make up for its name
        b'{"a":1,"a":"\\":","b":"\\u0022:\\u0022:"}',
    ],
)
def test_a_name_that_stands_twice_is_refused(line: bytes) -> None:
    issue = refusal(line)
    assert issue.rule == "duplicate-property"
    assert "twice" in issue.diagnostics


def test_the_name_that_stands_twice_is_told() -> None:
    assert "'gender'" in refusal(b'{"x":{"gender":1,"id":2,"gender":1}}').diagnostics


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"a":1 , }', "expecting property name enclosed in double quotes at character 10"),
        (b'{"a":[1,\t]}', "expecting value at character 10"),
    ],
    ids=["object", "array"],
)
def test_a_comma_before_the_end_has_one_message_under_every_python(line: bytes, said: str) -> None:
    assert refusal(line).diagnostics == f"{INVALID_JSON}: {said}"


def test_a_refusal_tells_the_place() -> None:
    assert refusal(b'{"a":1,}').diagnostics.endswith("at character 8")
    assert refusal(b'{"a":"\xff"}').diagnostics == f"{INVALID_JSON}: byte 7 is not UTF-8"
    assert "byte order mark" in refusal(b"\xef\xbb\xbf{}").diagnostics


@pytest.mark.parametrize("depth", [2, 200, 253, 254, DEPTH_LIMIT])
def test_nesting_is_read_to_the_limit(depth: int) -> None:
    assert isinstance(decode(nested(depth)), dict)
    assert isinstance(decode_exact(nested(depth)), dict)


@pytest.mark.parametrize(
    "line",
    [nested(DEPTH_LIMIT + 1), nested(1_000), nested(5_000), b"[" * 1_000_000, b'{"a":' * 500_000],
)
def test_deeper_nesting_is_refused_without_recursion(line: bytes) -> None:
    assert refusal(line).rule == "json-depth"


def test_brackets_in_strings_are_no_nesting() -> None:
    text = "[{" * 5_000
    assert decode(json.dumps({"a": text + '"\\'}).encode()) == {"a": text + '"\\'}


@pytest.mark.parametrize("lexeme", ["1e400", "-1E400", "-0", "0e5", "-0E0", "0.0e1"])
def test_numbers_that_python_would_blur_keep_their_digits(lexeme: str) -> None:
    resource = decode(f'{{"a":{lexeme}}}'.encode())
    assert isinstance(resource, dict)
    assert isinstance(resource["a"], Number) or resource["a"] == 0.0
    if not lexeme.startswith("0.0"):
        assert resource["a"].lexeme == lexeme


@pytest.mark.parametrize(
    "lexeme", ["123456789012345678901234567890", "0.1234567890123456789", "-1234567890123456789.5"]
)
@pytest.mark.parametrize("form", ['{"x":%s}', '{"x": %s, "y":-0}', '{"x":[1,%s]}', '{"x":[%s,2]}'])
def test_a_number_with_more_digits_than_a_float_has_keeps_them(lexeme: str, form: str) -> None:
    value = decode((form % lexeme).encode())["x"]  # type: ignore[index]
    found = next(one for one in value if str(one) == lexeme) if type(value) is list else value
    assert isinstance(found, Number)
    assert found.lexeme == lexeme


def test_ordinary_numbers_are_int_and_float() -> None:
    resource = decode(b'{"a":1,"b":1.50,"c":1e2,"d":-5,"e":0,"f":0.0}')
    assert isinstance(resource, dict)
    assert [type(value) for value in resource.values()] == [int, float, float, int, int, float]


def test_the_exact_reading_keeps_the_lexeme_of_every_decimal() -> None:
    resource = decode_exact(b'{"a":1.50,"b":100,"c":[0.10,1E+2]}')
    assert isinstance(resource, dict)
    assert [resource["a"].lexeme, *(number.lexeme for number in resource["c"])] == [
        "1.50",
        "0.10",
        "1E+2",
    ]
    assert resource["b"] == 100
    assert resource["a"] == Decimal("1.5")


def test_a_number_of_ten_thousand_digits_is_read() -> None:
    assert isinstance(decode(b'{"a":' + b"9" * 10_000 + b"}"), dict)


class Reference:
    """The slow truth: Python's decoder with every license taken away."""

    @staticmethod
    def unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in members}) != len(members):
            raise ValueError("twice")
        return dict(members)

    @staticmethod
    def refuse(word: str) -> None:
        raise ValueError(word)

    @classmethod
    def accepts(cls, line: bytes) -> bool:
        try:
            value = json.JSONDecoder(
                object_pairs_hook=cls.unique, parse_constant=cls.refuse
            ).decode(line.decode())
            json.dumps(value, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict)


NAMES = ["a", "b", 'a"', '":', '" :', "a\\", "é", "", "resourceType"]
ATOMS = [
    *map(json.dumps, [None, True, 0, -7, 10**20, 1.5, "x", *NAMES]),
    "-0",
    "0e5",
    "1e400",
    "1.0",
    '"\\u0022:"',
    '"\\u0020:"',
    '"\\ud800"',
    "NaN",
    "01",
]
SPACES = ["", "", "", " ", "\t", " \r\n "]


def spelt(name: str, chance: Random) -> str:
    """A name as JSON, now and then with escapes that are not needed."""
    text = json.dumps(name, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.2:
        text = (
            text.replace("a", "\\u0061")
            .replace(":", chance.choice(["\\u003a", "\\u003A"]))
            .replace('\\"', "\\u0022")
        )
    return text


def written(chance: Random, depth: int) -> str:
    """A random value; objects may name a member twice, and a few atoms are no JSON."""
    kind = chance.random()
    if depth == 0 or kind < 0.4:
        return chance.choice(ATOMS[:-3] if chance.random() < 0.97 else ATOMS)
    if kind < 0.6:
        return "[" + ",".join(written(chance, depth - 1) for _ in range(chance.randrange(4))) + "]"
    return object_written(chance, depth)


def object_written(chance: Random, depth: int) -> str:
    names = chance.sample(NAMES, chance.randrange(4)) + (
        [chance.choice(NAMES)] if chance.random() < 0.2 else []
    )
    gap = chance.choice(SPACES)
    return (
        "{"
        + ",".join(
            f"{gap}{spelt(name, chance)}{chance.choice(SPACES)}:{gap}{written(chance, depth - 1)}"
            for name in names
        )
        + "}"
    )


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=300)
def test_random_objects_are_judged_as_by_the_reference(seed: int) -> None:
    text = object_written(Random(seed), 4)
    line = text.encode()
    resource = decode(line)
    assert isinstance(resource, dict) is Reference.accepts(line), text
    if isinstance(resource, dict):
        assert same(resource, json.loads(text)), text


@given(st.binary(max_size=12))
@settings(deadline=None, max_examples=100)
def test_random_bytes_are_judged_as_by_the_reference(tail: bytes) -> None:
    line = b'{"a":' + tail + b"}"
    assert isinstance(decode(line), dict) is Reference.accepts(line)


def same(ours: object, theirs: object) -> bool:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(
            same(value, theirs[name]) for name, value in ours.items()
        )
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, float) and math.isinf(theirs):
        return isinstance(ours, Number)
    if (
        isinstance(ours, Number | float)
        and isinstance(theirs, int | float)
        and not isinstance(theirs, bool)
    ):
        return float(ours) == float(theirs)
    return ours == theirs
