"""Limits: HealthLake's of an import job, for who asks for them."""

from __future__ import annotations

from .sources import Listing

__all__ = ["MAX_BINARY", "over_limits"]

_MAX_FILES = 10_000
_MAX_JOB_BYTES = 500 << 30
_MAX_FILE_BYTES = 5 << 30
"""HealthLake's limits of a StartFHIRImportJob."""

MAX_BINARY = 164 * 1000 * 1000
"""Bytes of the largest Binary.

Whether HealthLake's MB of a Binary are 10^6 bytes is not documented; those of its Manifest are.
"""


def over_limits(listing: Listing) -> str | None:
    """Return which limit the inputs of a job break, as a sentence; None where they break none."""
    if len(listing.inputs) > _MAX_FILES:
        return (
            f"The job has {len(listing.inputs):,} input files; HealthLake's limit is {_MAX_FILES:,}"
        )
    if listing.size > _MAX_JOB_BYTES:
        return (
            f"The job has {listing.size:,} bytes of input; HealthLake's limit is {_MAX_JOB_BYTES:,}"
        )
    for file in listing.inputs:
        if file.size > _MAX_FILE_BYTES:
            return (
                f"{file.name} has {file.size:,} bytes; HealthLake's limit for a file is "
                f"{_MAX_FILE_BYTES:,}"
            )
    return None
