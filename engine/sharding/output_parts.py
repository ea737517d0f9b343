"""Output parts: whether parts that groups of shards left in a job's folder, of the sink and of the
rejected lines, are still as they were written.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from ..errors import AccessDenied, NotFound
from ..storage import Storage

__all__ = ["OutputParts"]

_log = logging.getLogger("bulkfhir.engine")


class OutputParts:
    """How long the parts in one job's folder are; it is listed when that is first asked for."""

    def __init__(self, storage: Storage, folder: str) -> None:
        self._storage, self._folder = storage, folder
        self._listed: dict[str, Mapping[str, int] | None] = {}

    def first_other(self, parts: Iterable[tuple[str, int]]) -> str | None:
        """Return the first of these (place below the folder, bytes) that is missing or has another
        length; None where there is none, or nobody may list the folder, which is said.
        """
        for place, size in parts:
            sizes = self._sizes(place.partition("/")[0])
            uri = self._storage.join(self._folder, place)
            if sizes is not None and sizes.get(uri) != size:
                return uri
        return None

    def _sizes(self, room: str) -> Mapping[str, int] | None:
        if room not in self._listed:
            self._listed[room] = self._list(self._storage.join(self._folder, room))
        return self._listed[room]

    def _list(self, folder: str) -> Mapping[str, int] | None:
        try:
            return {entry.uri: entry.size for entry in self._storage.list(folder + "/")}
        except NotFound:
            return {}
        except AccessDenied as error:
            _log.warning("nobody can tell whether the parts that are there are whole: %s", error)
            return None
