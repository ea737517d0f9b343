"""Sound text: names and sentences of any origin as the store can hold them.

A file's name that is no UTF-8, or half of a character in the data, is no text that SQLite, or JSON,
could give back.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

__all__ = ["read_json", "sound"]


def sound(value: Any) -> Any:
    """Return a JSON value with all that UTF-8 cannot hold as escapes: ``Pat\\\\udcff.ndjson``."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {sound(name): sound(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [sound(member) for member in value]
    return value


def read_json(text: str) -> Any:
    """Return the value of a column; one that version 0.1.0 wrote may hold what is not sound."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return sound(json.loads(text))
