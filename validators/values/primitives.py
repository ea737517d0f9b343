"""The twenty primitive types of R4: what a decoded JSON value must look like to be one.

A check takes the value as ``decoding.decode`` gives it and answers None (fine) or ``(rule,
diagnostics)``. ``CHECKS`` says what fails a resource, ``WARNINGS`` what is only worth a word; both
are keyed by the type's name. Two conventions of HL7's validator hold for every type that JSON
writes as a string: a string of nothing but white space is a warning, whatever the type, and an
empty string is an error. Proven strings are remembered per type, up to a bound, so that a value
seen before costs one set look-up.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from typing import Final

from .decoding import Number
from .narrative import check_div
from .uri import base64_length, is_absolute_uri

__all__ = [
    "CHECKS",
    "PROVEN",
    "QUIET",
    "WARNINGS",
    "Check",
    "Finding",
    "is_absolute_uri",
    "is_blank",
    "resource_id",
    "utf16_length",
]

Finding = tuple[str, str]
Check = Callable[[object], Finding | None]

STRING_LIMIT: Final = 1_048_576
"""Longest string, in UTF-16 code units (R4 section 2.24.0.1 says 1 MB; the reference validator
counts Java characters).
"""
INTEGER_MAX: Final = 2_147_483_647
INTEGER_MIN: Final = -2_147_483_648

MEMO_STRINGS: Final = 20_000
"""Proven strings kept per type; at the bound the memory starts anew, which keeps a worker under
some megabytes.
"""
MEMO_LENGTH: Final = 200
"""Longer strings are proven afresh: they hardly repeat."""

BLANK: Final = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
    "\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)
"""What may make up a blank string.

The no-break spaces U+00A0, U+2007 and U+202F are not among them.
"""
SPACE: Final = (
    "\t\n\x0b\x0c\r "
    "\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What may not stand at either end of a code or URI (and not inside a code).

The no-break spaces are among them.
"""

_YEAR = r"(?!0000)[0-9]{4}"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

_DATE = re.compile(rf"({_YEAR})(?:-({_MONTH})(?:-({_DAY}))?)?")
_DATE_TIME = re.compile(
    rf"({_YEAR})(?:-({_MONTH})(?:-({_DAY})(?:T{_CLOCK}(?:\.[0-9]+)?({_ZONE})?)?)?)?"
)
_INSTANT = re.compile(rf"({_YEAR})-({_MONTH})-({_DAY})T{_CLOCK}(?:\.[0-9]+)?{_ZONE}")
# R4's own pattern allows a fraction of a second; the reference validator refuses one, and so does
# every server that embeds it.
_TIME = re.compile(_CLOCK)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,9})")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_CODE_SPACE = re.compile(rf"  |[{SPACE.replace(' ', '')}]")
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_URI_SPACE = re.compile(r"[\t\n\x0b\x0c\r ]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")

_WRONG_JSON: Final = "json-type"
_EMPTY: Final[Finding] = ("empty-string", "a value must not be empty")
_NO_STRING: Final[Finding] = (_WRONG_JSON, "the value must be a JSON string")
_NO_NUMBER: Final[Finding] = (_WRONG_JSON, "the value must be a JSON number")
_NO_BOOLEAN: Final[Finding] = (_WRONG_JSON, "the value must be JSON true or false")


def is_blank(value: str) -> bool:
    """Whether the string is empty or white space only.

    Such a value is no code: a required binding fails on it.
    """
    return not value.strip(BLANK)


def utf16_length(value: str) -> int:
    """Length in UTF-16 code units, as Java, JavaScript and C# count characters."""
    return (
        len(value) + sum(character > "\uffff" for character in value)
        if not value.isascii()
        else len(value)
    )


PROVEN: Final[dict[str, set[str]]] = {}
"""Type name -> strings that its check has let pass; emptied now and then, never replaced."""


def _remembering(name: str, prove: Callable[[str], Finding | None]) -> Check:
    """A check for strings: JSON type first, then the memory, then the proof."""
    proven = PROVEN.setdefault(name, set())

    def check(value: object) -> Finding | None:
        if type(value) is not str:
            return _NO_STRING
        if value in proven:
            return None
        if not value:
            return _EMPTY
        finding = None if is_blank(value) else prove(value)
        if finding is None and len(value) <= MEMO_LENGTH:
            if len(proven) >= MEMO_STRINGS:
                proven.clear()
            proven.add(value)
        return finding

    return check


