"""NDJSON sink: accepted lines by resource type, bytes untouched:
``resources/<Type>/part-000000.ndjson``.

Of a resource that comes more than once every line is kept, in the order of the input: whoever reads
the parts in order ends with the last, which wins.
"""

from __future__ import annotations

from ..errors import NotFound
from ..storage import Storage, Writer
from .interface import Accepted

__all__ = ["NdjsonSink"]


class NdjsonSink:
    def __init__(self, folder: str, storage: Storage) -> None:
        self._folder = storage.join(folder, "resources")
        self._storage = storage

    def open(self, index: int) -> _Parts:
        return _Parts(self._storage, self._folder, _name(index))

    def discard(self, index: int) -> None:
        name = "/" + _name(index)
        try:
            entries = list(self._storage.list(self._folder))
        except NotFound:
            return
        for entry in entries:
            if entry.uri.endswith(name):
                self._storage.delete(entry.uri)


class _Parts:
    """One open part for each type that the shard holds."""

    def __init__(self, storage: Storage, folder: str, name: str) -> None:
        self._storage, self._folder, self._name = storage, folder, name
        self._writers: dict[str, Writer] = {}

    def write(self, accepted: Accepted) -> None:
        for name, lines in accepted.by_type():
            self._writer(name).write(lines)

    def commit(self) -> None:
        for writer in self._writers.values():
            writer.commit()

    def abort(self) -> None:
        for writer in self._writers.values():
            writer.abort()

    def _writer(self, name: str) -> Writer:
        writer = self._writers.get(name)
        if writer is None:
            writer = self._writers[name] = self._storage.writer(
                self._storage.join(self._folder, f"{name}/{self._name}")
            )
        return writer


def _name(index: int) -> str:
    return f"part-{index:06d}.ndjson"
