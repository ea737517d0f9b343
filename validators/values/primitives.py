"""The twenty primitive types of R4: what a decoded JSON value must look like to be one.

A check takes the value as ``decoding.decode`` gives it and answers None (fine) or a Violation.
``CHECKS`` says what fails a resource, ``WARNINGS`` what is only worth a word; both are keyed by the
type's name. Two conventions of HL7's validator hold for every type that JSON writes as a string: a
string of nothing but white space is a warning, whatever the type, and an empty string is an error.
Proven strings are remembered per type, up to a bound, so that a value seen before costs one
look-up.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import orjson

from ..economy.lazy_pattern import lazy_pattern
from ..economy.memory import Memory
from ..verdicts.declaration import Declaration, Violation
from . import format_faults as faults
from .decoding import Number
from .uri import base64_length, is_absolute_uri
from .white_space import BLANK, SPACE

__all__ = [
    "CHECKS",
    "PROVEN",
    "QUIET",
    "WARNINGS",
    "Check",
    "is_absolute_uri",
    "is_blank",
    "resource_id",
    "utf16_length",
]

Check = Callable[[object], Violation | None]

STRING_LIMIT: Final = 1_048_576
"""Longest string, in UTF-16 code units (R4 section 2.24.0.1 says 1 MB; the reference validator
counts Java characters).
"""
INTEGER_MAX: Final = 2_147_483_647
INTEGER_MIN: Final = -2_147_483_648
"""FHIR's integers have 32 bits, unlike JSON's (FHIR R4, section 2.24.0.1)."""

MEMO_STRINGS: Final = 20_000
"""Proven strings kept per type; at the bound the memory starts anew, which keeps a worker under
some megabytes.
"""
MEMO_LENGTH: Final = 200
"""Longer strings are proven afresh: they hardly repeat."""


_YEAR = r"(?!0000)[0-9]{4}"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

_DATE = lazy_pattern(rf"({_YEAR})(?:-({_MONTH})(?:-({_DAY}))?)?")
_DATE_TIME = lazy_pattern(
    rf"({_YEAR})(?:-({_MONTH})(?:-({_DAY})(?:T{_CLOCK}(?:\.[0-9]+)?({_ZONE})?)?)?)?"
)
_INSTANT = lazy_pattern(rf"({_YEAR})-({_MONTH})-({_DAY})T{_CLOCK}(?:\.[0-9]+)?{_ZONE}")
# R4's own pattern allows a fraction of a second; the reference validator refuses one, and so does
# every server that embeds it.
_TIME = lazy_pattern(_CLOCK)
_INTEGER = lazy_pattern(r"-?(?:0|[1-9][0-9]{0,99})")
_ID = lazy_pattern(r"[A-Za-z0-9\-.]{1,64}")
_CODE_SPACE = lazy_pattern(rf"  |[{SPACE.replace(' ', '')}]")
_OID = lazy_pattern(r"[0-2](?:\.(?:0|[1-9][0-9]*))++")
_UUID = lazy_pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_URI_SPACE = lazy_pattern(r"[\t\n\x0b\x0c\r ]")
_CONTROL = lazy_pattern(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BASE64 = lazy_pattern(r"[A-Za-z0-9+/]*={0,2}")

_EMPTY: Final = faults.EMPTY_STRING()
_KINDS: Final = {str: "a string", bool: "a boolean", list: "an array", dict: "an object"}


def _other_type(expected: str, value: object) -> Violation:
    """Return the violation of a value of another JSON type than its type is written in."""
    found = "null" if value is None else _KINDS.get(type(value), "a number")
    is_structure = isinstance(value, list | dict)
    declared = faults.JSON_STRUCTURE if is_structure else faults.JSON_TYPE
    return declared(expected=expected, found=found)


def is_blank(value: str) -> bool:
    """Tell whether the string is empty or white space only.

    Such a value is no code: a required binding fails on it.
    """
    return not value.strip(BLANK)


def utf16_length(value: str) -> int:
    """Return the length in UTF-16 code units, as Java, JavaScript and C# count characters."""
    if value.isascii():
        return len(value)
    return len(value.encode("utf-16-le", "surrogatepass")) // 2  # a lone surrogate is one unit


