#!/usr/bin/env python3
"""Round trip: every resource that ``--sink parquet`` stores has the bytes that its line had.

usage: round_trip.py INPUT... [--level structure-only] [--workers 1]

Imports each input (a file or a folder) into a temporary folder, reads every part back with pyarrow,
and compares each row with the bytes at its ``line_offset`` in its ``source_file``. Prints a row for
each input: lines, rows, megabytes of JSON and of parts, and the first row that differs. Exits with
1 where one does, or where there are not as many rows as accepted lines.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import isal.igzip
from arguments import LEVELS, Parser, lines, run_script, whole_number
from pyarrow import parquet

from bulkfhir.engine import import_job


@dataclass
class Trip:
    """What came of one input; sizes in bytes."""

    lines: int = 0
    accepted: int = 0
    rows: int = 0
    json_bytes: int = 0
    part_bytes: int = 0
    differing: str = ""

    @property
    def holds(self) -> bool:
        """Return whether every accepted line came back as it was."""
        return not self.differing and self.rows == self.accepted


def round_trip(source: Path, output: Path, level: str, workers: int) -> Trip:
    """Import one input, and compare what was stored with what stands there."""
    result = import_job(source, output, level=level, sink="parquet", workers=workers, report=False)
    totals = result.summary.totals
    trip = Trip(totals.scanned, totals.imported)
    files = dict[str, bytes]()
    for part in sorted(Path(_path(result.job_folder)).rglob("resources/*/*.parquet")):
        trip.part_bytes += part.stat().st_size
        for file, offset, stored in _rows(part):
            trip.rows += 1
            trip.json_bytes += len(stored)
            data = files[file] if file in files else files.setdefault(file, _read(file))
            line = _line(data, offset)
            if line.rstrip(b" \t\r") != stored and not trip.differing:
                trip.differing = f"{file} at byte {offset:,}"
    return trip


def _rows(part: Path) -> Iterator[tuple[str, int, bytes]]:
    with parquet.ParquetFile(part) as file:
        for batch in file.iter_batches(columns=["source_file", "line_offset", "json"]):
            columns = (batch.column(name).to_pylist() for name in range(3))
            for source, offset, text in zip(*columns, strict=True):
                yield source, offset, text.encode()


def _line(data: bytes, offset: int) -> bytes:
    end = data.find(b"\n", offset)
    return data[offset:] if end < 0 else data[offset:end]


def _read(uri: str) -> bytes:
    data = Path(_path(uri)).read_bytes()
    return isal.igzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def _path(uri: str) -> str:
    return unquote(urlsplit(uri).path) if uri.startswith("file:") else uri


def main() -> int:
    """Run over every input; return the exit code."""
    parser = Parser(__doc__.partition("\n")[0])
    parser.add_argument("inputs", nargs="+", type=lines)
    parser.add_argument("--level", choices=LEVELS, default="structure-only")
    parser.add_argument("--workers", type=whole_number(), default=1)
    options = parser.parse_args()
    print(f"{'input':<34}{'lines':>9}{'accepted':>10}{'rows':>9}{'JSON MB':>9}{'parts MB':>10}")
    failed = False
    for source in options.inputs:
        with tempfile.TemporaryDirectory() as folder:
            trip = round_trip(source, Path(folder), options.level, options.workers)
        sizes = f"{trip.json_bytes / 1e6:>9.1f}{trip.part_bytes / 1e6:>10.1f}"
        print(
            f"{source.name:<34}{trip.lines:>9,}{trip.accepted:>10,}{trip.rows:>9,}{sizes}"
            f"{'' if trip.holds else f'  NOT THE SAME {trip.differing}'}",
            flush=True,
        )
        failed |= not trip.holds
    return 1 if failed else 0


if __name__ == "__main__":
    run_script(main)
