"""From the bytes of one NDJSON line to a resource: JSON exactly as RFC 8259 has it, and FHIR's
unique property names.

The fast path is orjson, which is exact but for three things: it keeps the last of two properties of
one name, refuses numbers that RFC 8259 allows, and forgets how a number was written. Writing the
result again uncovers all three at once; only lines that raise a doubt are read a second time,
exactly.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from json import JSONDecodeError, JSONDecoder
from typing import Any, Final, Self

import orjson

from ..economy.lazy_pattern import lazy_pattern
from ..verdicts.declaration import Declaration, Violation
from ..verdicts.issue import Issue

__all__ = ["DEPTH_LIMIT", "LINE_LIMIT", "Number", "decode", "decode_exact"]

DEPTH_LIMIT: Final = 255
"""Deepest nesting of objects and arrays that is read."""
LINE_LIMIT: Final = 256 * 1024 * 1024
"""Longest line in bytes that is read; whoever reads the file enforces it."""

INVALID_JSON: Final = "Invalid JSON found in input file"
"""How HealthLake opens every such message."""

JSON = Declaration(
    "json",
    "fatal",
    "invalid",
    f"{INVALID_JSON}: {{reason}}",
    "a line is JSON by RFC 8259, in UTF-8",
    section="2.6.2",
    reference=("JSON", "NOT_UTF8", "Type_Specific_Checks_DT_Decimal_Valid"),
    parsing=True,
    unplaced=True,
    service=INVALID_JSON,
)
JSON_OBJECT = Declaration(
    "json-object",
    "fatal",
    "invalid",
    f"{INVALID_JSON}: a resource is a JSON object",
    "a line is one JSON object",
    section="2.6.2",
    reference=("JSON",),
    parsing=True,
    unplaced=True,
)
JSON_DEPTH = Declaration(
    "json-depth",
    "fatal",
    "invalid",
    f"{INVALID_JSON}: nested deeper than {{limit}} levels at character {{position}}",
    "objects and arrays are nested in no more than 255 levels",
    reference=("JSON",),
    parsing=True,
    unplaced=True,
)
DUPLICATE_PROPERTY = Declaration(
    "duplicate-property",
    "fatal",
    "invalid",
    f"{INVALID_JSON}: property '{{name}}' stands twice in one object",
    "a property stands once in an object",
    section="2.6.2",
    reference=("JSON",),
    names=("name",),
    unplaced=True,
)

_SPACES: Final = b" \t\r\n"
_ESCAPED_MARKS: Final = (b"\\u0022", b"\\u003a", b"\\u003A", b"\\u0020")
"""Escapes that hide a quote, a colon or the space between them from a count of ``":``."""
_TRAILING_COMMA: Final = {
    "Illegal trailing comma before end of object": (
        "Expecting property name enclosed in double quotes"
    ),
    "Illegal trailing comma before end of array": "Expecting value",
}
"""Words of Python 3.13, at the comma -> those of earlier versions, at the bracket behind it."""

