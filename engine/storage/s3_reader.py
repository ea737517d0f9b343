"""Reading an object of S3: ranges that are pinned to the version that was listed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Final

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

from ..errors import Changed, StorageError, Unavailable
from .patience import Patience
from .s3_client import S3Client
from .s3_errors import BROKEN, BeyondEnd, translated

__all__ = ["S3Reader", "etag_of", "split", "whole_size"]

_DATED: Final = "modified "
"""Opens what stands for an ETag where the store gives none: the time of the last change follows."""

_BEYOND: Final = 1 << 16
"""Bytes that the first request beyond the expected end asks for, where only the rest of one line is
missing; each further request asks for twice as many.
"""
_SKIPPED: Final = 1 << 20
_CONTENT_RANGE: Final = lazy_pattern(r"bytes (\d+)-(\d+)/(\d+|\*)")


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def etag_of(answer: Mapping[str, Any]) -> str:
    """Return what tells an object's versions apart: its ETag, or the time of its last change where
    the store gives none.
    """
    return answer.get("ETag") or _dated(answer)


def whole_size(answer: Mapping[str, Any]) -> int:
    """Return the bytes of the object of which an answer holds a range, or all of it."""
    match = _CONTENT_RANGE.fullmatch(answer.get("ContentRange") or "")
    return int(answer["ContentLength"] if match is None or match[3] == "*" else match[3])


class S3Reader:
    """Bytes from a position on.

    One streaming request leads up to the expected end; further ones follow where a line goes on. A
    request that breaks is made again from the byte where it broke.
    """

    def __init__(
        self, client: S3Client, uri: str, start: int, end: int | None, etag: str | None
    ) -> None:
        self._client, self._uri, self._etag = client, uri, etag
        self._position, self._expected_end = start, end
        self._beyond = _BEYOND
        self._size: int | None = None
        self._body: Any = None
        self._patience = Patience(client.retry_seconds)

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the object's end.

        Raises StorageError; Unavailable once the client's seconds for retries are used up.
        """
        while self._size is None or self._position < self._size:
            if self._body is None:
                self._request()
                continue
            try:
                with translated(self._uri):
                    data: bytes = self._body.read(size)
            except Unavailable as error:
                self.close()
                self._patience.wait(error)
                continue
            if data:
                self._position += len(data)
                self._patience.reset()
                return data
            self.close()  # this request's range has ended
        return b""

    def close(self) -> None:
        """Give the connection back."""
        body, self._body = self._body, None
        if body is not None:
            with contextlib.suppress(*BROKEN):
                body.close()

    def _request(self) -> None:
        start = self._position
        try:
            answer = self._client.call(self._uri, self._get)
        except BeyondEnd:  # an empty object, or nothing from here on
            self._size = start
            return
        self._body = answer["Body"]
        self._same(answer)
        match = _CONTENT_RANGE.fullmatch(answer.get("ContentRange", ""))
        if match is None:  # some stores answer a range with 200 and the whole object
            self._size = answer["ContentLength"]
            self._skip(start)
            return
        if int(match[1]) != start:
            raise StorageError(
                self._uri, f"the store answered bytes {match[1]} on where {start} on were asked for"
            )
        self._size = int(match[3]) if match[3] != "*" else int(match[2]) + 1

    def _get(self, client: Any) -> Any:
        bucket, key = split(self._uri)
        start, end = self._position, self._expected_end
        last = "" if end is None else str(end - 1)
        if end is not None and start >= end:
            last = str(start + self._beyond - 1)
            self._beyond *= 2
        return client.get_object(
            Bucket=bucket, Key=key, Range=f"bytes={start}-{last}", **_pinned(self._etag)
        )

    def _same(self, answer: dict[str, Any]) -> None:
        """Compare what was answered with what was listed; not every store honours If-Match.

        Raises Changed.
        """
        if not self._etag:
            return
        if self._etag.startswith(_DATED):
            seen = _dated(answer)
        else:
            seen = answer.get("ETag") or self._etag
        if _bare(seen) != _bare(self._etag):
            self.close()
            raise Changed(self._uri, "the object changed after it was listed")

    def _skip(self, size: int) -> None:
        try:
            while size and (data := self._body.read(min(size, _SKIPPED))):
                size -= len(data)
        except BROKEN:
            self.close()  # the next request begins anew


def _dated(answer: Mapping[str, Any]) -> str:
    """Return the time of the last change in whole seconds: a listing may have fractions of one, the
    header of an answer has none (RFC 9110, 5.6.7).
    """
    changed = answer.get("LastModified")
    return f"{_DATED}{changed.replace(microsecond=0)}" if changed else _DATED


def _bare(etag: str) -> str:
    """Return an ETag without its quotes and without the mark of a weak one (RFC 9110, 8.8.3)."""
    return etag.removeprefix("W/").strip('"')


def _pinned(etag: str | None) -> dict[str, str]:
    """Return the condition of a request; none where a strict store would refuse every answer."""
    if not etag or etag.startswith((_DATED, "W/")):
        return {}
    return {"IfMatch": f'"{_bare(etag)}"'}
