"""The service on a port: uvicorn, from the first socket to the last job."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable

import uvicorn

from ..storage import S3_ROOT
from .asgi import asgi
from .connection import BoundedProtocol
from .flood import FloodFilter
from .service import Service, ServiceSettings

__all__ = ["listen"]

_FLOODED = ("bulkfhir.engine.server.endpoint", "bulkfhir.engine.server.connection")

_AT_ONCE = 64
"""Connections that wait to be taken: they are taken all at once, before any of them can be refused,
and each is an open file.
"""

_GRACE = 5
"""Seconds that requests get to end once the server was told to."""


def listen(settings: ServiceSettings, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then stop the jobs in order. ``ready`` gets the address once
    requests are answered.

    Raises OSError for an address that cannot be had, and what Service raises.
    """
    if settings.s3_root is not None:
        # The job page of this process, the jobs and their workers all find it here.
        os.environ[S3_ROOT] = str(settings.s3_root.resolve())
    service = Service(settings)
    listener = _listener(host, port)
    _log_briefly()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn ends in order on both, then raises them again for whoever was there before: nobody
        # who would cut off the jobs' own end.
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, no end of a job could be awaited
    service.start()
    try:
        shown = f"[{host}]" if ":" in host else host
        app = asgi(
            service.application, start=lambda: ready(f"http://{shown}:{listener.getsockname()[1]}")
        )
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_GRACE,
            server_header=False,
            lifespan="on",
            http=BoundedProtocol,
            ws="none",
            backlog=_AT_ONCE,
        )
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        service.stop()
        listener.close()


def _log_briefly() -> None:
    """Send what uvicorn and asyncio say where our own records go, a flood of one record as a few
    lines.
    """
    flood = FloodFilter()
    for name in ("uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers = logging.getLogger("bulkfhir").handlers
        logger.setLevel(logging.WARNING)
        logger.propagate = False
    for name in ("uvicorn.error", "asyncio", *_FLOODED):
        logging.getLogger(name).addFilter(flood)


def _listener(host: str, port: int) -> socket.socket:
    # Not socket.create_server: it leaves the protocol open, and asyncio then sets no TCP_NODELAY,
    # which costs every answer 40 ms.
    listener = socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    try:
        # A server that has ended begins again while connections of the last one linger.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_AT_ONCE)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from None
    return listener
