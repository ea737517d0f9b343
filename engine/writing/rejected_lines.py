"""Rejected lines: the lines that a job does not accept, bytes untouched, beside what was found in
each, so that they can be mended and run again.

rejected/<Type>/part-000000.ndjson            the lines, in the order of the input
rejected/<Type>/part-000000.outcomes.ndjson   a line for each of them: where it stood, and why
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping

import orjson

from bulkfhir.validators import BlockVerdicts, Verdict
from bulkfhir.validators.verdicts.issue import operation_outcome

from ..figures.totals import counted_type
from ..reading.lines import Lines
from ..sinks.part_files import GroupFiles, PartFiles
from ..storage import Storage, Writer
from ..storage.open_files import OpenFiles

__all__ = ["OUTCOMES", "REJECTED", "RejectedFiles", "RejectedParts"]

REJECTED = "rejected"
"""Folder of the job's that holds them."""

OUTCOMES = ".outcomes.ndjson"
"""What the names of the files end in that say what was found."""

_UNKNOWN = "unknown"
"""Folder of the lines whose resource type is none of R4's."""


class RejectedFiles:
    """The parts of one job's rejected lines."""

    def __init__(self, folder: str, storage: Storage) -> None:
        self._parts = {
            ending: PartFiles(folder, storage, ending, REJECTED) for ending in (".ndjson", OUTCOMES)
        }

    def open(self, index: int) -> RejectedParts:
        """Return what takes the rejected lines of a group."""
        return RejectedParts({ending: files.of(index) for ending, files in self._parts.items()})

    def discard(self, numbers: Collection[int]) -> None:
        """Delete the parts of groups."""
        for files in self._parts.values():
            files.discard(numbers)


class RejectedParts:
    """One group's rejected lines. Nothing is seen of them before ``commit``."""

    def __init__(self, parts: Mapping[str, GroupFiles]) -> None:
        self._parts = parts
        self._files = OpenFiles(self._writer)
        self.commit, self.abort = self._files.commit, self._files.abort

    def sizes(self) -> list[tuple[str, int]]:
        """Return (place below the job's folder, bytes) of every part."""
        return [size for files in self._parts.values() for size in files.sizes()]

    def write(
        self, source: str, lines: Lines, verdicts: BlockVerdicts, rejected: Iterable[int]
    ) -> None:
        """Write the lines at these positions of a block, each with what was found in it. A line
        that is too long to be read has no bytes to write, and stands in the log alone.
        """
        for position in rejected:
            start, end = verdicts.starts[position], verdicts.ends[position]
            if start == end:
                continue
            verdict = verdicts.verdicts[position]
            kind = _kind(verdict)
            self._files.write(f"{kind}.ndjson", lines.data[start:end] + b"\n")
            self._files.write(f"{kind}{OUTCOMES}", _outcome(source, lines.offset + start, verdict))

    def _writer(self, name: str) -> Writer:
        kind, _, ending = name.partition(".")
        return self._parts[f".{ending}"].writer(kind)


def _kind(verdict: Verdict) -> str:
    name = counted_type(verdict.resource_type, verdict.issues)
    return name if name.isascii() and name.isalpha() else _UNKNOWN


def _outcome(source: str, offset: int, verdict: Verdict) -> bytes:
    row = {
        "source": source,
        "offset": offset,
        "resourceType": verdict.resource_type,
        "resourceId": verdict.resource_id,
        "outcome": operation_outcome(verdict.issues),
    }
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a lone surrogate, which only JSON's own escapes can write
        return json.dumps(row).encode() + b"\n"
