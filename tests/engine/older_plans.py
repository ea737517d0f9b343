"""Older plans: a plan and the keys of a group as versions of earlier layouts wrote them."""

from __future__ import annotations

from array import array

from bulkfhir.engine.across.keys import BUCKETS
from bulkfhir.engine.reading.sources import InputFile, Skipped
from bulkfhir.engine.sharding.shard import Shard


def in_layout_6(data):
    """Return a plan, as JSON values, in layout 6: members by name, and no pieces."""
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


def bare_keys(part):
    """Return a part of keys, of any segments, as it was up to layout 7: without their checks."""
    narrow = b""
    while part:
        header, count = part[: 4 * BUCKETS], sum(array("I", part[: 4 * BUCKETS]))
        keys, end = part[4 * BUCKETS :][: 12 * count], 4 * BUCKETS + 16 * count
        narrow += header + b"".join(keys[at : at + 8] for at in range(0, len(keys), 12))
        narrow += part[end - 4 * count : end]
        part = part[end:]
    return narrow


def members(record):
    """Return the members of a slotted dataclass by name."""
    return {name: getattr(record, name) for name in record.__slots__}