def _exists(year: str, month: str | None, day: str | None) -> bool:
    return (
        day is None
        or month is None
        or day <= "28"
        or int(day) <= monthrange(int(year), int(month))[1]
    )


def _date(value: str) -> Finding | None:
    match = _DATE.fullmatch(value)
    if match is None:
        return "date", f"'{value}' is no date: YYYY, YYYY-MM or YYYY-MM-DD"
    return None if _exists(*match.group(1, 2, 3)) else ("date", f"'{value}' is not in the calendar")


def _date_time(value: str) -> Finding | None:
    match = _DATE_TIME.fullmatch(value)
    if match is None:
        return (
            "dateTime",
            f"'{value}' is no dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz",
        )
    if match[4] is None and len(value) > 10:
        return "dateTime-zone", f"'{value}' has a time, so it must have a time zone"
    return (
        None
        if _exists(*match.group(1, 2, 3))
        else ("dateTime", f"'{value}' is not in the calendar")
    )


def _instant(value: str) -> Finding | None:
    match = _INSTANT.fullmatch(value)
    if match is None:
        return "instant", f"'{value}' is no instant: YYYY-MM-DDThh:mm:ss+zz:zz"
    return (
        None if _exists(*match.group(1, 2, 3)) else ("instant", f"'{value}' is not in the calendar")
    )


def _time(value: str) -> Finding | None:
    return None if _TIME.fullmatch(value) else ("time", f"'{value}' is no time: hh:mm:ss")


def _code(value: str) -> Finding | None:
    if value.strip(SPACE) != value or _CODE_SPACE.search(value):
        return "code-whitespace", f"'{value}' is no code: no white space but single spaces inside"
    return None


def _id(value: str) -> Finding | None:
    return (
        None
        if _ID.fullmatch(value)
        else ("id", f"'{value}' is no id: 1 to 64 of A-Z, a-z, 0-9, '-' and '.'")
    )


def _uri(value: str) -> Finding | None:
    return _unspaced(value) or _urn(value)


def _unspaced(value: str) -> Finding | None:
    if value.strip(SPACE) != value or _URI_SPACE.search(value):
        return "uri-whitespace", f"'{value}' is no URI: it holds white space"
    return None


def _urn(value: str) -> Finding | None:
    if value.startswith(("oid:", "uuid:")):
        return "uri-scheme", f"'{value}' must start with 'urn:'"
    if value.startswith("urn:uuid:"):
        return _urn_uuid(value.partition("#")[0])
    return _urn_oid(value) if value.startswith("urn:oid:") else None


def _urn_uuid(value: str) -> Finding | None:
    return (
        None
        if _UUID.fullmatch(value, 9)
        else ("uuid", f"'{value}' does not hold a UUID in lower case")
    )


def _urn_oid(value: str) -> Finding | None:
    # an OID of fewer than four characters before its last dot names no name space; 1.3 is the
    # exception
    if _OID.fullmatch(value, 8) and (value.rfind(".") >= 12 or value.startswith("1.3", 8)):
        return None
    return "oid", f"'{value}' does not hold a valid OID"


def _canonical(value: str) -> Finding | None:
    if not value.startswith("#") and not is_absolute_uri(value):
        return "canonical-absolute", f"'{value}' must be an absolute URI or a fragment"
    bare = value.partition("#")[0]
    return _unspaced(value) or _urn(
        (bare.rpartition("|")[0] or bare) if value.startswith("urn:uuid:") else value
    )


def _oid(value: str) -> Finding | None:
    return (
        _urn_oid(value)
        if value.startswith("urn:oid:")
        else ("oid", f"'{value}' must start with 'urn:oid:'")
    )


def _uuid(value: str) -> Finding | None:
    return (
        _urn_uuid(value)
        if value.startswith("urn:uuid:")
        else ("uuid", f"'{value}' must start with 'urn:uuid:'")
    )


def _string(value: object) -> Finding | None:
    if type(value) is not str:
        return _NO_STRING
    if not value:
        return _EMPTY
    if len(value) > STRING_LIMIT // 2 and (length := utf16_length(value)) > STRING_LIMIT:
        return "string-length", f"the string has {length} characters, {STRING_LIMIT} are allowed"
    return None


def _markdown(value: object) -> Finding | None:
    # the reference validator bounds the length of string alone
    if type(value) is not str:
        return _NO_STRING
    return None if value else _EMPTY


def _base64(value: object) -> Finding | None:
    # by number of characters and not by alphabet, as the reference validator; WARNINGS has the
    # alphabet
    if type(value) is not str:
        return _NO_STRING
    if not value:
        return _EMPTY
    count = base64_length(value)
    return (
        ("base64", f"{count} characters of base64 are no multiple of four") if count % 4 else None
    )


