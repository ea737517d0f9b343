"""Part files: where the parts of a sink lie in a job's folder, a folder a resource type."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from ..errors import NotFound
from ..storage import Storage, Writer

__all__ = ["RESOURCES", "GroupFiles", "PartFiles"]

RESOURCES: Final = "resources"
"""Folder of a job's folder where a sink leaves accepted resources, by type."""


class PartFiles:
    """The files ``resources/<Type>/part-000000<ending>`` of one job, or those of another room."""

    def __init__(self, folder: str, storage: Storage, ending: str, room: str = RESOURCES) -> None:
        self._folder, self._room = folder, room
        self._storage = storage
        self._ending = ending

    def of(self, index: int) -> GroupFiles:
        """Return the files of the group with this number, none of them begun."""
        return GroupFiles(self._storage, self._folder, f"{self._room}/{{}}{self._file(index)}")

    def discard(self, numbers: Collection[int]) -> None:
        """Delete the parts of groups, of every type."""
        names = {self._file(number) for number in numbers}
        try:
            entries = list(self._storage.list(self._storage.join(self._folder, self._room)))
        except NotFound:
            return
        for entry in entries:
            if "/" + entry.uri.rpartition("/")[2] in names:
                self._storage.delete(entry.uri)

    def _file(self, index: int) -> str:
        return f"/part-{index:06d}{self._ending}"


class GroupFiles:
    """The parts of one group, one for each name that is asked for.

    pattern  place of a part below the job's folder, in which its name replaces ``{}``
    """

    def __init__(self, storage: Storage, folder: str, pattern: str) -> None:
        self._storage, self._folder, self._pattern = storage, folder, pattern
        self._parts: list[_Part] = []

    def writer(self, name: str) -> Writer:
        """Return a writer of the part that the group has of a type."""
        path = self._pattern.format(name)
        part = _Part(path, self._storage.writer(self._storage.join(self._folder, path)))
        self._parts.append(part)
        return part

    def sizes(self) -> list[tuple[str, int]]:
        """Return (place below the job's folder, bytes) of every part, as written so far."""
        return [(part.path, part.size) for part in self._parts]


class _Part:
    """A Writer that counts its bytes, which a compressed part has fewer of than were given."""

    def __init__(self, path: str, writer: Writer) -> None:
        self.path, self.size = path, 0
        self._writer = writer
        self.commit, self.abort = writer.commit, writer.abort

    def write(self, data: bytes, /) -> None:
        self._writer.write(data)
        self.size += len(data)
