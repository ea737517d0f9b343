"""Creation: what every operation that makes something does with its request: a ClientToken that was
seen before is answered as it was then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from sqlite3 import Connection
from typing import Any

from ..jobs import Database, ReusedTokenError, once
from .errors import validation

__all__ = ["create_once"]


def create_once(
    database: Database,
    operation: str,
    request: Mapping[str, Any],
    create: Callable[[Mapping[str, Any], Connection], str],
    defaults: Mapping[str, Any],
) -> str:
    """Return the id that ``create`` answers, or answered when the ClientToken first came.

    ``create`` gets the request with the defaults of members that it does not state; stating one of
    them makes no other request. Raises a ValidationException for a token that came with other
    parameters.
    """
    stated = {
        name: value
        for name, value in request.items()
        if name not in defaults or value != defaults[name]
    }
    try:
        return once(
            database,
            operation,
            request.get("ClientToken"),
            stated,
            lambda connection: create({**defaults, **request}, connection),
        )
    except ReusedTokenError:
        raise validation(
            f"ClientToken {request['ClientToken']} was used before with other parameters"
        ) from None
