"""Part files: where the parts of a sink lie in a job's folder, a folder a resource type."""

from __future__ import annotations

from collections.abc import Collection

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
        """Return a writer of the part that a group has of a type."""
        return self._storage.writer(self._storage.join(self._folder, name + self._file(index)))

    def discard(self, numbers: Collection[int]) -> None:
        """Delete the parts of groups, of every type."""
        names = {self._file(number) for number in numbers}
        try:
            entries = list(self._storage.list(self._folder))
        except NotFound:
            return
        for entry in entries:
            if "/" + entry.uri.rpartition("/")[2] in names:
                self._storage.delete(entry.uri)

    def _file(self, index: int) -> str:
        return f"/part-{index:06d}{self._ending}"
