"""Connection: uvicorn's HTTP protocol within bounds of time, size and number; uvicorn has none for
a client that has not sent its headers, nor for one that does not read what it asked for.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["BoundedProtocol"]

_log = logging.getLogger("bulkfhir.engine.server.connection")

HEADER_SECONDS: Final = 10.0
"""Until all headers of a request are there, from the connection or the request's first byte on."""
BODY_SECONDS: Final = 60.0
"""Until all of a body is there; the largest has a megabyte."""
ANSWER_SECONDS: Final = 60.0
"""Until a client takes some more of an answer that waits for it."""
_SENDING: Final = 128 << 10
"""Bytes that the system keeps on their way to a client.

It hands room for more back in thirds: left to choose, it keeps megabytes, and a client that reads
steadily at 20 kB a second would look for minutes as though it had gone.
"""
HEADER_BYTES: Final = 64 << 10
"""Of the address and all headers; a signed request has some 2,000."""
_CONNECTIONS: Final = 500
"""At the most, and fewer where the process may open no more files."""
_OTHER_FILES: Final = 100
"""Files that are open beside the connections: the state file, outcomes that are read."""


def most_connections() -> int:
    """Return how many connections may be open at once, within the limit of open files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(8, min(_CONNECTIONS, files - _OTHER_FILES))


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Beyond a bound it is answered by 408, 431 or 503, and closed."""

    _deadline: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _in_headers = True
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= most_connections():
            _log.warning("a connection beyond %d was refused", most_connections())
            self.transport = transport
            self._refuse(503, "Service Unavailable")
            return
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # whatever waits for the client is told of
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENDING)
        self._arm(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._stop_waiting()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        self._stop_waiting()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if not self._refused:
            super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes, self._in_headers = 0, True
        self._arm(HEADER_SECONDS)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._refused:
            super().on_header(name, value)
            self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        if not self._refused:
            self._in_headers = False
            self._arm(BODY_SECONDS)
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            self._disarm()
            super().on_message_complete()

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > HEADER_BYTES and not self._refused:
            _log.warning("a request with headers of more than %d bytes was refused", HEADER_BYTES)
            self._refuse(431, "Request Header Fields Too Large")

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, self._expired, seconds)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _wait_for_reader(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._reading = self.loop.call_later(ANSWER_SECONDS, self._look_at_reader, waiting)

    def _look_at_reader(self, before: int) -> None:
        if self.transport.get_write_buffer_size() < before:
            self._wait_for_reader()
            return
        _log.info("a connection was closed: its client read nothing for %d s", ANSWER_SECONDS)
        self.transport.abort()

    def _stop_waiting(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _expired(self, seconds: float) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        if self.pipeline or (self._in_headers and answering):
            self._arm(seconds)  # an earlier request of this connection is still being answered
            return
        _log.info("a connection was closed: its request did not come within %d s", seconds)
        self._refuse(408, "Request Timeout")

    def _refuse(self, status: int, reason: str) -> None:
        self._refused = True
        self._disarm()
        answer = f"HTTP/1.1 {status} {reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        self.transport.write(answer.encode())
        self.transport.close()
