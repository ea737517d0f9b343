"""Client tokens: the same request sent twice is answered once."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from .database import Database

__all__ = ["ReusedTokenError", "once"]


class ReusedTokenError(Exception):
    """The token came before, with another request."""


def once(
    database: Database,
    operation: str,
    token: str | None,
    request: Mapping[str, Any],
    act: Callable[[sqlite3.Connection], str],
) -> str:
    """Return what ``act`` answered the first time this token came for the operation; without a
    token it acts every time.

    ``act`` runs inside the transaction that records the token: a request is done and remembered, or
    neither. The answer is an id. Raises ReusedTokenError where the request differs from the first
    one.
    """
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    with database.writing() as connection:
        if token is None:
            return act(connection)
        row = connection.execute(
            "SELECT digest, answer FROM client_tokens WHERE operation = ? AND token = ?",
            (operation, token),
        ).fetchone()
        if row is not None:
            if row["digest"] != digest:
                raise ReusedTokenError(token)
            return str(row["answer"])
        answer = act(connection)
        connection.execute(
            "INSERT INTO client_tokens (operation, token, digest, answer) VALUES (?, ?, ?, ?)",
            (operation, token, digest, answer),
        )
        return answer
