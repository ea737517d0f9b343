"""The address by which a client called this server: it stands in what the client is answered."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final

__all__ = ["CALLED_AS", "called_as"]

CALLED_AS: Final[ContextVar[str]] = ContextVar("bulkfhir_called_as", default="")
"""``http://host:port`` of the request that is being answered; "" where there is no socket."""


def called_as(headers: Mapping[str, str]) -> str:
    """Return the address by a request's headers, whose names are in lower case: a proxy says in
    X-Forwarded-Proto whether that was HTTPS.
    """
    host = headers.get("host", "")
    scheme = "https" if headers.get("x-forwarded-proto") == "https" else "http"
    return f"{scheme}://{host}" if host else ""
