"""Part files: where the parts of a sink lie in a job's folder, a folder a resource type."""

from __future__ import annotations

from ..errors import NotFound
from ..storage import Storage, Writer

__all__ = ["PartFiles"]


class PartFiles:
    """The files ``resources/<Type>/part-000000<ending>`` of one job, or those of another room."""

    def __init__(self, folder: str, storage: Storage, ending: str, room: str = "resources") -> None:
        self._folder = storage.join(folder, room)
        self._storage = storage
        self._ending = ending

    def writer(self, name: str, index: int) -> Writer:
        """Return a writer of the part that a shard has of a type."""
        return self._storage.writer(self._storage.join(self._folder, name + self._file(index)))

    def discard(self, index: int) -> None:
        """Delete the parts of a shard, of every type."""
        try:
            entries = list(self._storage.list(self._folder))
        except NotFound:
            return
        for entry in entries:
            if entry.uri.endswith(self._file(index)):
                self._storage.delete(entry.uri)

    def _file(self, index: int) -> str:
        return f"/part-{index:06d}{self._ending}"
