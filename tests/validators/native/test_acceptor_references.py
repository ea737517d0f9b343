"""References that open as one before did: the rest is read by itself, and whatever is more than a
word and a display is judged as in a line of its own.
"""

from __future__ import annotations

import json

import pytest

from bulkfhir.validators import Block, Validator

from .test_acceptor import told_apart

pytestmark = pytest.mark.native

LINE = '{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},"subject":{}}}'
OPENINGS = (
    "Patient/",
    "Claim/",
    "urn:uuid:",
    "http://a/fhir/Patient/",
    "http://a/Claim/",
    "Patient?identifier=http://a/b|",
    "Patient?identifier",
    "#",
    " Patient/",
    "Patient/1/_history/",
    "a_",
    "http://a/é/Patient/",
)
TAILS = (
    "1",
    "1-2.A",
    "a" * 70,
    "",
    "1 2",
    "1/2",
    "1/_history/2",
    "_history/2",
    "1?a=b",
    "a=b&c",
    "=b",
    "é",
    "\\\\",
    '\\"',
    "\\u0031",
)
OBJECTS = (
    '{{"reference":"{}"}}',
    '{{"reference":"{}","display":"x"}}',
    '{{"reference":"{}","display":"an \\"x\\""}}',
    '{{"reference":"{}","display":" x"}}',
    '{{"reference":"{}","display":""}}',
    '{{"reference":"{}","display":1}}',
    '{{"reference":"{}","display":"x","display":"y"}}',
    '{{"reference":"{}","display":"x","reference":"y"}}',
    '{{"reference":"{}","display":"x","type":"Patient"}}',
    '{{"reference":"{}","type":"Group"}}',
    '{{"reference":"{}","_display":{{"id":"x"}}}}',
    '{{"reference":"{}","id":"x"}}',
    '{{"reference":"{}" }}',
    '{{"reference" : "{}"}}',
    '{{"display":"x","reference":"{}"}}',
    '{{"reference":"{}"',
    '{{"reference":"{}","display":"x',
)


def lines(opening: str, tails: tuple[str, ...] = TAILS) -> bytes:
    return "\n".join(
        LINE.format(each.format(opening + tail)) for tail in tails for each in OBJECTS
    ).encode()


@pytest.fixture(scope="module")
def fast() -> Validator:
    """A validator that has seen the openings, with other words behind them."""
    made = Validator("structure-only")
    for number in range(4):
        for opening in OPENINGS:
            made.validate_block(Block(lines(opening, (f"seen{number}",))))
    return made


@pytest.mark.parametrize("opening", OPENINGS)
def test_what_follows_on_an_opening_is_judged_as_ever(
    fast: Validator, explaining: Validator, opening: str
) -> None:
    block = Block(lines(opening))
    verdicts = fast.validate_block(block)
    assert told_apart(verdicts, explaining.validate_block(block)) == {}


def test_a_word_behind_an_opening_is_accepted(fast: Validator) -> None:
    references = [f"{opening}{word}" for opening in OPENINGS[:1] for word in ("new1", "2.-", "A")]
    subjects = [{"reference": each} for each in references]
    subjects += [{**each, "display": "y"} for each in subjects]
    text = "\n".join(LINE.format(json.dumps(each, separators=(",", ":"))) for each in subjects)
    assert not fast.validate_block(Block(text.encode())).fallbacks
