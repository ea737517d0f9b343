"""The data: names and sizes that HealthLake takes, and profiles that it knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final

import orjson

from ..errors import ConfigurationError, EngineError
from ..reading.limits import over_limits
from ..reading.lines import read_lines, read_range
from ..reading.sources import InputFile, find_inputs
from ..storage import storage_for
from .requirement import Requirement, met, unknown, unmet

__all__ = ["SUPPORTED_GUIDES", "data_requirements"]

SUPPORTED_GUIDES: Final = (
    ("US Core", "http://hl7.org/fhir/us/core/", ("3.1.1", "4.0.0", "5.0.1", "6.1.0", "7.0.0")),
    ("UK Core", "https://fhir.hl7.org.uk/", ("2.0.1",)),
    ("CARIN Blue Button", "http://hl7.org/fhir/us/carin-bb/", ("1.1.0", "1.0.0")),
    ("Da Vinci PDex", "http://hl7.org/fhir/us/davinci-pdex/", ("1.0.0",)),
    ("Da Vinci HRex", "http://hl7.org/fhir/us/davinci-hrex/", ("0.2.0",)),
    ("Plan-Net", "http://hl7.org/fhir/us/davinci-pdex-plan-net/", ("1.1.0", "1.0.0")),
    ("Drug Formulary", "http://hl7.org/fhir/us/davinci-drug-formulary/", ("1.1.0", "1.0.1")),
    ("ABDM", "https://nrces.in/ndhm/fhir/r4/", ("2.0",)),
    ("FHIR R4", "http://hl7.org/fhir/StructureDefinition/", ("4.0.1",)),
)
"""(name, how the urls of its profiles begin, versions with the default first) of the guides that
the service's developer guide lists; it may know more by now.
"""

_FILES: Final = 100
"""Files that are looked into, spread over all."""
_BYTES: Final = 1 << 18
"""Bytes that are read of each."""
_SHOWN: Final = 20


def data_requirements(source: str, level: str) -> Iterator[Requirement]:
    """Yield what HealthLake needs of the files below an ``s3://`` folder. Profiles are looked for
    in a sample, and only where the level is strict.
    """
    try:
        with closing(find_inputs(source, contract=True)) as listing:
            skipped = [one for one in listing.skipped if one.looks_like_data]
            for one in skipped[:_SHOWN]:
                mend = "HealthLake reads plain files that end in .ndjson: rename or convert it"
                yield unmet(one.name, f"would not be read: {one.reason}", mend)
            for file in [file for file in listing.inputs if file.compression][:_SHOWN]:
                yield unmet(file.name, "is compressed", "HealthLake reads plain NDJSON: unpack it")
            too_much = over_limits(listing)
            count = f"{len(listing.inputs):,} files, {listing.size / 1e6:,.1f} MB"
            yield (
                unmet(source, too_much, "split the data into several imports")
                if too_much
                else met(source, f"{count}: within the limits, and no two logs clash")
            )
            if level == "strict":
                yield from _profiles(source, listing.inputs)
    except ConfigurationError as error:
        yield unmet(source, str(error), "give files names of their own")
    except EngineError as error:
        yield unknown(source, str(error), "needs s3:ListBucket and s3:GetObject")


def _profiles(source: str, inputs: Sequence[InputFile]) -> Iterator[Requirement]:
    step = max(1, len(inputs) // _FILES)
    sample = [file for file in inputs[::step] if not file.compression][:_FILES]
    seen, lines = Counter[str](), 0
    for file in sample:
        for resource in _first_resources(file):
            lines += 1
            seen.update(_stated(resource))
    strange = [(url, count) for url, count in seen.most_common() if not _supported(url)]
    for url, count in strange[:_SHOWN]:
        yield unmet(
            source,
            f"{url} is no profile that HealthLake documents ({count:,} of {lines:,} lines looked "
            "at state it)",
            "import at level structure-only, or take it out of meta.profile",
        )
    if not strange:
        yield met(source, f"{len(seen):,} profiles in {lines:,} lines looked at, all documented")


def _first_resources(file: InputFile) -> Iterator[dict[str, Any]]:
    with closing(storage_for(file.uri).open(file.uri, 0, _BYTES, etag=file.etag)) as reader:
        for lines in read_lines(read_range(reader, 0, _BYTES), 0, min(_BYTES, file.size)):
            for line in lines.data.split(b"\n"):
                try:
                    resource = orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue  # what is wrong with a line is for a check of all of them
                if isinstance(resource, dict):
                    yield resource


def _stated(resource: dict[str, Any]) -> set[str]:
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    if not isinstance(profiles, list):
        return set()
    return (
        {one for one in profiles if isinstance(one, str)} if isinstance(profiles, list) else set()
    )


def _supported(url: str) -> bool:
    bare, _, version = url.partition("|")
    return any(
        bare.startswith(prefix) and (not version or version in versions)
        for _, prefix, versions in SUPPORTED_GUIDES
    )
