"""PageAccess: who may see the job pages where requests must be signed, which no browser can do.

A token of the pages' own lets a person in. It is sent once, in the body of a form; a cookie that is
made of it, and is not it, follows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import Final
from urllib.parse import parse_qs

from .exchange import Request, Response, as_json
from .signature import Keyring

__all__ = ["LOGIN", "PageAccess"]

LOGIN: Final = "/login"

_COOKIE: Final = "bulkfhir-page"
_FAILURES: Final = 10
_SECONDS: Final = 60.0
"""After so many wrong tokens in so many seconds nobody may try another: tokens are not guessed."""
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'",
    "WWW-Authenticate": 'Bearer realm="bulkfhir"',
}


class PageAccess:
    """The doorkeeper of pages and metrics.

    token     lets in by the form, and machines as ``Authorization: Bearer``
    keyring   a machine may send one of its keys as user name and password, too
    clock     seconds

    After ten wrong tries within a minute nobody can try for a minute; whoever is in stays in.
    """

    def __init__(
        self, token: str, keyring: Keyring, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._token = token.encode()
        self._cookie = hmac.new(self._token, b"bulkfhir job pages", hashlib.sha256).hexdigest()
        self._keyring = keyring
        self._clock = clock
        self._failures: deque[float] = deque(maxlen=_FAILURES)

    def refusal(self, request: Request) -> Response | None:
        """Return the answer to a request that is not let in; None where it is."""
        if any(self._is_cookie(value) for value in _cookies(request, _COOKIE)):
            return None
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return _form(401, "")
        if self._exhausted():
            return _form(429, "Too many wrong tries: wait a minute.")
        if self._is_known(scheme.lower(), given.strip()):
            return None
        self._failures.append(self._clock())
        return _form(401, "")

    def login(self, request: Request) -> Response:
        """Return the answer to the form: the cookie and the way to the list of jobs, or the form
        again.
        """
        if request.method != "POST":
            return as_json(405, {"message": "The form is sent by POST"})
        if self._exhausted():
            return _form(429, "Too many wrong tries: wait a minute.")
        given = parse_qs(request.body[:4096].decode("latin-1")).get("token", [""])[0]
        if not self._is_token(given):
            self._failures.append(self._clock())
            return _form(401, "This is not the token.")
        secure = "; Secure" if request.headers.get("x-forwarded-proto") == "https" else ""
        cookie = f"{_COOKIE}={self._cookie}; Path=/; HttpOnly; SameSite=Strict{secure}"
        return Response(303, {"Location": "/", "Set-Cookie": cookie}, b"")

    def _is_known(self, scheme: str, given: str) -> bool:
        if scheme == "bearer":
            return self._is_token(given)
        if scheme != "basic":
            return False
        try:
            user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return self._keyring.knows(user, password)

    def _is_token(self, given: str) -> bool:
        return _equal(given.strip().encode("utf-8", "replace"), self._token)

    def _is_cookie(self, given: str) -> bool:
        return _equal(given.encode("utf-8", "replace"), self._cookie.encode())

    def _exhausted(self) -> bool:
        return len(self._failures) == _FAILURES and self._clock() - self._failures[0] < _SECONDS


def _equal(given: bytes, known: bytes) -> bool:
    """Return whether both are one text, in a time that tells nothing of it, nor of its length."""
    return hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(known).digest())


def _cookies(request: Request, name: str) -> list[str]:
    pairs = (pair.strip().partition("=") for pair in request.headers.get("cookie", "").split(";"))
    return [value for found, _, value in pairs if found == name]


def _form(status: int, message: str) -> Response:
    more = {"Retry-After": "60"} if status == 429 else {}
    return Response(status, {**_HEADERS, **more}, _page().replace(b"{message}", message.encode()))


@lru_cache(maxsize=1)
def _page() -> bytes:
    return resources.files(__package__).joinpath("pages", "login.html").read_bytes()
