"""Questions of the acceptor: what the explainer's checks say of a single value, given as a piece of
JSON and nothing around it.

A check that looks beyond its value cannot answer: then the whole line goes to the explainer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..checks.check import Check, Issues
from ..checks.exactness import InexactNumberError
from ..checks.surroundings import Scope
from ..values.decoding import decode, decode_exact
from ..verdicts.issue import Issue, any_fails
from ..verdicts.undecided import LineUndecided
from .answers import NO, REMARK, Answer

__all__ = [
    "NeedsContextError", "Nowhere", "Outermost", "Question", "about_codings", "about_text",
    "about_value", "beyond", "judged", "read_text", "read_value",
]  # fmt: skip

Question = Callable[[bytes], Answer]
"""Answers about a value's bytes. Raises NeedsContextError where it takes more than these."""


class NeedsContextError(Exception):
    """The error of a check that looked beyond the value that it was given."""


def judged(found: Issues, scope: Nowhere, *, remarks: bool) -> int:
    """Return 1 where a check found nothing, else 0.

    remarks   whether what fails no resource is a remark instead, beside which the answer is 1; then
              what was found is in the scope, too
    """
    if not found:
        return 1
    if not remarks or any(type(issue) is not Issue for issue in found):
        return 0
    scope.found = found
    if any_fails(found):
        return 0
    scope.undecided[REMARK] += 1
    return 1


def beyond(*_: object) -> Any:
    """Raise NeedsContextError, in place of whatever would look beyond a value."""
    raise NeedsContextError


class Nowhere(Scope):
    """The scope of a value of which nothing else is known: a check that asks for more breaks
    off.

    found   what there is to say of the value
    """

    __slots__ = ("found",)
    resource = parent = place = holder = follows = property(beyond)

    def __init__(self) -> None:
        self.undecided = LineUndecided()
        self.memo = {}
        self.found: Issues = None


class Outermost(Nowhere):
    """The scope of a value in a line's own resource, of which nothing else is known: references
    lead out of the line from there.
    """

    __slots__ = ()
    parent = None


def read_value(text: bytes, read: Callable[[bytes], dict[str, Any] | Issue] = decode) -> Any:
    """Return the value of some JSON text, decoded as the explainer gets it. Raises
    NeedsContextError for text that cannot be decoded.
    """
    decoded = read(b'{"value":' + text + b"}")
    if isinstance(decoded, Issue):
        raise NeedsContextError
    return decoded["value"]


def read_text(inside: bytes) -> Any:
    """Return the string whose bytes between the quotes are given, decoded as the explainer gets it.
    Raises NeedsContextError for bytes that are no string.
    """
    if inside.isascii() and b"\\" not in inside and (text := inside.decode()).isprintable():
        return text
    return read_value(b'"' + inside + b'"')


def about_value(
    judge: Callable[[Any, Nowhere], int], place: Callable[[], Nowhere] = Nowhere
) -> Question:
    """Return a question about the JSON text of a whole value; nothing can be told of a value that
    refers to something contained.

    place   makes the scope in which the value is judged
    """

    def question(text: bytes) -> Answer:
        if b'"#' in text:
            return NO
        scope = place()
        try:
            value = judge(read_value(text), scope)
        except InexactNumberError:
            scope = place()
            value = judge(read_value(text, decode_exact), scope)
        return Answer(value, scope.undecided, scope.found)

    return question


def about_text(check: Check, place: Callable[[], Nowhere] = Nowhere, *, remarks: bool) -> Question:
    """Return a question about a string, whose bytes come without quotes: the answer is yes where
    nothing is found (see ``judged``).

    place   makes the scope in which the string is judged
    """

    def question(text: bytes) -> Answer:
        scope = place()
        value = judged(check(read_text(text), scope), scope, remarks=remarks)
        return Answer(value, scope.undecided, scope.found)

    return question


def about_codings(
    check: Check, holder: Callable[[list[dict[str, str]]], Any], *, remarks: bool
) -> Question:
    """Return a question about pairs of system and code: the answer is yes where nothing is found
    (see ``judged``).

    holder    makes of the Codings the value that the check wants to see around them
    """

    def question(text: bytes) -> Answer:
        scope = Nowhere()
        found = check(holder([_coding(pair) for pair in _pairs(text)]), scope)
        value = judged(found, scope, remarks=remarks)
        return Answer(value, scope.undecided, scope.found)

    return question


def _pairs(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    parts = text.split(b"\x1f")[:-1]
    return zip(parts[::2], parts[1::2], strict=True)


def _coding(pair: tuple[bytes, bytes]) -> dict[str, str]:
    return {
        name: read_text(part)
        for name, part in zip(("system", "code"), pair, strict=True)
        if part != b"\x1e"
    }
