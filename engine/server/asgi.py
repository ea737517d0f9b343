"""The application as ASGI, for uvicorn and its like."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response as StarletteResponse
from starlette.responses import StreamingResponse

from .application import Application
from .endpoint import MAX_BODY
from .exchange import Request

__all__ = ["asgi"]


def asgi(application: Application, *, start: Callable[[], None] | None = None, stop: Callable[[], None] | None = None) -> Starlette:
    """An ASGI application. ``start`` and ``stop`` run with the server's life: the runner's, as a rule."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if start is not None:
            start()
        yield
        if stop is not None:
            await run_in_threadpool(stop)

    async def serve(request: StarletteRequest) -> StarletteResponse:
        plain = Request(request.method, request.url.path, dict(request.query_params), dict(request.headers), await _body(request))
        response = await run_in_threadpool(application.respond, plain)
        if isinstance(response.body, bytes):
            return StarletteResponse(response.body, response.status, dict(response.headers))
        return StreamingResponse(response.body, response.status, dict(response.headers))

    app = Starlette(lifespan=lifespan)
    app.add_route("/{path:path}", serve, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    return app


async def _body(request: StarletteRequest) -> bytes:
    """The request's body; of one that is too large, enough for the endpoint to see that it is."""
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > MAX_BODY:
            break
    return bytes(pieces)