_LONG: Final = 17
"""Characters, its sign apart, of the longest number of which int and float lose nothing, however it
is written."""
_LONG_EXPONENT: Final = 4
_ODD: Final = rb"(?:-0|-?(?:0[eE]|[0-9][-+0-9.eE]{17}|[0-9.]+[eE][-+]?[0-9]{3}))"
"""The beginning of a number that int and float may blur."""
_ODD_MEMBER = lazy_pattern(rb'":' + _ODD)
_ODD_FIRST = lazy_pattern(rb"\[" + _ODD)
_ODD_ITEM = lazy_pattern(rb"," + _ODD)
_TOKEN = lazy_pattern(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


class Number(Decimal):
    """A JSON number that remembers how it was written.

    Equal to, and usable as, the Decimal of the same value. Raises ValueError where the exponent has
    more digits than a Decimal can hold (a reader of JSON may limit numbers, RFC 8259, section 9).
    """

    lexeme: str

    def __new__(cls, lexeme: str) -> Self:
        try:
            number = super().__new__(cls, lexeme)
        except InvalidOperation:  # the exponent is beyond what a Decimal can hold
            fault = JSON(reason="the exponent of a number is out of range")
            raise _UnacceptableError(fault) from None
        number.lexeme = lexeme
        return number


class _UnacceptableError(ValueError):
    """Text that Python's JSON decoder would take, and RFC 8259 or FHIR does not."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.rule)
        self.violation = violation


def decode(line: bytes) -> dict[str, Any] | Issue:
    """Read a line as a dictionary, or return the one fatal issue that says where and why it is no
    JSON object (RFC 8259).

    Numbers come as int and float; as Number where these would lose something (``1e400``, ``-0``,
    ``0e5``, more than 17 characters).
    """
    try:
        resource = orjson.loads(line)
        again = orjson.dumps(resource)
    except (
        ValueError,
        TypeError,
    ):  # not JSON, a number out of range; or deeper than orjson writes, which is less than it reads
        return _decode_exactly(line, every_number=False)
    # where both are equal orjson has hidden nothing (docs/decisions/008)
    if again != line and _doubtful(line, again):
        return _decode_exactly(line, every_number=False)
    return resource if type(resource) is dict else _no_object()


def decode_exact(line: bytes) -> dict[str, Any] | Issue:
    """Read a line as ``decode`` does, with every number that has a fraction or an exponent as a
    Number: for rules that ask how a decimal was written.
    """
    return _decode_exactly(line, every_number=True)


def _doubtful(line: bytes, again: bytes) -> bool:
    """Tell whether the line may hold a name twice, or a number that int and float blur.

    Without white space ``":`` is the end of a name, or an escaped quote and a colon inside a
    string. The second kind is spelt alike in both texts (other spellings need \\u, looked for
    below), so the counts differ just when a member was dropped.
    """
    bare, again_bare = line.translate(None, _SPACES), again.translate(None, _SPACES)
    if bare == again_bare:
        return False
    if bare.count(b'":') != again_bare.count(b'":'):
        return True
    if b"\\u" in bare and any(mark in bare for mark in _ESCAPED_MARKS):
        return True
    return any(odd.search(bare) for odd in (_ODD_MEMBER, _ODD_FIRST, _ODD_ITEM))


def _decode_exactly(line: bytes, *, every_number: bool) -> dict[str, Any] | Issue:
    try:
        text = line.decode("utf-8")
        _check_depth(text)
        resource = (_EVERY_NUMBER if every_number else _ODD_NUMBERS).decode(text)
        _check_surrogates(resource, text)
    except UnicodeDecodeError as error:
        return Issue.of(JSON(reason=f"byte {error.start + 1} is not UTF-8"))
    except JSONDecodeError as error:
        return Issue.of(JSON(reason=_reason(error)))
    except _UnacceptableError as error:
        return Issue.of(error.violation)
    return resource if isinstance(resource, dict) else _no_object()


def _check_depth(text: str) -> None:
    """Refuse deep nesting before a recursive decoder sees it.

    Knows strings, and nothing else of JSON.
    """
    depth = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in "[{":
            depth += 1
            if depth > DEPTH_LIMIT:
                raise _UnacceptableError(JSON_DEPTH(limit=DEPTH_LIMIT, position=token.start() + 1))
        elif first in "]}":
            depth -= 1


def _check_surrogates(resource: object, text: str) -> None:
    # half of a pair can only come from an escape: UTF-8 has none
    if "\\u" not in text:
        return
    stack = [resource]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                fault = JSON(reason="a string holds half of a surrogate pair")
                raise _UnacceptableError(fault) from None
        elif isinstance(value, dict):
            stack += value
            stack += value.values()
        elif isinstance(value, list):
            stack += value


def _reason(error: JSONDecodeError) -> str:
    """Return what Python says of a text that is no JSON, the same under each version of it."""
    reason, place = error.msg, error.pos
    if error.doc.startswith("\ufeff"):
        reason = "a byte order mark stands before the text"
    elif reason in _TRAILING_COMMA:
        reason = _TRAILING_COMMA[reason]
        behind = error.doc[place + 1 :]
        place += 1 + len(behind) - len(behind.lstrip(" \t\r\n"))
    return f"{reason[0].lower()}{reason[1:]} at character {place + 1}"


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        seen: set[str] = set()
        twice = next(name for name, _ in members if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _UnacceptableError(DUPLICATE_PROPERTY(name=twice))
    return found


def _constant(word: str) -> None:
    raise _UnacceptableError(JSON(reason=f"{word} is no JSON"))


def _odd_integer(lexeme: str) -> int | Number:
    # 18 digits are an int of 64 bits whatever they are
    return Number(lexeme) if lexeme == "-0" or len(lexeme) > 18 else int(lexeme)


def _odd_float(lexeme: str) -> float | Number:
    value = float(lexeme)
    # 0e5 would be 0.0, 1e400 no number at all; a float has 17 digits, and no zeros in its exponent
    if (
        value in (0.0, float("inf"), float("-inf"))
        or len(lexeme.lstrip("-")) > _LONG
        or len(lexeme.lower().partition("e")[2]) > _LONG_EXPONENT
    ):
        return Number(lexeme)
    return value


_ODD_NUMBERS = JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_constant,
    parse_int=_odd_integer,
    parse_float=_odd_float,
)
_EVERY_NUMBER = JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_constant, parse_int=_odd_integer, parse_float=Number
)


def _no_object() -> Issue:
    return Issue.of(JSON_OBJECT())
