"""The address by which a client called this server, and the region that it signed for: answers hold
both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final

__all__ = ["CALLED_AS", "SIGNED_FOR", "called_as", "signed_for"]

CALLED_AS: Final[ContextVar[str]] = ContextVar("bulkfhir_called_as", default="")
"""``http://host:port`` of the request that is being answered; "" where there is no socket."""

SIGNED_FOR: Final[ContextVar[str]] = ContextVar("bulkfhir_signed_for", default="")
"""The region of the request that is being answered; "" where its signature names none."""

_SCOPE: Final = re.compile(r"\bCredential=[^,\s]*/\d{8}/([a-z]{2}(?:-[a-z]+)+-\d)/healthlake/")


def called_as(headers: Mapping[str, str]) -> str:
    """Return the address by a request's headers, whose names are in lower case: a proxy says in
    X-Forwarded-Proto whether that was HTTPS.
    """
    host = headers.get("host", "")
    scheme = "https" if headers.get("x-forwarded-proto") == "https" else "http"
    return f"{scheme}://{host}" if host else ""


def signed_for(headers: Mapping[str, str]) -> str:
    """Return the region in the credential scope of a request's signature (Signature Version 4),
    whoever signed it; "" where there is none that looks like a region.
    """
    found = _SCOPE.search(headers.get("authorization", ""))
    return found[1] if found else ""
