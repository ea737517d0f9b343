"""Checkpoint: what a job leaves behind while it runs, so that a killed one can go on: its plan, and
every finished shard.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable
from typing import Any

from .errors import ConfigurationError, NotFound, StorageError
from .job_folder import PLAN, result_uri, work_folder_of
from .reading.sources import InputFile, Skipped
from .settings import Settings
from .shard import Shard, ShardResult
from .storage import storage_for

__all__ = ["Checkpoint", "Plan", "save_result"]

_VERSION = 4

_log = logging.getLogger("bulkfhir.engine")


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """All that decides a job's output: a resumed job goes on with the plan it began with."""

    settings: Settings
    source_uri: str
    inputs: tuple[InputFile, ...]
    skipped: tuple[Skipped, ...]
    shards: tuple[Shard, ...]


class Checkpoint:
    """What a work folder holds: plain JSON, written whole, by the parent (plan) and the workers
    (results).

    place   where the work folder lies, unless it is in the job's own folder
    """

    def __init__(
        self, job_folder: str, encryption_key_id: str | None = None, place: str | None = None
    ) -> None:
        self.elsewhere = place is not None
        self.work_folder = work_folder_of(job_folder, place)
        self._storage = storage_for(self.work_folder, encryption_key_id)
        self._plan_uri = self._storage.join(self.work_folder, PLAN)

    def save(self, plan: Plan) -> None:
        """Write the plan."""
        data = {"version": _VERSION, **dataclasses.asdict(plan)}
        self._storage.put(self._plan_uri, json.dumps(data, separators=(",", ":")).encode())

    def load(self) -> Plan | None:
        """Return the plan of an earlier run; None where there is none."""
        try:
            data = json.loads(self._storage.read(self._plan_uri))
        except NotFound:
            return None
        version = data.pop("version")
        while version in _MIGRATIONS:
            data, version = _MIGRATIONS[version](data), version + 1
        if version != _VERSION:
            raise ConfigurationError(
                f"{self._plan_uri}: this job was begun by another version of bulkfhir and cannot "
                "be resumed"
            )
        return _plan(data)

    def results(self) -> dict[int, ShardResult]:
        """Return every shard that is finished, by its number.

        A shard whose file was out of its worker's reach is not: another run may reach it.
        """
        found: dict[int, ShardResult] = {}
        try:
            for entry in self._storage.list(self.work_folder + "/"):
                name = entry.uri.rpartition("/")[2].removesuffix(".json")
                if entry.uri.endswith(".json") and name.isdigit():
                    result = ShardResult.from_json(json.loads(self._storage.read(entry.uri)))
                    if not (result.broken and result.broken.unreachable):
                        found[int(name)] = result
        except NotFound:
            return {}
        return found

    def delete(self) -> None:
        """Delete the work folder: the job is published, and its checkpoint has done its work.

        A store that refuses is no reason to fail it; that the folder stays is said.
        """
        try:
            self._storage.delete_folder(self.work_folder)
        except StorageError as error:
            _log.warning("%s stays, and may be deleted: %s", self.work_folder, error.reason)

    def sweep(self) -> None:
        """Remove what interrupted writers left in the work folder."""
        self._storage.sweep(self.work_folder)


def save_result(settings: Settings, result: ShardResult) -> None:
    """Record that a shard is finished: by its worker, once its parts are in their places, or by the
    parent for a shard that no worker could finish.
    """
    storage = storage_for(settings.work_folder, settings.choices.encryption_key_id)
    data = json.dumps(result.to_json(), separators=(",", ":")).encode()
    storage.put(result_uri(storage, settings.work_folder, result.index), data)


def _plan(data: dict[str, Any]) -> Plan:
    return Plan(
        Settings.from_json(data["settings"]),
        data["source_uri"],
        tuple(InputFile(**entry) for entry in data["inputs"]),
        tuple(Skipped(**entry) for entry in data["skipped"]),
        tuple(Shard(**entry) for entry in data["shards"]),
    )


def _choices_apart(data: dict[str, Any]) -> dict[str, Any]:
    """Layout 3, of version 0.1.0, has the choices among the settings, and the largest Binary in
    place of the limits.
    """
    choices = dict(data["settings"])
    settings = {name: choices.pop(name) for name in ("work_folder", "job_folder", "id_required")}
    choices["limits"] = "none" if choices.pop("max_binary") is None else "healthlake"
    return {**data, "settings": {**settings, "choices": choices}}


_MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {3: _choices_apart}
"""Layout -> the plan in the layout after it."""
