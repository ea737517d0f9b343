"""Escapes that JSON does not need: natively a line with them is as the line without."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bulkfhir.validators import Block, Validator

from .test_acceptor import MUTATED, READABLE, told_apart

pytestmark = pytest.mark.native

LINE = (
    b'{"resourceType":"Observation","id":"a-1","meta":{"lastUpdated":"2020-01-01T00:00:00+01:00",'
    b'"security":[{"system":"http://a/b","code":"c"}]},"identifier":[{"system":"http://a/b",'
    b'"value":"x"}],"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1-8"}]},'
    b'"subject":{"reference":"Patient/1"},"effectivePeriod":{"start":"2020-01-01T00:00:00+01:00",'
    b'"end":"2020-01-01T00:00:00+01:00"},"performer":[{"reference":"Practitioner?identifier=a|b"}]}'
)
BUNDLE = (
    b'{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://a/Patient/1",'
    b'"resource":{"resourceType":"Patient","id":"1"}},{"fullUrl":"http://a/Observation/2",'
    b'"resource":{"resourceType":"Observation","id":"2","status":"final","code":{"text":"x"},'
    b'"subject":{"reference":"Patient/1"}}}]}'
)


@pytest.fixture(scope="module")
def fast() -> Validator:
    return Validator("structure-only")


def escaped(character: str) -> bytes:
    return b"\\u%04X" % ord(character)


@pytest.mark.parametrize("line", [LINE, BUNDLE], ids=["observation", "bundle"])
@pytest.mark.parametrize(
    ("plain", "written"),
    [
        (b"/", b"\\/"),
        (b"/", b"\\u002f"),
        (b"+", b"\\u002B"),
        (b"=", b"\\u003d"),
        (b"P", b"\\u0050"),
    ],
    ids=["slash", "slash-u", "plus", "equals", "letter"],
)
def test_a_line_is_accepted_however_it_is_written(
    fast: Validator, explaining: Validator, line: bytes, plain: bytes, written: bytes
) -> None:
    block = Block(line.replace(plain, written))
    verdicts = fast.validate_block(block)
    assert not verdicts.fallbacks
    assert told_apart(verdicts, explaining.validate_block(block)) == {}


@pytest.mark.parametrize("mark", [b":", b",", b"{", b"}", b"[", b"]", b"x"])
@pytest.mark.parametrize("escape", [b"\\u0020", b"\\/", b"\\u003a", b"\\u002C"])
def test_an_escape_outside_a_string_is_no_json(fast: Validator, mark: bytes, escape: bytes) -> None:
    line = LINE.replace(b"http://a/b", b"http:\\/\\/a\\/b")
    place = line.index(b'"status"') - 1 if mark == b"x" else line.rindex(mark)
    for broken in (
        line[: place + 1] + escape + line[place + 1 :],
        line[:place] + escape + line[place:],
    ):
        (verdict,) = fast.validate_block(Block(broken)).verdicts.values()
        assert [issue.rule for issue in verdict.issues] == ["json"], broken


def test_names_may_be_written_with_escapes_too(fast: Validator) -> None:
    block = Block(LINE.replace(b'"status"', b'"st\\u0061tus"'))
    assert not fast.validate_block(block).fallbacks


def test_ids_are_found_behind_escapes(fast: Validator) -> None:
    lines = [
        b'{"meta":{"profile":["http:\\/\\/a\\/b"]},"id":"x1","resourceType":"Patient"}',
        b'{"id":"x2","resourceType":"Patient","meta":{"source":"http:\\/\\/a"}}',
        b'{"resourceType":"\\u0050atient"}',
    ]
    verdicts = fast.validate_block(Block(b"\n".join(lines)))
    assert not verdicts.fallbacks
    assert list(verdicts.ids) == ["x1", "x2", None]
    assert list(verdicts.types) == ["Patient"] * 3


def test_an_id_that_is_written_with_escapes_is_told_by_the_explainer(fast: Validator) -> None:
    verdicts = fast.validate_block(Block(b'{"resourceType":"Patient","id":"\\u0061-1"}'))
    assert dict(verdicts.fallbacks) == {"value": 1}
    assert list(verdicts.ids) == ["a-1"]


@pytest.mark.parametrize(
    "identifier",
    [
        rb'{"system":"https:\/\/tools.ietf.org\/html\/rfc4122","value":"x"}',
        rb'{"system":"urn:ietf:rfc:398\u0036","value":"x"}',
    ],
    ids=["rfc4122", "rfc3986"],
)
def test_what_a_system_asks_of_its_values_is_asked_however_it_is_written(
    fast: Validator, explaining: Validator, identifier: bytes
) -> None:
    block = Block(b'{"resourceType":"Patient","identifier":[' + identifier + b"]}")
    one, other = fast.validate_block(block), explaining.validate_block(block)
    assert other.failed
    assert told_apart(one, other) == {}


_PLAIN = re.compile(rb"[ -~]")


@st.composite
def respelled(draw: st.DrawFn) -> bytes:
    """A line of the sample, or a mutation, with some characters of its strings escaped."""
    line = draw(st.sampled_from([*READABLE, *MUTATED]))
    try:
        resource: Any = json.loads(line)
    except ValueError:
        return line
    rate = draw(st.sampled_from([0.01, 0.05, 0.5]))
    # A seed, and not all numbers that come of it: drawing thousands takes hypothesis a second.
    rng = random.Random(draw(st.integers(0, 2**32 - 1)))

    def written(match: re.Match[bytes]) -> bytes:
        if rng.random() > rate or match[0] in b'"\\':
            return match[0]
        return rng.choice([escaped(match[0].decode()), b"\\/" if match[0] == b"/" else match[0]])

    def string(match: re.Match[bytes]) -> bytes:
        pieces = re.split(rb"(\\u....|\\.)", match[0][1:-1])
        pieces[::2] = [_PLAIN.sub(written, piece) for piece in pieces[::2]]
        return b'"' + b"".join(pieces) + b'"'

    text = json.dumps(resource).encode()
    return re.sub(rb'"(?:[^"\\]|\\.)*"', string, text)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(respelled(), min_size=1, max_size=6))
def test_verdicts_are_the_same_however_lines_are_written(
    fast: Validator, explaining: Validator, lines: list[bytes]
) -> None:
    block = Block(b"\n".join(lines))
    assert told_apart(fast.validate_block(block), explaining.validate_block(block)) == {}


PIECES = [
    rb"\/",
    rb"\u",
    rb"\u0041",
    rb"\u00",
    rb"\u0033",
    rb"\ud8",
    rb"\ude00",
    rb"\ud83d",
    rb"\x",
]
PIECES += [
    rb"\"",
    rb"\\",
    rb"\n",
    rb"\u0022",
    rb"\u005c",
    b"/",
    b"a",
    b"0",
    b"3d",
    b"00",
    b"e9",
    b"u",
]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9), min_size=50))
@example(
    [
        [rb"\/", rb"\u", b"0", b"6", rb"\u0034", b"e"],
        [rb"\/", rb"\ud8", rb"\u0033", b"d", rb"\ude00"],
    ]
)
def test_no_escape_comes_of_what_is_none(
    fast: Validator, explaining: Validator, texts: list[list[bytes]]
) -> None:
    """What stands inside the digits of an escape makes it none, whatever it stands for itself."""
    lines = [
        b'{"resourceType":"Patient","name":[{"family":"' + b"".join(text) + b'"}]}'
        for text in texts
    ]
    block = Block(b"\n".join(lines))
    assert told_apart(fast.validate_block(block), explaining.validate_block(block)) == {}
