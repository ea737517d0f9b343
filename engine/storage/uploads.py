"""Uploads: one object that several processes write, each of them some parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bulkfhir.validators.economy.light_dataclass import dataclass

__all__ = ["EQUAL_PARTS", "LEAST_PART", "MOST_PART", "Upload", "UploadedPart", "part_size"]

LEAST_PART: Final = 8 << 20
MOST_PART: Final = 5 << 30
"""Bytes of a part of an upload; S3 takes 5 MiB to 5 GiB."""

EQUAL_PARTS: Final = 8_000
"""Parts of one size, but for the last, which some stores require. An upload has no more than 10,000
parts: these hold all where the size is known beforehand, and 62 GiB else.
"""

UploadedPart = Mapping[str, object]
"""What completing an upload has to know of a part: ``PartNumber``, and what the store said."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An object in the making, of which nobody sees anything before it is completed.

    uri   where it will lie
    name  what its store calls it until then: the id of an upload, a file beside its place
    size  bytes in all
    part  bytes of each of its parts but the last
    """

    uri: str
    name: str
    size: int
    part: int

    def length_of(self, number: int) -> int:
        """Return the bytes of a part, which are counted from 1."""
        return min(self.part, self.size - (number - 1) * self.part)

    def numbers(self) -> range:
        """Return the numbers of its parts; an empty object has one."""
        return range(1, max(1, -(-self.size // self.part)) + 1)


def part_size(size: int | None) -> int:
    """Return how large the parts are of an object of about so many bytes; None: nobody knows."""
    return max(LEAST_PART, -(-(size or 0) // EQUAL_PARTS))