PROVEN: Final[dict[str, dict[str, None]]] = {}
"""Type name -> strings that its check has let pass; emptied now and then, never replaced."""


def _remembering(name: str, prove: Callable[[str], Violation | None]) -> Check:
    """A check for strings: JSON type first, then the memory, then the proof."""
    memory = Memory(MEMO_STRINGS)
    proven: dict[str, None] = memory.table()
    PROVEN[name] = proven

    def check(value: object) -> Violation | None:
        if type(value) is not str:
            return _other_type("a JSON string", value)
        if value in proven:
            return None
        if not value:
            return _EMPTY
        finding = None if is_blank(value) else prove(value)
        if finding is None and len(value) <= MEMO_LENGTH:
            memory.keep(proven, value, None)
        return finding

    return check


def _exists(year: str, month: str | None, day: str | None) -> bool:
    return (
        day is None
        or month is None
        # every month has 28 days: most dates need no calendar
        or day <= "28"
        or int(day) <= monthrange(int(year), int(month))[1]
    )


def _date(value: str) -> Violation | None:
    match = _DATE.fullmatch(value)
    if match is None:
        return faults.DATE(value=value)
    return None if _exists(*match.group(1, 2, 3)) else faults.DATE_OFF_CALENDAR(value=value)


def _date_time(value: str) -> Violation | None:
    match = _DATE_TIME.fullmatch(value)
    if match is None:
        return faults.DATE_TIME(value=value)
    if match[4] is None and len(value) > 10:
        return faults.DATE_TIME_ZONE(value=value)
    return None if _exists(*match.group(1, 2, 3)) else faults.DATE_TIME_OFF_CALENDAR(value=value)


def _instant(value: str) -> Violation | None:
    match = _INSTANT.fullmatch(value)
    if match is None:
        return faults.INSTANT(value=value)
    return None if _exists(*match.group(1, 2, 3)) else faults.INSTANT_OFF_CALENDAR(value=value)


def _time(value: str) -> Violation | None:
    return None if _TIME.fullmatch(value) else faults.TIME(value=value)


def _code(value: str) -> Violation | None:
    if value.strip(SPACE) != value or _CODE_SPACE.search(value):
        return faults.CODE_WHITESPACE(value=value)
    return None


def _id(value: str) -> Violation | None:
    return None if _ID.fullmatch(value) else faults.ID(value=value)


def _uri(value: str) -> Violation | None:
    return _unspaced(value) or _urn(value)


def _unspaced(value: str) -> Violation | None:
    if value.strip(SPACE) != value or _URI_SPACE.search(value):
        return faults.URI_WHITESPACE(value=value)
    return None


def _urn(value: str) -> Violation | None:
    if value.startswith(("oid:", "uuid:")):
        return faults.URI_SCHEME(value=value)
    if value.startswith("urn:uuid:"):
        return _urn_uuid(value.partition("#")[0])
    return _urn_oid(value) if value.startswith("urn:oid:") else None


def _urn_uuid(value: str) -> Violation | None:
    return None if _UUID.fullmatch(value, 9) else faults.UUID(value=value)


def _urn_oid(value: str) -> Violation | None:
    # an OID of fewer than four characters before its last dot names no name space; 1.3 is the
    # exception
    if _OID.fullmatch(value, 8) and (value.rfind(".") >= 12 or value.startswith("1.3", 8)):
        return None
    return faults.OID(value=value)


def _canonical(value: str) -> Violation | None:
    if not value.startswith("#") and not is_absolute_uri(value):
        return faults.CANONICAL_ABSOLUTE(value=value)
    bare = value.partition("#")[0]
    return _unspaced(value) or _urn(
        (bare.rpartition("|")[0] or bare) if value.startswith("urn:uuid:") else value
    )


def _oid(value: str) -> Violation | None:
    return _urn_oid(value) if value.startswith("urn:oid:") else faults.OID_SCHEME(value=value)


