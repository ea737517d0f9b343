"""NextToken: where a list goes on, opaque to the client and bound to the request it came from."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .errors import validation

__all__ = ["PAGE_SIZE", "next_token", "position"]

PAGE_SIZE = 100
"""Where MaxResults is left out. The service's own number is not published."""

_PAGE_MEMBERS = {"NextToken", "MaxResults"}


def next_token(operation: str, request: Mapping[str, Any], position: int) -> str:
    """Return the token for the page that begins after ``position``."""
    return base64.urlsafe_b64encode(
        json.dumps([position, _filters(operation, request)]).encode()
    ).decode()


def position(operation: str, request: Mapping[str, Any]) -> int | None:
    """Return where this request goes on; None for the first page.

    ValidationException where the token is not this list's.
    """
    token = request.get("NextToken")
    if token is None:
        return None
    try:
        found, filters = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        raise validation("The NextToken is not valid") from None
    if (
        filters != _filters(operation, request)
        or not isinstance(found, int)
        or not 0 < found < 1 << 63
    ):
        raise validation("The NextToken belongs to another request")
    return found


def _filters(operation: str, request: Mapping[str, Any]) -> str:
    filters = {name: value for name, value in request.items() if name not in _PAGE_MEMBERS}
    return hashlib.sha256(json.dumps([operation, filters], sort_keys=True).encode()).hexdigest()[
        :16
    ]
