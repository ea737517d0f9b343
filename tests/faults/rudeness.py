"""Rudeness: connections that an HTTP server has to bear: silent, halved, broken off, senseless,
floods, and ones that do not read.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

__all__ = ["Rudeness"]


@dataclass
class Rudeness:
    """One rude client.

    large   the path of a file that takes many packets
    done    kind -> how often
    """

    url: str
    large: str
    chosen: random.Random
    over: threading.Event
    done: Counter[str] = field(default_factory=Counter)

    def go_on(self) -> None:
        """Be rude in one way after the other until it is over."""
        kinds = (
            self.say_nothing,
            self.say_half,
            self.say_too_much,
            self.say_nonsense,
            self.leave_early,
            self.not_read,
            self.come_as_many,
        )
        while not self.over.is_set():
            kind = self.chosen.choice(kinds)
            with suppress(OSError):  # whatever the server does with such a connection is fine
                kind()
            self.done[kind.__name__] += 1

    def say_nothing(self) -> None:
        """Connect, and wait until the server closes."""
        with self._connected() as client:
            client.recv(100)

    def say_half(self) -> None:
        """Send half a header, or half a body, and leave by a reset."""
        head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n"
        with self._connected() as client:
            client.sendall(head + b"\r\n{" if self.chosen.random() < 0.5 else head)
            self.over.wait(self.chosen.uniform(0, 3))
            _reset_at_end(client)

    def say_too_much(self) -> None:
        """Send headers without an end."""
        with self._connected() as client:
            for _ in range(100):
                client.sendall(b"GET / HTTP/1.1\r\n" + b"a: bcdefgh\r\n" * 1000)
            client.recv(100)

    def say_nonsense(self) -> None:
        """Send what is no HTTP."""
        with self._connected() as client:
            client.sendall(self.chosen.randbytes(self.chosen.randrange(1, 5000)))
            client.shutdown(socket.SHUT_WR)
            client.recv(1000)

    def leave_early(self) -> None:
        """Ask for a large file, and leave in its middle."""
        with self._connected() as client:
            self._ask(client)
            client.recv(self.chosen.randrange(1, 100_000))
            _reset_at_end(client)

    def not_read(self) -> None:
        """Ask for a large file a few times, and read next to nothing of it for a while."""
        with self._connected(room=4096) as client:
            for _ in range(4):
                self._ask(client)
            until = time.monotonic() + self.chosen.uniform(1, 90)
            while time.monotonic() < until and not self.over.wait(1):
                client.recv(10)

    def come_as_many(self) -> None:
        """Open as many connections at once as the server takes, and some more."""
        clients = []
        try:
            for _ in range(600):
                clients.append(self._connected())
            self.over.wait(self.chosen.uniform(0, 2))
        finally:
            for client in clients:
                client.close()
            self.over.wait(20)  # the others have their turn

    def _ask(self, client: socket.socket) -> None:
        client.sendall(f"GET {self.large} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())

    def _connected(self, room: int | None = None) -> socket.socket:
        client = socket.socket()
        if room:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        client.settimeout(100)
        address = urlsplit(self.url)
        try:
            client.connect((address.hostname or "", address.port or 0))
        except OSError:
            client.close()
            raise
        return client


def _reset_at_end(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