def _uuid(value: str) -> Violation | None:
    return _urn_uuid(value) if value.startswith("urn:uuid:") else faults.UUID_SCHEME(value=value)


def _string(value: object) -> Violation | None:
    if type(value) is not str:
        return _other_type("a JSON string", value)
    if not value:
        return _EMPTY
    # a character has at most two units, so that shorter texts need no count
    if len(value) > STRING_LIMIT // 2 and (length := utf16_length(value)) > STRING_LIMIT:
        return faults.STRING_LENGTH(length=length, limit=STRING_LIMIT)
    return None


def _markdown(value: object) -> Violation | None:
    # the reference validator bounds the length of string alone
    if type(value) is not str:
        return _other_type("a JSON string", value)
    return None if value else _EMPTY


def _base64(value: object) -> Violation | None:
    # by number of characters and not by alphabet, as the reference validator; WARNINGS has the
    # alphabet
    if type(value) is not str:
        return _other_type("a JSON string", value)
    if not value:
        return _EMPTY
    count = base64_length(value)
    return faults.BASE64(count=count) if count % 4 else None


def _xhtml(value: object) -> Violation | None:
    if type(value) is not str:
        return _other_type("a JSON string", value)
    if not value:
        return _EMPTY
    from .narrative import check_div  # nearly all narratives are read natively

    findings = check_div(value)
    return findings[0] if findings else None


def _boolean(value: object) -> Violation | None:
    return None if value is True or value is False else _other_type("JSON true or false", value)


class _WholeNumber(NamedTuple):
    """One of the types of whole numbers: its name, its least value, and what may be wrong."""

    name: str
    least: int
    outside: Declaration
    form: Declaration
    digits: Declaration

    def fault(self, value: object) -> Violation | None:
        if type(value) is int:
            if self.least <= value <= INTEGER_MAX:
                return None
            return self.outside(value=value, least=self.least, most=INTEGER_MAX)
        if isinstance(value, Number) and _INTEGER.fullmatch(value.lexeme):
            if self.least >= 0 and value.lexeme == "-0":
                return self.form(value=value.lexeme, type=self.name)
            return self.fault(int(value.lexeme))
        return (
            self.digits(value=_shown(value), type=self.name)
            if type(value) is float or isinstance(value, Number)
            else _other_type("a JSON number", value)
        )


def _shown(number: float | Number) -> float | str:
    """Return a number that is no integer as sentences name it: alike whether it was read exactly or
    not, which hangs on the line around it.
    """
    value = float(number)
    # what a float cannot hold is always read exactly
    is_blurred = value in (float("inf"), float("-inf")) or (value == 0 and number != 0)
    return number.lexeme if isinstance(number, Number) and is_blurred else value


_INTEGERS = _WholeNumber(
    "integer", INTEGER_MIN, faults.INTEGER, faults.INTEGER_FORM, faults.INTEGER_DIGITS
)
_UNSIGNED = _WholeNumber(
    "unsignedInt", 0, faults.UNSIGNED_INT, faults.UNSIGNED_INT_FORM, faults.UNSIGNED_INT_DIGITS
)
_POSITIVE = _WholeNumber(
    "positiveInt", 1, faults.POSITIVE_INT, faults.POSITIVE_INT_FORM, faults.POSITIVE_INT_DIGITS
)


def _integer(value: object) -> Violation | None:
    return (
        None
        if type(value) is int and INTEGER_MIN <= value <= INTEGER_MAX
        else _INTEGERS.fault(value)
    )


def _unsigned_int(value: object) -> Violation | None:
    return None if type(value) is int and 0 <= value <= INTEGER_MAX else _UNSIGNED.fault(value)


def _positive_int(value: object) -> Violation | None:
    return None if type(value) is int and 1 <= value <= INTEGER_MAX else _POSITIVE.fault(value)


def _decimal(value: object) -> Violation | None:
    if type(value) is float or type(value) is int:
        return None
    if isinstance(value, Number):
        # 0e5 is a number to JSON and to R4, but not to the reference validator: it takes the zero
        # for a leading one
        if value.lexeme.lstrip("-")[:2] in ("0e", "0E"):
            return faults.DECIMAL(value=value.lexeme)
        return None
    return _other_type("a JSON number", value)


