"""Where events go: a file, or a webhook."""

from __future__ import annotations

import http.client
import os
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

__all__ = ["EventFile", "EventTarget", "Webhook", "event_target"]

_SECONDS: Final = 10
"""How long a webhook may take for one event."""


class EventTarget(Protocol):
    """Takes events. ``name`` is what a log may call it: an address may hold a secret."""

    name: str

    def send(self, event: bytes) -> None:
        """Take one event, a JSON document. Raise OSError where that cannot be done now."""
        ...


class EventFile:
    """A file to which events are appended, one a line. Raises ValueError for one in no folder."""

    def __init__(self, path: str) -> None:
        if not Path(path).parent.is_dir():
            raise ValueError(f"{path}: there is no such folder")
        self.name = path

    def send(self, event: bytes) -> None:
        file = os.open(self.name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, event + b"\n")  # one write: lines of two servers do not mix
        finally:
            os.close(file)


class Webhook:
    """An address to which events are posted, one a request.

    No proxy is asked and no redirection followed: an event goes to the host that was named or
    nowhere. Raises ValueError for what is no address of the web.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError(f"{url}: a webhook is http://HOST/… or https://HOST/…")
        if not (url.isascii() and url.isprintable()) or " " in url:
            raise ValueError("the address of a webhook is ASCII without spaces: escape it")
        self.name = f"{parts.scheme}://{parts.netloc}"
        self._connect = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._host, self._port = parts.hostname, parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def send(self, event: bytes) -> None:
        connection = self._connect(self._host, self._port, timeout=_SECONDS)
        try:
            headers = {"Content-Type": "application/json", "User-Agent": "bulkfhir"}
            connection.request("POST", self._path, body=event, headers=headers)
            status = connection.getresponse().status
        except http.client.HTTPException as error:
            raise OSError(f"no answer of HTTP: {type(error).__name__}") from None
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise OSError(f"it answers {status}")


def event_target(place: str) -> EventTarget:
    """Return the target that a user names: an address of the web, or a file. Raises ValueError."""
    return Webhook(place) if "://" in place else EventFile(place)
