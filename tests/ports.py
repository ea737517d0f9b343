"""Ports that nobody listens at."""

from __future__ import annotations

import socket

__all__ = ["free_port"]


def free_port() -> int:
    """Return a port of 127.0.0.1 that the kernel gives for a minute to nobody but who names it: a
    connection to it has just been closed. So no other process takes it before a server does.
    """
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        with socket.create_connection(listening.getsockname()):
            listening.accept()[0].close()
        return int(listening.getsockname()[1])
