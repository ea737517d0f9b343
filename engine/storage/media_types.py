"""Media types: what the objects of S3 are said to hold. A local file has no such label."""

from __future__ import annotations

from typing import Final

__all__ = ["NDJSON", "media_type"]

NDJSON: Final = "application/x-ndjson"
"""Lines of JSON, which are UTF-8 by RFC 8259, so that no charset is named. The type is the one that
is in use; none is registered, and HealthLake documents none for its logs.
"""

_BY_ENDING: Final = {
    "csv": "text/csv; charset=utf-8",
    "gz": "application/gzip",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "ndjson": NDJSON,
    "parquet": "application/vnd.apache.parquet",
    "zst": "application/zstd",
}


def media_type(key: str) -> str:
    """Return the media type of an object by the ending of its key; bytes of no known kind for an
    ending that says nothing.
    """
    ending = key.rpartition("/")[2].rpartition(".")[2]
    return _BY_ENDING.get(ending, "application/octet-stream")
