"""The application as WSGI, for emulators and servers of that kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from .application import Application
from .endpoint import MAX_BODY
from .exchange import Request

__all__ = ["wsgi"]

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def wsgi(application: Application) -> WsgiApplication:
    """Return a WSGI application. The runner's life is the caller's business."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        response = application.respond(_request(environ))
        start_response(
            f"{response.status} {HTTPStatus(response.status).phrase}",
            list(response.headers.items()),
        )
        return [response.body] if isinstance(response.body, bytes) else response.body

    return serve


def _request(environ: dict[str, Any]) -> Request:
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    headers |= {
        name.replace("_", "-").lower(): environ[name]
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        if environ.get(name)
    }
    length = environ.get("CONTENT_LENGTH") or "0"
    size = min(int(length), MAX_BODY + 1) if length.isdecimal() else 0
    # WSGI hands over bytes in the guise of latin-1.
    path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
    return Request(
        environ["REQUEST_METHOD"],
        path,
        dict(parse_qsl(environ.get("QUERY_STRING", ""))),
        headers,
        environ["wsgi.input"].read(size),
    )