def resource_id(value: object) -> Violation | None:
    """Check the value of Resource.id, which R4 types as a string: an id (FHIR R4, section
    2.24.0.1), and unlike every other primitive never blank.

    None for a good one.
    """
    if type(value) is not str:
        return _other_type("a JSON string", value)
    return None if _ID.fullmatch(value) else _id(value) or faults.ID_BLANK()


def _blank_warning(value: object) -> Violation | None:
    if type(value) is not str:
        return None
    if not value.strip(SPACE):
        return faults.BLANK_STRING()
    if _CONTROL.search(value):
        return faults.CONTROL_CHARACTER()
    return None


def _string_warning(value: object) -> Violation | None:
    if type(value) is str and value.strip(SPACE) and value.strip(SPACE) != value:
        return faults.STRING_WHITESPACE()
    return _blank_warning(value)


def _base64_warning(value: object) -> Violation | None:
    if type(value) is str and not is_blank(value):
        bare = "".join(value.split())
        if bare != value:
            return faults.BASE64_WHITESPACE()
        # in one stretch: a pattern of fours keeps a mark for each, 30 times the memory of the value
        if len(bare) % 4 or not _BASE64.fullmatch(bare):
            return faults.BASE64_ALPHABET()
    return _blank_warning(value)


def _decimal_warning(value: object) -> Violation | None:
    if type(value) is float and 0.1 <= abs(value) < 1e16:
        return None  # such a float has 18 digits at the most
    if type(value) is float or type(value) is int or isinstance(value, Number):
        # written by orjson, a float is as it was in a line that was not read exactly
        written = value.lexeme if isinstance(value, Number) else orjson.dumps(value).decode()
        digits, _, exponent = written.lower().partition("e")
        if len(exponent.lstrip("+-")) > 4 or len(digits.lstrip("-").replace(".", "")) > 18:
            return faults.DECIMAL_RANGE()
    return None


CHECKS: Final[Mapping[str, Check]] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _remembering("canonical", _canonical),
    "code": _remembering("code", _code),
    "date": _remembering("date", _date),
    "dateTime": _remembering("dateTime", _date_time),
    "decimal": _decimal,
    "id": _remembering("id", _id),
    "instant": _remembering("instant", _instant),
    "integer": _integer,
    "markdown": _markdown,
    "oid": _remembering("oid", _oid),
    "positiveInt": _positive_int,
    "string": _string,
    "time": _remembering("time", _time),
    "unsignedInt": _unsigned_int,
    "uri": _remembering("uri", _uri),
    "url": _remembering("url", _uri),
    "uuid": _remembering("uuid", _uuid),
    "xhtml": _xhtml,
}
"""Type name -> what a value of it must satisfy."""

WARNINGS: Final[Mapping[str, Check]] = {
    **dict.fromkeys(
        (
            "canonical",
            "code",
            "date",
            "dateTime",
            "id",
            "instant",
            "markdown",
            "oid",
            "time",
            "uri",
            "url",
            "uuid",
        ),
        _blank_warning,
    ),
    "base64Binary": _base64_warning,
    "decimal": _decimal_warning,
    "string": _string_warning,
}
"""Type name -> what is worth a warning in a value that its check let pass."""


def _quiet(name: str) -> tuple[dict[str, None], Check]:
    prove, warn = CHECKS[name], WARNINGS[name]
    memory = Memory(MEMO_STRINGS)
    quiet: dict[str, None] = memory.table()

    def check(value: object) -> Violation | None:
        finding = prove(value) or warn(value)
        if finding is None and type(value) is str and len(value) <= MEMO_LENGTH:
            memory.keep(quiet, value, None)
        return finding

    return quiet, check


QUIET: Final[Mapping[str, tuple[dict[str, None], Check]]] = {
    name: _quiet(name) for name in WARNINGS
}
"""Type name -> strings of which there is nothing at all to say, emptied now and then; and what
finds whatever there is to say of a value.
"""
