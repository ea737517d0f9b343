"""Older plans: a plan as the version before the newest layout wrote it."""

from __future__ import annotations

from bulkfhir.engine.reading.sources import InputFile, Skipped
from bulkfhir.engine.shard import Shard


def in_layout_6(data):
    """Return a plan of layout 7, as JSON values, in layout 6: members by name, and no pieces."""
    data = {name: value for name, value in data.items() if name != "seal"}
    pieces = data.pop("tasks")
    inputs = [InputFile(*row) for piece in pieces for row in piece["inputs"]]
    rows = [row for piece in pieces for row in piece["shards"]]
    shards = [
        Shard(index, row[0], inputs[row[0]].uri, inputs[row[0]].etag, *row[1:])
        for index, row in enumerate(rows)
    ]
    settings = {name: value for name, value in data["settings"].items() if name != "layout"}
    return {
        **data,
        "version": 6,
        "settings": settings,
        "inputs": [members(file) for file in inputs],
        "skipped": [members(Skipped(*row)) for row in data["skipped"]],
        "shards": [members(shard) for shard in shards],
        "groups": [first for piece in pieces for first in piece["groups"]],
    }


def members(record):
    """Return the members of a slotted dataclass by name."""
    return {name: getattr(record, name) for name in record.__slots__}
