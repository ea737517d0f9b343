"""Functions on strings (N1, section 5.6)."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from typing import TypeVar

from ...economy.lazy_pattern import lazy_pattern
from ...patterns import Pattern, PatternError, pattern
from ..errors import EvaluationError, UndecidedError
from ..evaluation import Collection, Environment, function
from ..items import plain, singleton, text
from ..node import Node
from ..steps import STEP_TEXT

_Answer = TypeVar("_Answer", bool, str)


def _string(items: Collection, name: str) -> str | None:
    """The one string of a collection; None where it is empty or the element has no value.

    Raises EvaluationError for anything else.
    """
    item = singleton(items, f"{name}()")
    if item is None:
        return None
    value = plain(item)
    if value is None or isinstance(value, str):
        return value
    if isinstance(item, Node) and isinstance(item.value, str):
        return item.value
    raise EvaluationError(f"{name}() needs a string")


def _valueless(items: Collection) -> bool:
    """Tell whether there is an element, but only with an extension: the tests below are false for
    it, not empty, as in HL7's validator.
    """
    return len(items) == 1 and plain(items[0]) is None


def _integer(argument: Collection) -> int | None:
    value = plain(argument[0]) if len(argument) == 1 else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _take(env: Environment, characters: int) -> None:
    """Count the characters of a text before it is made. Raises UndecidedError."""
    env.steps.take(characters // STEP_TEXT)


def _pattern(wanted: str) -> Pattern:
    """The pattern of matches(), whose dot takes line ends."""
    try:
        return pattern(wanted, dot_all=True)
    except PatternError as error:
        raise EvaluationError(f"no regular expression: {error}") from error


def _told(answer: _Answer | None) -> _Answer:
    """An answer of a pattern. Raises UndecidedError where it has none."""
    if answer is None:
        raise UndecidedError("a regular expression")
    return answer


@function("startsWith", 1)
def starts_with(env: Environment, items: Collection, prefix: Collection) -> Collection:
    """Tell whether the string begins with the prefix (N1, section 5.6.3).

    Empty where a side is empty; false for an element that has no value. Raises EvaluationError for
    several items and for what is no string.
    """
    value, wanted = _string(items, "startsWith"), _string(prefix, "startsWith")
    if value is None or wanted is None:
        return [False] if wanted is not None and _valueless(items) else []
    return [value.startswith(wanted)]


@function("endsWith", 1)
def ends_with(env: Environment, items: Collection, suffix: Collection) -> Collection:
    """Tell whether the string ends with the suffix (N1, section 5.6.4).

    Empty where a side is empty; false for an element that has no value. Raises EvaluationError for
    several items and for what is no string.
    """
    value, wanted = _string(items, "endsWith"), _string(suffix, "endsWith")
    if value is None or wanted is None:
        return [False] if wanted is not None and _valueless(items) else []
    return [value.endswith(wanted)]


@function("contains", 1)
def contains_text(env: Environment, items: Collection, part: Collection) -> Collection:
    """Tell whether the string has the part somewhere (N1, section 5.6.5).

    Empty where a side is empty; false for an element that has no value. Raises EvaluationError for
    several items and for what is no string.
    """
    value, wanted = _string(items, "contains"), _string(part, "contains")
    if value is None or wanted is None:
        return [False] if wanted is not None and _valueless(items) else []
    return [wanted in value]


@function("matches", 1)
def matches(env: Environment, items: Collection, expression: Collection) -> Collection:
    """Tell whether the regular expression fits some part of the string (N1, section 5.6.9).

    Empty where a side is empty; false for an element that has no value, and for an empty string on
    either side. Raises EvaluationError for several items, for what is no string and for what is no
    regular expression, UndecidedError where matching takes too many steps.
    """
    value, wanted = _string(items, "matches"), _string(expression, "matches")
    if value is None or wanted is None:
        return [False] if wanted is not None and _valueless(items) else []
    # an empty text matches nothing, and an empty expression no text, as in HL7's validator
    return [value != "" and wanted != "" and _told(_pattern(wanted).found(value))]


@function("matchesFull", 1)
def matches_full(env: Environment, items: Collection, expression: Collection) -> Collection:
    """Tell whether the regular expression fits the string as a whole (FHIRPath STU 3).

    Empty where a side is empty; false for an element that has no value, and for an empty string on
    either side. Raises EvaluationError for several items, for what is no string and for what is no
    regular expression, UndecidedError where matching takes too many steps.
    """
    value, wanted = _string(items, "matchesFull"), _string(expression, "matchesFull")
    if value is None or wanted is None:
        return [False] if wanted is not None and _valueless(items) else []
    return [value != "" and wanted != "" and _told(_pattern(wanted).full(value))]


@function("indexOf", 1)
def index_of(env: Environment, items: Collection, part: Collection) -> Collection:
    """Return the place of the part in the string, in characters from 0; -1 where it is not in it
    (N1, section 5.6.1).

    Empty where a side is empty. Raises EvaluationError for several items and for what is no string.
    """
    value, wanted = _string(items, "indexOf"), _string(part, "indexOf")
    return [] if value is None or wanted is None else [value.find(wanted)]


@function("substring", 1, 2)
def substring(
    env: Environment, items: Collection, start: Collection, length: Collection | None = None
) -> Collection:
    """Return the part of the string from ``start`` (in characters, from 0), to its end or of the
    given length (N1, section 5.6.2).

    Empty where the string is empty, the start is outside of it or an argument is no integer. Raises
    EvaluationError for several items and for what is no string.
    """
    value, first = _string(items, "substring"), _integer(start)
    if value is None or first is None or not 0 <= first < len(value):
        return []
    if length is None:
        return [value[first:]]
    size = _integer(length)
    return [] if size is None else [value[first : first + max(0, size)]]


@function("replace", 2)
def replace(
    env: Environment, items: Collection, part: Collection, substitute: Collection
) -> Collection:
    """Replace every occurrence of a part of the string (N1, section 5.6.8).

    Empty where the string or an argument is empty. Raises EvaluationError for several items and for
    what is no string, UndecidedError where the result would take too many steps.
    """
    value, old, new = (
        _string(items, "replace"),
        _string(part, "replace"),
        _string(substitute, "replace"),
    )
    if value is None or old is None or new is None:
        return []
    # before it is made; an empty part stands between any two characters
    _take(env, (value.count(old) if old else len(value)) * len(new))
    return [value.replace(old, new)]


@function("replaceMatches", 2)
def replace_matches(
    env: Environment, items: Collection, expression: Collection, substitute: Collection
) -> Collection:
    """Replace every part of the string that the regular expression fits (N1, section 5.6.10).

    Empty where the string or an argument is empty; an empty expression replaces nothing. Raises
    EvaluationError for several items, for what is no string and for what is no regular expression,
    UndecidedError where matching takes too many steps.
    """
    value, old, new = (
        _string(items, "replaceMatches"),
        _string(expression, "replaceMatches"),
        _string(substitute, "replaceMatches"),
    )
    if value is None or old is None or new is None:
        return []
    if old == "":
        return [value]
    try:
        return [_told(pattern(old).replaced(value, new))]
    except PatternError as error:
        raise EvaluationError(f"replaceMatches(): {error}") from error


@function("length")
def length(env: Environment, items: Collection) -> Collection:
    """Return the length of the string in Unicode characters; empty for no item (N1, section
    5.6.11).

    Raises EvaluationError for several items and for what is no string.
    """
    value = _string(items, "length")
    return [] if value is None else [len(value)]


@function("upper")
def upper(env: Environment, items: Collection) -> Collection:
    """Return the string in upper case; empty for no item (N1, section 5.6.6).

    Raises EvaluationError for several items and for what is no string.
    """
    value = _string(items, "upper")
    return [] if value is None else [value.upper()]


@function("lower")
def lower(env: Environment, items: Collection) -> Collection:
    """Return the string in lower case; empty for no item (N1, section 5.6.7).

    Raises EvaluationError for several items and for what is no string.
    """
    value = _string(items, "lower")
    return [] if value is None else [value.lower()]


@function("trim")
def trim(env: Environment, items: Collection) -> Collection:
    """Return the string without white space at both ends; empty for no item (FHIRPath STU 3).

    Raises EvaluationError for several items and for what is no string.
    """
    value = _string(items, "trim")
    return [] if value is None else [value.strip()]


@function("toChars")
def to_chars(env: Environment, items: Collection) -> Collection:
    """Return the characters of the string, one item each; empty for no item (N1, section 5.6.12).

    Raises EvaluationError for several items and for what is no string.
    """
    return list(_string(items, "toChars") or "")


@function("split", 1)
def split(env: Environment, items: Collection, separator: Collection) -> Collection:
    """Return the parts of the string between separators, each character for an empty separator
    (FHIRPath STU 3).

    Empty where a side is empty. Raises EvaluationError for several items and for what is no string.
    """
    value, at = _string(items, "split"), _string(separator, "split")
    return [] if value is None or at is None else list(value.split(at) if at else value)


@function("join", 0, 1)
def join(env: Environment, items: Collection, separator: Collection | None = None) -> Collection:
    """Return all items as one string, with the separator between two (FHIRPath STU 3).

    An item without string form counts as an empty string. Empty for no item. Raises EvaluationError
    for a separator that is no string, UndecidedError where the result would take too many steps.
    """
    between = _string(separator or [], "join") or ""
    _take(env, len(items) * len(between))
    return [between.join(text(item) or "" for item in items)] if items else []


_JSON_ESCAPE = lazy_pattern(r'\\(?:u[0-9A-Fa-f]{4}|["\\/bfnrt])')


def _json_character(escape: re.Match[str]) -> str:
    return str(json.loads(f'"{escape.group()}"'))


_ENCODERS = {
    "hex": lambda value: value.encode().hex(),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "urlbase64": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
}
_DECODERS = {
    "hex": lambda value: bytes.fromhex(value).decode(),
    "base64": lambda value: base64.b64decode(value, validate=True).decode(),
    "urlbase64": lambda value: base64.urlsafe_b64decode(value).decode(),
}
_ESCAPERS = {
    "html": lambda value: html.escape(value, quote=True).replace("&#x27;", "&#39;"),
    "json": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
}
_UNESCAPERS = {
    "html": html.unescape,
    "json": lambda value: _JSON_ESCAPE.sub(_json_character, value),
}


def _converted(
    table: dict[str, object], items: Collection, form: Collection, name: str
) -> Collection:
    value, wanted = _string(items, name), _string(form, name)
    convert = table.get(wanted or "")
    if value is None or not callable(convert):
        return []
    try:
        return [convert(value)]
    except (ValueError, binascii.Error):
        return []


@function("encode", 1)
def encode(env: Environment, items: Collection, form: Collection) -> Collection:
    """Return the string's UTF-8 bytes written as ``hex``, ``base64`` or ``urlbase64`` (FHIRPath STU
    3).

    Empty where a side is empty or the form has another name. Raises EvaluationError for several
    items and for what is no string.
    """
    return _converted({**_ENCODERS}, items, form, "encode")


@function("decode", 1)
def decode(env: Environment, items: Collection, form: Collection) -> Collection:
    """Return the UTF-8 text whose bytes the string writes as ``hex``, ``base64`` or ``urlbase64``
    (FHIRPath STU 3).

    Empty where a side is empty, the form has another name or the string is not of that form. Raises
    EvaluationError for several items and for what is no string.
    """
    return _converted({**_DECODERS}, items, form, "decode")


@function("escape", 1)
def escape(env: Environment, items: Collection, form: Collection) -> Collection:
    """Return the string as it stands inside ``html`` or inside a ``json`` string (FHIRPath STU 3).

    Empty where a side is empty or the form has another name. Raises EvaluationError for several
    items and for what is no string.
    """
    return _converted({**_ESCAPERS}, items, form, "escape")


@function("unescape", 1)
def unescape(env: Environment, items: Collection, form: Collection) -> Collection:
    """Return the text that the string stands for inside ``html`` or a ``json`` string (FHIRPath STU
    3).

    Empty where a side is empty or the form has another name. Raises EvaluationError for several
    items and for what is no string.
    """
    return _converted({**_UNESCAPERS}, items, form, "unescape")
