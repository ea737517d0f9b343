"""Lease: an object of S3 that one process holds by writing it anew before it lapses."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import Held, NotFound, StorageError, Unavailable
from ..process.process_identity import alive
from .s3_client import S3Client
from .s3_reader import split
from .s3_upload import checksum

__all__ = ["Lease"]

_SECONDS: Final = 60.0
"""How long a lease holds unless it is renewed: long enough for a store that is throttled, short
enough that a job of a machine that is gone can be gone on with soon.
"""
_RENEWALS: Final = 4
"""How often a lease is renewed in its time."""
_TRIES: Final = 5
"""Times that another process may write the lease between our look and our write."""
_SHORT: Final = 3.0
"""Seconds for which the lease's own requests are tried again; a renewal is, after all, repeated."""
_BEATEN: Final = frozenset(
    "404 409 412 NoSuchKey PreconditionFailed ConditionalRequestConflict".split()
)
_UNKNOWN: Final = frozenset("501 NotImplemented InvalidArgument InvalidRequest".split())
"""Codes of stores that do not know conditions of a PUT."""

_log = logging.getLogger("bulkfhir.engine")


class _NoConditions(Exception):
    """The store refuses a PUT with a condition."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A lease as the store has it.

    left   seconds until it lapses, by the store's own clock
    """

    owner: str
    token: str
    etag: str
    left: float


class Lease:
    """A Claim on an object. It is renewed by a thread, and lost when another process takes it over,
    which may happen once it lapsed.

    On a store without conditional PUTs two processes that begin at the very same moment may both
    hold it for a while; that is said in the log.

    Raises Held where another process has it.
    """

    def __init__(
        self,
        client: S3Client,
        uri: str,
        owner: str,
        encryption: dict[str, str],
        *,
        take_over: bool = False,
    ) -> None:
        self.lost: str | None = None
        self._client, self._uri, self._encryption = client, uri, encryption
        self._bucket, self._key = split(uri)
        self._owner, self._token = owner, secrets.token_hex(8)
        self._etag = ""
        self._conditional = True
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._acquire(take_over)
        self._thread = threading.Thread(target=self._keep, name="bulkfhir-lease", daemon=True)
        self._thread.start()

    def confirm(self) -> None:
        """Renew the lease now. Raise Held where another process has it, Unavailable where the store
        does not answer.
        """
        with self._guard:
            if self.lost is None:
                self._renew()
        if self.lost is not None:
            raise Held(self._uri, self.lost)

    def release(self) -> None:
        """Give the lease back; what the store does not let go of lapses by itself."""
        if self._ended.is_set():
            return
        self._ended.set()
        with self._guard, contextlib.suppress(StorageError):
            if self.lost is None and self._is_ours(self._found()):
                self._client.call(
                    self._uri,
                    lambda client: client.delete_object(Bucket=self._bucket, Key=self._key),
                    seconds=_SHORT,
                )

    def _acquire(self, take_over: bool) -> None:
        for _ in range(_TRIES):
            found = self._found()
            if found is not None and not self._is_ours(found):
                self._refuse_held(found, take_over)
            if self._write(found.etag if found else None):
                self._try_conditions()
                if self._conditional or self._is_ours(self._found()):
                    return
        raise Held(self._uri, "several processes begin it at once")

    def _refuse_held(self, found: _Found, take_over: bool) -> None:
        """Raise Held unless the lease may be taken over: it lapsed, or its process is gone."""
        if found.left <= 0 or take_over or not alive(found.owner):
            return
        machine, process, *_ = [*found.owner.split(":"), "", ""]
        raise Held(
            self._uri,
            f"process {process} of {machine} runs it; unless that renews its lease, it can be "
            f"resumed in {found.left:.0f} seconds, or at once with --take-over",
        )

    def _try_conditions(self) -> None:
        """Find out whether the store heeds conditions: an object that exists is not to be made."""
        if self._conditional and self._put({"IfNoneMatch": "*"}):
            self._conditional = False
        if not self._conditional:
            _log.warning(
                "%s: this store does not know conditional writes: two processes that begin one job "
                "at the same moment may both run it",
                self._uri,
            )

    def _keep(self) -> None:
        while not self._ended.wait(_SECONDS / _RENEWALS):
            with self._guard:
                if self._ended.is_set() or self.lost is not None:
                    return
                try:
                    self._renew()
                except StorageError as error:
                    _log.warning("the lease of this job could not be renewed: %s", error)

    def _renew(self) -> None:
        if self._conditional and self._write(self._etag):
            return
        found = self._found()
        if found is not None and not self._is_ours(found):
            self.lost = f"process {found.owner} has taken the job over"
        elif not self._write(found.etag if found else None):
            if not self._is_ours(self._found()):
                raise Unavailable(self._uri, "the store answers two things at once")
            # RGW 16 knows If-None-Match, and refuses If-Match with the very ETag that it gave.
            self._conditional = False
            self._put({})

    def _write(self, etag: str | None) -> bool:
        """Write the lease over the one with this ETag, or anew; return whether that was so."""
        if not self._conditional:
            return self._put({})
        try:
            return self._put({"IfMatch": etag} if etag else {"IfNoneMatch": "*"})
        except _NoConditions:
            self._conditional = False
            return self._put({})

    def _put(self, condition: dict[str, str]) -> bool:
        said = {"owner": self._owner, "token": self._token, "seconds": _SECONDS}
        body = json.dumps(said).encode()
        sums = checksum(self._client, body)

        def act(client: Any) -> str | None:
            try:
                answer = client.put_object(
                    Bucket=self._bucket,
                    Key=self._key,
                    Body=body,
                    ContentType="application/json",
                    **self._encryption,
                    **sums,
                    **condition,
                )
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                if condition and code in _BEATEN:
                    return None
                if condition and code in _UNKNOWN:
                    raise _NoConditions from None
                raise
            return str(answer.get("ETag", ""))

        etag = self._client.call(self._uri, act, seconds=_SHORT)
        self._etag = self._etag if etag is None else etag
        return etag is not None

    def _found(self) -> _Found | None:
        def get(client: Any) -> tuple[Any, bytes]:
            answer = client.get_object(Bucket=self._bucket, Key=self._key)
            return answer, answer["Body"].read(1 << 16)

        try:
            answer, body = self._client.call(self._uri, get, seconds=_SHORT)
        except NotFound:
            return None
        said = _object(body)
        age = (_clock(answer) - answer["LastModified"]).total_seconds()
        seconds = said.get("seconds")
        left = (seconds if isinstance(seconds, float) else _SECONDS) - age
        return _Found(
            str(said.get("owner", "")), str(said.get("token", "")), answer.get("ETag", ""), left
        )

    def _is_ours(self, found: _Found | None) -> bool:
        return found is not None and found.token == self._token


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _clock(answer: dict[str, Any]) -> datetime:
    """Return the store's own time, by which it says when an object was written."""
    try:
        said = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    except (KeyError, ValueError):
        return datetime.now(UTC)
    return said if said.tzinfo else said.replace(tzinfo=UTC)  # HTTP knows no other zone
