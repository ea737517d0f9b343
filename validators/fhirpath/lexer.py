"""Text -> tokens of FHIRPath (N1, http://hl7.org/fhirpath/N1)."""

from __future__ import annotations

import re

from ..economy.lazy_pattern import lazy_pattern
from ..economy.light_dataclass import dataclass
from .errors import FhirPathSyntaxError

__all__ = ["Token", "tokens", "unescape"]

_TOKEN = lazy_pattern(
    r"""
      (?P<space> [ \t\r\n]+ | //[^\r\n]* | /\*.*?\*/ )
    | (?P<datetime> @\d{4}(?:-\d\d(?:-\d\d)?)?T
                    (?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)? )
    | (?P<date> @\d{4}(?:-\d\d(?:-\d\d)?)? )
    | (?P<time> @T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)? )
    | (?P<number> \d+(?:\.\d+)? )
    | (?P<string> '(?:[^'\\]|\\.)*' )
    | (?P<quoted> `(?:[^`\\]|\\.)*` )
    | (?P<external> %(?:`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*'|[A-Za-z0-9_\-]+) )
    | (?P<variable> \$(?:this|index|total)\b )
    | (?P<name> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<symbol> <=|>=|!=|!~|[-+*/&|=~<>.,()\[\]{}] )
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPES = {
    "t": "\t",
    "r": "\r",
    "n": "\n",
    "f": "\f",
    "'": "'",
    '"': '"',
    "`": "`",
    "\\": "\\",
    "/": "/",
}
_ESCAPE = lazy_pattern(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: its kind (datetime, date, time, number, string, quoted, external,
    variable, name, symbol, end), text and offset.
    """

    kind: str
    text: str
    offset: int


def tokens(expression: str) -> list[Token]:
    """Return the tokens of an expression without white space and comments, closed by one of kind
    ``end``.

    Raises FhirPathSyntaxError for a character that begins no token.
    """
    found: list[Token] = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        # a comment without an end would be read as a division
        if match is None or expression.startswith("/*", position) and match.lastgroup != "space":
            raise FhirPathSyntaxError("unexpected character", expression, position)
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(Token(kind, match.group(), position))
        position = match.end()
    found.append(Token("end", "", position))
    return found


def unescape(text: str, expression: str, offset: int) -> str:
    """Return the value of a quoted token's inside.

    expression, offset   what the error shows: the whole text, and where in it the token is

    Raises FhirPathSyntaxError for an escape that N1 does not have.
    """

    def value(match: re.Match[str]) -> str:
        escape = match.group(1)
        if len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape not in _ESCAPES:
            raise FhirPathSyntaxError(f"unknown escape \\{escape}", expression, offset)
        return _ESCAPES[escape]

    return _ESCAPE.sub(value, text) if "\\" in text else text
