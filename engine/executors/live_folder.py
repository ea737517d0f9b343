"""LiveFolder: the few small objects in the work folder by which the driver of a run and its tasks
on an engine hear of one another: an engine has no memory that both of them see.

<work folder>/live/<run>/runs   the run goes on: a task that finds it gone stops
                        /3      what the task in slot 3 has come to
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import StorageError
from ..figures.job_figures import LiveFigures
from ..storage import Storage, storage_for
from ..storage.sealed import Damaged, sealed, unsealed
from .task_log import LogLine

__all__ = ["LiveFolder", "TaskReport"]

_LIVE: Final = "live"
_MARK: Final = "runs"


@dataclass(frozen=True, slots=True)
class TaskReport:
    """Where a task stands, or stood when it ended.

    task     its number in the run
    attempt  of the engine to do it, which may try it again by itself, or twice at once
    host, process   where it runs
    lines    that it has logged, all since it began
    dropped  how many there was no room for
    """

    task: int
    attempt: str
    host: str
    process: int
    figures: LiveFigures
    lines: tuple[LogLine, ...] = ()
    dropped: int = 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TaskReport:
        """Read what ``dataclasses.asdict`` and JSON made of a report."""
        figures = LiveFigures(**{name: int(value) for name, value in data["figures"].items()})
        lines = tuple(LogLine(**line) for line in data["lines"])
        return cls(**{**data, "figures": figures, "lines": lines})


@dataclass(frozen=True, slots=True)
class LiveFolder:
    """The folder of one run. An object is written for each slot, again and again, so that there are
    never more of them than slots.
    """

    place: str
    encryption_key_id: str | None

    @classmethod
    def open(cls, work_folder: str, encryption_key_id: str | None) -> LiveFolder:
        """Begin a run: its tasks may work, and those that an earlier run has left may not. Raise
        StorageError.
        """
        storage = storage_for(work_folder, encryption_key_id)
        live = storage.join(work_folder, _LIVE)
        storage.delete_folder(live)
        folder = cls(storage.join(live, secrets.token_hex(8)), encryption_key_id)
        storage.put(storage.join(folder.place, _MARK), b"")
        return folder

    def is_open(self) -> bool:
        """Return whether the run goes on, or nobody can tell."""
        try:
            return self._storage.stat(self._object(_MARK)) is not None
        except StorageError:
            return True

    def put(self, slot: int, report: TaskReport) -> None:
        """Write what the task in a slot has come to. Raise StorageError."""
        self._storage.put(self._object(str(slot)), sealed(asdict(report)))

    def report(self, slot: int) -> TaskReport | None:
        """Return what was written last for a slot; None where that is nothing that can be read."""
        try:
            return TaskReport.from_json(unsealed(self._storage.read(self._object(str(slot)))))
        except (StorageError, Damaged, AttributeError, KeyError, TypeError, ValueError):
            return None

    def close(self) -> None:
        """End the run, and remove all of this. May be called twice, by either side."""
        with suppress(StorageError):
            if self.is_open():
                self._storage.delete(self._object(_MARK))
            # What a task writes from now on it removes itself, since it looks again.
            self._storage.delete_folder(self.place)

    @property
    def _storage(self) -> Storage:
        return storage_for(self.place, self.encryption_key_id)

    def _object(self, name: str) -> str:
        return self._storage.join(self.place, name)
