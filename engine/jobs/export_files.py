"""Export files: the resources that imports of a data store accepted, each in its last version."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Final

import orjson

from ..errors import NotFound
from ..reading.lines import read_lines, read_range
from ..sinks.part_files import RESOURCES
from ..storage import Writer, storage_for

__all__ = ["EXPORT_MANIFEST", "write_export"]

EXPORT_MANIFEST: Final = "manifest.json"

_PER_FILE: Final = 5_000
"""Resources of one file: what HealthLake's developer guide once stated."""
_AT_ONCE: Final = 10_000


def write_export(job_folders: Iterable[str], target: str, encryption_key_id: str | None) -> None:
    """Write ``<Type>/<Type>-0001.ndjson`` and so on into a folder, and the manifest last.

    Of a resource that came more than once the last version is written, by the order of the folders
    and, within one, of the input. The ids are kept in a file, not in memory. Raises StorageError.

    job_folders   of the imports in their order, each ending in ``/``, whose sink was NDJSON
    target        the folder of the export, ending in ``/``
    """
    folders = tuple(job_folders)
    with closing(_Versions()) as versions:
        for number, (name, line) in enumerate(_lines(folders)):
            versions.add(name, str(orjson.loads(line)["id"]), number)
        versions.settle()
        files = _Files(target, encryption_key_id)
        try:
            _write_wanted(files, _lines(folders), versions.last())
            files.finish()
        except BaseException:
            files.abort()
            raise


def _write_wanted(
    files: _Files, lines: Iterable[tuple[str, bytes]], numbers: Iterator[int]
) -> None:
    wanted = next(numbers, None)
    for number, (name, line) in enumerate(lines):
        if number == wanted:
            files.write(name, line)
            wanted = next(numbers, None)


def _lines(folders: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (type, line) of everything that the imports accepted, in order; of one import the lines
    of a type come together.
    """
    for folder in folders:
        place = f"{folder}{RESOURCES}/"
        try:
            parts = sorted(entry.uri for entry in storage_for(place).list(place))
        except NotFound:
            continue  # nothing was accepted
        for part in parts:
            for line in _of_part(part):
                yield part[len(place) :].partition("/")[0], line


def _of_part(uri: str) -> Iterator[bytes]:
    with closing(storage_for(uri).open(uri)) as reader:
        # What was accepted has no byte order mark and no line that is too long.
        for lines in read_lines(read_range(reader, 0, None), limit=sys.maxsize):
            yield from lines.data.removesuffix(b"\n").split(b"\n")


class _Versions:
    """Which line holds the last version of each resource, in a file that SQLite makes for itself
    and takes away.
    """

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.execute(
            "CREATE TABLE last (type TEXT, id TEXT, line INTEGER, PRIMARY KEY (type, id)) "
            "WITHOUT ROWID"
        )
        self._held: list[tuple[str, str, int]] = []
        self.close = self._file.close

    def add(self, name: str, resource_id: str, line: int) -> None:
        self._held.append((name, resource_id, line))
        if len(self._held) >= _AT_ONCE:
            self.settle()

    def settle(self) -> None:
        self._file.execute("BEGIN")
        self._file.executemany("INSERT OR REPLACE INTO last VALUES (?, ?, ?)", self._held)
        self._file.execute("COMMIT")
        self._held.clear()

    def last(self) -> Iterator[int]:
        for (line,) in self._file.execute("SELECT line FROM last ORDER BY line"):
            yield line


class _Files:
    """The files of an export, one of which is open at a time."""

    def __init__(self, target: str, encryption_key_id: str | None) -> None:
        self._target, self._storage = target, storage_for(target, encryption_key_id)
        self._writer: Writer | None = None
        self._type, self._count = "", 0
        self._numbers = Counter[str]()
        self._output: list[dict[str, object]] = []

    def write(self, name: str, line: bytes) -> None:
        if self._writer is None or name != self._type or self._count == _PER_FILE:
            self._close()
            self._numbers[name] += 1
            self._type, self._count = name, 0
            self._writer = self._storage.writer(self._storage.join(self._target, self._relative()))
        self._writer.write(line + b"\n")
        self._count += 1

    def finish(self) -> None:
        self._close()
        manifest = json.dumps({"output": self._output}, indent=2).encode() + b"\n"
        place = self._storage.join(self._target, EXPORT_MANIFEST)
        self._storage.put(place, manifest, durable=True)

    def abort(self) -> None:
        if self._writer is not None:
            self._writer.abort()

    def _relative(self) -> str:
        return f"{self._type}/{self._type}-{self._numbers[self._type]:04d}.ndjson"

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.commit()
            url = f"{self._target}{self._relative()}"
            self._output.append({"type": self._type, "url": url, "count": self._count})
        self._writer = None
