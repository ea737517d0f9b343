"""The index of an unpacked package in the standard cache (``.index.json``), and its resources.

A cache that cannot be read holds nothing for us: whoever asks takes an OSError so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

__all__ = ["index_entries", "read_object"]


def index_entries(folder: Path) -> Sequence[Mapping[str, Any]]:
    """Return what a package's index says of each of its files; nothing where it has no index.
    Raises OSError.
    """
    entries = read_object(folder / ".index.json").get("files")
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else ()


def read_object(path: Path) -> Mapping[str, Any]:
    """Return the JSON object in a file; an empty one where there is none. Raises OSError."""
    try:
        content = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}
