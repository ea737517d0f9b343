"""Resource meta: what is in ``meta`` of a resource, read without the rest of it where that is sure
to say the same.
"""

from __future__ import annotations

from array import array
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import orjson

from bulkfhir.validators.values.decoding import decode

from ..columns import metas

__all__ = ["NO_META", "Meta", "metas_of"]

Meta = tuple[bytes | None, int | None, tuple[bytes, ...]]
"""versionId, lastUpdated in microseconds since 1970, and profiles."""

NO_META: Final[Meta] = (None, None, ())

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def metas_of(data: bytes, starts: bytes, ends: bytes) -> tuple[bytes, list[Meta]]:
    """Return for every resource, valid JSON that starts and ends there, the number of its meta in a
    list of the different ones, and that list; starts, ends and numbers are 32-bit words.
    """
    numbers, texts = metas(data, starts, ends)
    found: list[Meta | None] = [NO_META, None, *map(_read_once, texts)]
    places = array("I", numbers)
    known: list[Meta] = [NO_META if meta is None else meta for meta in found]
    if b"\1" in numbers or None in found[2:]:
        begin, end = array("I", starts), array("I", ends)
        for line, number in enumerate(places):
            if found[number] is None:
                places[line] = len(known)
                known.append(_taken(_whole(data[begin[line] : end[line]]).get("meta")))
    return places.tobytes(), known


def _read_once(text: bytes) -> Meta | None:
    """Return what a text says; None where a brace in a string of it was taken for its end."""
    try:
        return _read(text)
    except ValueError:
        return None


def _whole(line: bytes) -> dict[str, Any]:
    """Return a resource; an empty one of a line that no decoder takes."""
    try:
        resource: Any = orjson.loads(line)
    except ValueError:  # valid JSON too may hold a number that is out of its range, such as 1e400
        resource = decode(line)
    return resource if type(resource) is dict else {}


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
