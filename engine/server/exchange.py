"""Request and Response: what an adapter hands in and gets back, whatever carries it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bulkfhir.validators.economy.light_dataclass import dataclass

__all__ = ["Request", "Response", "as_json"]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    path      decoded, with its leading ``/``
    query     the last value of each name
    headers   names in lower case
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer; a body that may be large comes in pieces."""

    status: int
    headers: Mapping[str, str]
    body: bytes | Iterable[bytes]


def as_json(status: int, value: Any) -> Response:
    """Return a response whose body is the value as JSON."""
    return Response(
        status,
        {"Content-Type": "application/json", "Cache-Control": "no-store"},
        json.dumps(value).encode(),
    )