def _xhtml(value: object) -> Finding | None:
    if type(value) is not str:
        return _NO_STRING
    if not value:
        return _EMPTY
    findings = check_div(value)
    return findings[0] if findings else None


def _boolean(value: object) -> Finding | None:
    return None if value is True or value is False else _NO_BOOLEAN


def _whole(value: object, least: int, name: str) -> Finding | None:
    if type(value) is int:
        if least <= value <= INTEGER_MAX:
            return None
        return name, f"{value} is outside {least} to {INTEGER_MAX}"
    if isinstance(value, Number):
        lexeme = value.lexeme
        if _INTEGER.fullmatch(lexeme) and not (least >= 0 and lexeme[0] == "-"):
            return _whole(int(lexeme), least, name)
        return name, f"{lexeme} is no {name}"
    return (
        (name, f"{value} is no {name}: it has a fraction or an exponent, or is too large")
        if type(value) is float
        else _NO_NUMBER
    )


def _integer(value: object) -> Finding | None:
    return (
        None
        if type(value) is int and INTEGER_MIN <= value <= INTEGER_MAX
        else _whole(value, INTEGER_MIN, "integer")
    )


def _unsigned_int(value: object) -> Finding | None:
    return (
        None
        if type(value) is int and 0 <= value <= INTEGER_MAX
        else _whole(value, 0, "unsignedInt")
    )


def _positive_int(value: object) -> Finding | None:
    return (
        None
        if type(value) is int and 1 <= value <= INTEGER_MAX
        else _whole(value, 1, "positiveInt")
    )


def _decimal(value: object) -> Finding | None:
    if type(value) is float or type(value) is int:
        return None
    if isinstance(value, Number):
        # 0e5 is a number to JSON and to R4, but not to the reference validator: it takes the zero
        # for a leading one
        if value.lexeme.lstrip("-")[:2] in ("0e", "0E"):
            return "decimal", f"{value.lexeme} is no decimal: a leading zero"
        return None
    return _NO_NUMBER


def resource_id(value: object) -> Finding | None:
    """The rule for Resource.id, which R4 types as a string: an id, and unlike every other primitive
    never blank.
    """
    if type(value) is not str:
        return _NO_STRING
    return None if _ID.fullmatch(value) else _id(value) or ("id", "an id must not be blank")


def _blank_warning(value: object) -> Finding | None:
    if type(value) is not str:
        return None
    if not value.strip(SPACE):
        return "blank-string", "the value is white space only"
    if _CONTROL.search(value):
        return "control-character", "the value holds a control character that XML cannot carry"
    return None


def _string_warning(value: object) -> Finding | None:
    if type(value) is str and value.strip(SPACE) and value.strip(SPACE) != value:
        return "string-whitespace", "the string starts or ends with white space"
    return _blank_warning(value)


def _base64_warning(value: object) -> Finding | None:
    if type(value) is str and not is_blank(value):
        bare = "".join(value.split())
        if bare != value:
            return "base64-whitespace", "the base64 holds white space"
        if not _BASE64.fullmatch(bare):
            return "base64-alphabet", "the value cannot be decoded as base64"
    return _blank_warning(value)


def _decimal_warning(value: object) -> Finding | None:
    if type(value) is float or type(value) is int or isinstance(value, Number):
        digits, _, exponent = (
            (value.lexeme if isinstance(value, Number) else repr(value)).lower().partition("e")
        )
        if len(exponent.lstrip("+-")) > 4 or len(digits.lstrip("-").replace(".", "")) > 18:
            return (
                "decimal-range",
                "the decimal has more than 18 digits, or an exponent of more than four",
            )
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


def _quiet(name: str) -> tuple[set[str], Check]:
    prove, warn = CHECKS[name], WARNINGS[name]
    quiet: set[str] = set()

    def check(value: object) -> Finding | None:
        finding = prove(value) or warn(value)
        if finding is None and type(value) is str and len(value) <= MEMO_LENGTH:
            if len(quiet) >= MEMO_STRINGS:
                quiet.clear()
            quiet.add(value)
        return finding

    return quiet, check


QUIET: Final[Mapping[str, tuple[set[str], Check]]] = {name: _quiet(name) for name in WARNINGS}
"""Type name -> strings of which there is nothing at all to say, emptied now and then; and what
finds whatever there is to say of a value.
"""
