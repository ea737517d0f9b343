"""Cause rows: what a part says of the findings of its shards, grouped by what was found.

A part is made of JSON lines, shard by shard. Several of them may speak of one group: a shard holds
only so many groups in memory before it writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from bulkfhir.validators.checks.claim_faults import PROFILE_UNKNOWN
from bulkfhir.validators.definitions.guides import package_of
from bulkfhir.validators.economy.lazy_pattern import lazy_pattern
from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import StorageError
from ..figures.totals import EXAMPLES
from ..storage import Reader, Storage

__all__ = [
    "FindingPart",
    "FindingPiece",
    "GroupKey",
    "GroupRow",
    "Quoted",
    "encode_rows",
    "group_sum",
    "masked",
    "mend_id",
    "package_to_add",
    "read_rows",
]

_DIGITS = lazy_pattern(r"[0-9]+")

Quoted = tuple[str, int, int]
"""(field of the sentence, start, end) of a stretch that may quote the data; "" of text of which no
field is known.
"""


class GroupKey(NamedTuple):
    """The key by which findings are grouped.

    path     place without indexes; ``*`` is the resource: ``*.text.status``
    message  the sentence, the same for all
    """

    severity: str
    rule: str
    path: str
    message: str


@dataclass(slots=True)
class GroupRow:
    """How often a group was found so far.

    lines    lines with at least one of its issues
    types    resource type -> issues; "" where the type is not known
    places   (line, resource as ``Patient/1``, "" where it has no id) of the first lines
    mend     the number of the cause that the group is mended with; see ``mend_id``
    quoted   the stretches of the sentence that may quote the data
    """

    mend: int
    quoted: list[Quoted] = field(default_factory=list)
    issues: int = 0
    lines: int = 0
    types: dict[str, int] = field(default_factory=dict)
    places: list[tuple[int, str]] = field(default_factory=list)

    def add(self, issues: int, resource_type: str, line: int, name: str) -> None:
        """Count the group's issues of one further line."""
        self.issues += issues
        self.lines += 1
        self.types[resource_type] = self.types.get(resource_type, 0) + issues
        if len(self.places) < EXAMPLES:
            self.places.append((line, name))


def masked(message: str) -> str:
    """Return a sentence with ``#`` for its numbers: those alike in all else have one cause."""
    return _DIGITS.sub("#", message)


def mend_id(rule: str, path: str, message: str) -> int:
    """Return a number of 64 bits for a cause to mend: rule, place, and what was found, with its
    digits masked; for profiles that are not known the package that should hold them, since it mends
    them all.
    """
    package = package_to_add(rule, message)
    found = (rule, package) if package else (rule, path, masked(message))
    text = "\0".join(found)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def package_to_add(rule: str, message: str) -> str:
    """Return the name of the package that should hold the profile which a sentence says is not
    known; "" where it says something else, or no package is known.
    """
    if rule != PROFILE_UNKNOWN.name:
        return ""
    values = PROFILE_UNKNOWN.values_in(message)
    return "" if values is None else package_of(values["url"])


def encode_rows(
    groups: Mapping[GroupKey, GroupRow],
    sets: Mapping[tuple[int, ...], int],
    loud: list[tuple[int, int]],
) -> bytes:
    """Return rows as the part has them.

    sets   numbers of the causes of a rejected line -> such lines
    loud   (errors, line) of the lines that have most
    """
    rows: list[tuple[Any, ...]] = [
        ("group", *key, row.issues, row.lines, row.types, row.places, row.quoted)
        for key, row in groups.items()
    ]
    rows += [("set", key, lines) for key, lines in sets.items()]
    rows += [("loud", errors, line) for errors, line in loud]
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


class FindingPiece(NamedTuple):
    """The rows that one shard has in a part, which take so many bytes; those of a shard that does
    not count are passed over.
    """

    shard: int
    size: int
    counts: bool


class FindingPart(NamedTuple):
    """A part, by its number, and the pieces that stand in it in a row."""

    number: int
    pieces: tuple[FindingPiece, ...]


def read_rows(
    storage: Storage, uri: str, pieces: Sequence[FindingPiece]
) -> Iterator[tuple[int, list[Any]]]:
    """Yield (shard, row) of a part. Raise StorageError where it cannot be read, or ends early."""
    reader = storage.open(uri)
    try:
        lines = _lines(reader)
        for shard, size, counts in pieces:
            left = size
            while left > 0:
                line = next(lines, None)
                if line is None:
                    raise StorageError(uri, "it ends early")
                left -= len(line) + 1
                if counts:
                    yield shard, orjson.loads(line)
    finally:
        reader.close()


def _lines(reader: Reader) -> Iterator[bytes]:
    rest = b""
    while piece := reader.read(1 << 20):
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines


def group_sum(left: list[Any], right: list[Any]) -> list[Any]:
    """Return the sum of two groups of one key: ``[issues, lines, types, places, quoted]``."""
    types = dict(left[2])
    for name, count in right[2].items():
        types[name] = types.get(name, 0) + count
    places = sorted((*left[3], *right[3]), key=lambda place: place[:2])[:EXAMPLES]
    quoted = sorted({tuple(span) for span in (*left[4], *right[4])})
    return [left[0] + right[0], left[1] + right[1], types, places, quoted]
