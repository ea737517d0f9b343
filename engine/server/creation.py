"""Creation: what every operation that makes something does with its request: members that it does
not take are refused, and a ClientToken that was seen before is answered as it was then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from sqlite3 import Connection
from typing import Any

from ..jobs import Database, ReusedTokenError, once
from .errors import validation

__all__ = ["create_once", "refuse_others"]


def refuse_others(request: Mapping[str, Any], members: Collection[str]) -> None:
    """Raise a ValidationException for a member of the request that is none of these."""
    for member in request:
        if member not in members:
            raise validation(f"{member} is not supported")


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
