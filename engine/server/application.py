"""Application: everything the server answers, behind one function that knows no framework."""

from __future__ import annotations

import ipaddress
import logging

from .endpoint import Endpoint
from .exchange import Request, Response, as_json
from .job_pages import JobPages
from .metrics import Metrics
from .page_access import LOGIN, PageAccess

__all__ = ["Application"]

_log = logging.getLogger(__name__)
_OPEN = "/assets/style.css"
"""The form that asks for the token looks like the pages."""
_ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Application:
    """``POST /`` is the API; ``/`` and ``/jobs/…`` are the job pages; ``/metrics`` and ``/healthz``
    are for machines.

    access    with it the pages and the metrics are for those whom it lets in
    local     answer only where the client calls this server by an address, ``localhost`` or a bare
              name: a web site that points its own name at this machine must not read the jobs
    """

    def __init__(
        self,
        endpoint: Endpoint,
        pages: JobPages,
        metrics: Metrics,
        *,
        access: PageAccess | None = None,
        local: bool = False,
    ) -> None:
        self._endpoint = endpoint
        self._pages = pages
        self._metrics = metrics
        self._access = access
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
        if self._access is not None and request.path != _OPEN:
            if request.path == LOGIN:
                return self._access.login(request)
            refusal = self._access.refusal(request)
            if refusal is not None:
                return refusal
        if request.path == "/metrics":
            return Response(200, {"Content-Type": self._metrics.content_type}, self._metrics.text())
        return self._pages.respond(request) or as_json(404, {"message": "There is nothing here"})

    def _api(self, request: Request) -> Response:
        if request.method != "POST":
            # No operation has another verb: the endpoint answers it as it answers any operation
            # that does not exist.
            return Response(*self._endpoint.handle({}, b""))
        return Response(*self._endpoint.handle(request.headers, request.body))


def _is_local(host: str) -> bool:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(".localhost")
    return True
