"""A proxy before an S3 server that fails on purpose: throttles, breaks off, closes, answers oddly.

A fault is chosen for requests that match it, and for a number of times; everything else goes
through as it came. Bound to 127.0.0.1.
"""

from __future__ import annotations

import http.client
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Fault", "FaultyStore", "faulty_store"]

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "server"}


@dataclass
class Fault:
    """What goes wrong, with which requests, how often.

    matches   given method and path (with the query); whether the request is meant
    times     how often the fault happens before the store is well again
    status    an error of that HTTP status and code, or with that body; or
    cut       the answer's body ends after so many bytes, and the connection with it; or
    reset     the connection ends before any answer; or
    lost      the request reaches the store, and its answer is lost
    without   names of headers that the answer lacks
    rewrite   a regular expression, and what the answer's body says in its place
    """

    matches: Callable[[str, str], bool]
    times: int = 1
    status: int = 0
    code: str = ""
    body: bytes = b""
    cut: int | None = None
    reset: bool = False
    lost: bool = False
    without: tuple[str, ...] = ()
    rewrite: tuple[bytes, Any] | None = None
    happened: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def happens(self, method: str, path: str) -> bool:
        with self._lock:
            if self.happened >= self.times or not self.matches(method, path):
                return False
            self.happened += 1
            return True


class FaultyStore:
    """The proxy. ``faults`` may change at any time; ``requests`` is what was asked for.

    certificate   files of a certificate and its key; the proxy then speaks TLS
    """

    def __init__(self, behind: str, certificate: tuple[Path, Path] | None = None) -> None:
        self._scheme = "https" if certificate else "http"
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        store, target = self, urlsplit(behind).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size)
                store.requests.append((self.command, self.path, dict(self.headers)))
                fault = next((f for f in store.faults if f.happens(self.command, self.path)), None)
                if fault is not None and fault.reset:
                    self.close_connection = True
                    return
                if fault is not None and fault.status:
                    self.refuse(fault)
                    return
                upstream = http.client.HTTPConnection(target, timeout=30)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
                upstream.request(self.command, self.path, body, headers)
                got = upstream.getresponse()
                data = got.read()
                if fault is not None and fault.rewrite is not None:
                    data = re.sub(*fault.rewrite, data)
                upstream.close()
                if fault is not None and fault.lost:
                    self.close_connection = True
                    return
                without = {*_HOP, *(fault.without if fault is not None else ())}
                self.send_response(got.status)
                for name, value in got.getheaders():
                    if name.lower() not in without:
                        self.send_header(name, value)
                length = got.getheader("Content-Length") if self.command == "HEAD" else len(data)
                self.send_header("Content-Length", str(length or 0))
                self.end_headers()
                if fault is not None and fault.cut is not None:
                    self.wfile.write(data[: fault.cut])
                    self.close_connection = True
                else:
                    self.wfile.write(data)

            def refuse(self, fault: Fault) -> None:
                text = (
                    fault.body
                    or (
                        f"<?xml version='1.0'?><Error><Code>{fault.code}</Code>"
                        f"<Message>on purpose</Message></Error>"
                    ).encode()
                )
                self.send_response(fault.status)
                self.send_header("Content-Type", "application/xml")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815  # the library's

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"{self._scheme}://{host}:{port}"

    def fail(self, **fault: object) -> Fault:
        made = Fault(**fault)  # type: ignore[arg-type]
        self.faults.append(made)
        return made

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def faulty_store(
    behind: str, certificate: tuple[Path, Path] | None = None
) -> Iterator[FaultyStore]:
    store = FaultyStore(behind, certificate)
    try:
        yield store
    finally:
        store.close()
