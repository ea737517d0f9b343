"""The application as ASGI 3, for uvicorn and its like.

Bare: a framework and a thread between would double what a Describe call costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

from .application import Application
from .endpoint import MAX_BODY
from .exchange import Request, Response

__all__ = ["AsgiApplication", "asgi"]

_THREADS = 16
"""Requests at work at once: each waits for the state file or for a store, none of them for long."""

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
AsgiApplication = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]


def asgi(
    application: Application,
    *,
    start: Callable[[], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> AsgiApplication:
    """Return an ASGI application.

    ``start`` and ``stop`` run with the server's life: the runner's, where this is mounted in a
    server of its own.
    """
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="bulkfhir-request")

    async def serve(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send, start, stop)
        elif scope["type"] == "http":
            request = _request(scope, await _body(receive))
            if application.is_quick(request):
                response = application.respond(request)
            else:
                response = await asyncio.get_running_loop().run_in_executor(
                    threads, application.respond, request
                )
            await _send(response, receive, send, threads)
        else:
            raise ValueError(f"{scope['type']}: this application speaks HTTP only")

    return serve


async def _live(
    receive: Receive, send: Send, start: Callable[[], None] | None, stop: Callable[[], None] | None
) -> None:
    for step, act in (("startup", start), ("shutdown", stop)):
        await receive()
        if act is not None:
            await asyncio.to_thread(act)
        await send({"type": f"lifespan.{step}.complete"})


def _request(scope: Mapping[str, Any], body: bytes) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(
        scope["method"],
        scope["path"],
        dict(parse_qsl(scope["query_string"].decode("latin-1"))),
        headers,
        body,
    )


async def _body(receive: Receive) -> bytes:
    """The request's body; of one that is too large, enough for the endpoint to see that it is."""
    body = b""
    while len(body) <= MAX_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body


async def _send(
    response: Response, receive: Receive, send: Send, threads: ThreadPoolExecutor
) -> None:
    body = response.body
    headers = {name.lower(): value for name, value in response.headers.items()}
    if isinstance(body, bytes):
        headers["content-length"] = str(len(body))
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    if isinstance(body, bytes):
        await send({"type": "http.response.body", "body": body})
    else:
        await _stream(body, receive, send, threads)


async def _stream(
    body: Iterable[bytes], receive: Receive, send: Send, threads: ThreadPoolExecutor
) -> None:
    """Pieces as they are read, off the loop, until the client leaves; then whatever holds them open
    is closed.
    """
    pieces = iter(body)
    loop = asyncio.get_running_loop()
    left = asyncio.ensure_future(receive())  # the body was read: what comes now is the end
    try:
        while piece := await loop.run_in_executor(threads, next, pieces, b""):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if left.done():
                return
        await send({"type": "http.response.body", "body": b""})
    finally:
        left.cancel()
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
