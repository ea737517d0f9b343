"""Resource meta: what is in ``meta`` of a resource, read without the rest of it where that is sure
to say the same.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import orjson

from bulkfhir.validators.lazy_pattern import lazy_pattern
from bulkfhir.validators.values.decoding import decode

__all__ = ["NO_META", "Meta", "may_have_meta", "meta_of"]

Meta = tuple[bytes | None, int | None, tuple[bytes, ...]]
"""versionId, lastUpdated in microseconds since 1970, and profiles."""

NO_META: Final[Meta] = (None, None, ())

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NAME: Final = b'"meta"'
_VALUE: Final = lazy_pattern(rb"[ \t\r\n]*:[ \t\r\n]*(?=\{)")

_MOST_BRACES: Final = 32
"""Ends that are tried of an object; one with more is read with its resource."""


def may_have_meta(line: bytes) -> bool:
    """Return False where a resource has no member ``meta``, however it is written."""
    return _NAME in line or (b"\\" in line and b"\\u00" in line)


def meta_of(line: bytes) -> Meta:
    """Return the meta of a resource that is valid JSON."""
    text = _text_of(line)
    if text is not None:
        try:
            return _read(text)
        except ValueError:
            pass  # a brace in a string of it: it ends elsewhere
    return _taken(_whole(line).get("meta"))


def _whole(line: bytes) -> dict[str, Any]:
    """Return a resource; an empty one of a line that no decoder takes."""
    try:
        resource: Any = orjson.loads(line)
    except ValueError:  # valid JSON too may hold a number that is out of its range, such as 1e400
        resource = decode(line)
    return resource if type(resource) is dict else {}


def _text_of(line: bytes) -> bytes | None:
    """Return the text of the member ``meta``, or of its beginning up to a brace; None where it is
    not certain that there is one and that it is the resource's own.

    A text that is whole JSON is the whole member: no beginning of an object is one itself.
    """
    start = line.find(_NAME)
    value = _VALUE.match(line, start + len(_NAME))
    if value is None or b"\\u00" in line or not _at_top(line[:start]):
        return None
    if line.find(_NAME, value.end()) >= 0:
        return None  # of a member that comes twice the last counts
    end = value.end()
    for _ in range(_MOST_BRACES):
        end = line.find(b"}", end) + 1
        text = line[value.end() : end]
        if text.count(b"{") == text.count(b"}"):
            return text
    return None


def _at_top(head: bytes) -> bool:
    """Return True where what follows a resource's beginning is surely a member of its own."""
    return (
        head.count(b"{") == 1
        and b"[" not in head
        and b"\\" not in head
        and head.count(b'"') % 2 == 0
    )


@lru_cache(maxsize=1_000)
def _read(text: bytes) -> Meta:
    """Return what a meta says; most resources of a sender say the same in theirs."""
    return _taken(orjson.loads(text))


def _taken(meta: Any) -> Meta:
    if type(meta) is not dict:
        return NO_META
    version, profiles = meta.get("versionId"), meta.get("profile")
    return (
        version.encode() if type(version) is str else None,
        _moment(meta.get("lastUpdated")),
        tuple(url.encode() for url in profiles if type(url) is str)
        if type(profiles) is list
        else (),
    )


def _moment(text: Any) -> int | None:
    """Return a FHIR instant in microseconds since 1970; None for none, and for a leap second."""
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
    except (TypeError, ValueError, OverflowError):
        return None
