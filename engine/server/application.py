"""Application: everything the server answers, behind one function that knows no framework."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import logging

from .endpoint import Endpoint
from .exchange import Request, Response, as_json
from .job_pages import JobPages
from .metrics import Metrics
from .signature import Keyring

__all__ = ["Application"]

_log = logging.getLogger(__name__)
_ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Application:
    """``POST /`` is the API; ``/`` and ``/jobs/…`` are the job pages; ``/metrics`` and ``/healthz``
    are for machines.

    keyring   with it the pages and the metrics ask for one of its keys too, as user name and
              password: a browser cannot sign
    local     answer only where the client calls this server by an address, ``localhost`` or a bare
              name: a web site that points its own name at this machine must not read the jobs
    """

    def __init__(
        self,
        endpoint: Endpoint,
        pages: JobPages,
        metrics: Metrics,
        *,
        keyring: Keyring | None = None,
        local: bool = False,
    ) -> None:
        self._endpoint = endpoint
        self._pages = pages
        self._metrics = metrics
        self._keyring = keyring
        self._local = local

    @staticmethod
    def is_quick(request: Request) -> bool:
        """Return whether the answer takes a row or two of the state file, which no writer blocks
        (WAL): less work than handing it to a thread.
        """
        return request.method == "POST" and request.headers.get("x-amz-target", "").partition(".")[
            2
        ].startswith("Describe")

    def respond(self, request: Request) -> Response:
        """Return the answer to any request. Never raises."""
        try:
            response = self._respond(request)
        except Exception:  # noqa: BLE001  # one request; the server goes on
            _log.exception("%s %s failed", request.method, request.path)
            response = as_json(500, {"message": "The server failed; its log says why"})
        return Response(response.status, _ALWAYS | dict(response.headers), response.body)

    def _respond(self, request: Request) -> Response:
        if self._local and not _is_local(request.headers.get("host", "")):
            return as_json(
                421, {"message": "This server answers to its address and to localhost only"}
            )
        if request.path == "/" and request.method not in ("GET", "HEAD"):
            return self._api(request)
        if request.path == "/healthz":
            return Response(200, {"Content-Type": "text/plain"}, b"ok\n")
        if self._keyring is not None and not self._logged_in(self._keyring, request):
            return Response(
                401,
                {
                    "WWW-Authenticate": (
                        'Basic realm="bulkfhir: access key and secret key", charset="UTF-8"'
                    )
                },
                b"",
            )
        if request.path == "/metrics":
            return Response(200, {"Content-Type": self._metrics.content_type}, self._metrics.text())
        return self._pages.respond(request) or as_json(404, {"message": "There is nothing here"})

    def _api(self, request: Request) -> Response:
        if request.method != "POST":
            # No operation has another verb: the endpoint answers it as it answers any operation
            # that does not exist.
            return Response(*self._endpoint.handle({}, b""))
        return Response(*self._endpoint.handle(request.headers, request.body))

    @staticmethod
    def _logged_in(keyring: Keyring, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            access_key, _, secret_key = (
                base64.b64decode(token, validate=True).decode().partition(":")
            )
        except (binascii.Error, UnicodeDecodeError):
            return False
        return keyring.knows(access_key, secret_key)


def _is_local(host: str) -> bool:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(".localhost")
    return True
