"""Checkpoint: what a job leaves behind while it runs, so that a killed one can go on: its plan, and
every finished group of shards.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import ConfigurationError, Held, NotFound, StorageError
from ..job_terms.job_folder import LOCK, PLAN, RECORD, work_folder_of
from ..job_terms.settings import PLAN_LAYOUT, Settings
from ..process.process_identity import this_process
from ..storage import Claim, StoredObject, storage_for
from ..storage.ahead import ahead
from ..storage.sealed import Damaged, is_sealed, parsed, sealed, unsealed
from .output_parts import OutputParts
from .plan import Plan, newest
from .shard import ShardResult
from .task_files import TOGETHER, TaskFiles, TaskRows, rows_of_tasks

__all__ = ["Checkpoint", "save_record"]

_SEALED = 5
"""The first layout whose plan is sealed."""
_MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What comes of reading a record that is JSON, but not what was written."""

_log = logging.getLogger("bulkfhir.engine")


@dataclass(slots=True)
class _Group:
    """The files of a group in a work folder: its record, if that is written, and how long each part
    is, as text: a job has a million.
    """

    number: int
    uri: str = ""
    told: str = ""

    def add(self, name: str, entry: StoredObject) -> None:
        """Take a part, or the record."""
        self.told += f"{name}={entry.size}\n"
        if name == RECORD:
            self.uri = entry.uri

    def has(self, name: str, size: int) -> bool:
        """Return whether a part is as long as that."""
        return f"{name}={size}" in self.told.split("\n")


class Checkpoint:
    """The content of a work folder: plain JSON, written whole, by the parent (plan) and the workers
    (results).

    place   where the work folder lies, unless it is in the job's own folder
    """

    def __init__(
        self, job_folder: str, encryption_key_id: str | None = None, place: str | None = None
    ) -> None:
        self.elsewhere = place is not None
        self.work_folder = work_folder_of(job_folder, place)
        self._job_folder = job_folder
        self._output = storage_for(job_folder, encryption_key_id)
        self._storage = storage_for(self.work_folder, encryption_key_id)
        self._plan_uri = self._storage.join(self.work_folder, PLAN)
        self._tasks = TaskFiles(self.work_folder, encryption_key_id)

    def claim(self, *, take_over: bool = False) -> Claim:
        """Hold the job for this process. Raises ConfigurationError where another one runs it."""
        place = self._storage.join(self.work_folder, LOCK)
        try:
            return self._storage.claim(place, this_process(), take_over=take_over)
        except Held as error:
            raise ConfigurationError(
                f"{self.work_folder}: this job is running: {error.reason}"
            ) from None

    def save(self, plan: Plan) -> None:
        """Write the plan: a large one in pieces, before the file that tells of them, and in that
        file the pieces of a small one, and of one that was begun by a version that had none.
        """
        pieces = rows_of_tasks(plan.inputs, plan.shards, plan.groups)
        tasks: int | list[TaskRows] = []
        if plan.ending is None:
            small = len(plan.shards) <= TOGETHER or not plan.settings.in_pieces
            tasks = list(pieces) if small else self._tasks.write(pieces)
        data = {"version": PLAN_LAYOUT, **plan.to_json(tasks)}
        self._storage.put(self._plan_uri, sealed(data), durable=True)

    def load(self) -> Plan | None:
        """Return the plan of an earlier run; None where there is none.

        Raises ConfigurationError where it is damaged, or of another version.
        """
        try:
            raw = self._storage.read(self._plan_uri)
        except NotFound:
            return None
        try:
            return self._plan(raw)
        except (*_MALFORMED, NotFound) as error:
            reason = str(error) if isinstance(error, Damaged) else "it is not what was written"
            raise ConfigurationError(
                f"{self._plan_uri}: the plan of this job is damaged ({reason}), and the job cannot "
                "be resumed: delete its folder, and begin it anew"
            ) from None

    def _plan(self, raw: bytes) -> Plan:
        data = parsed(raw)
        if _SEALED <= data["version"] <= PLAN_LAYOUT and not is_sealed(raw):
            raise Damaged("its seal is broken")
        data = newest(data)
        if data["version"] != PLAN_LAYOUT:
            raise ConfigurationError(
                f"{self._plan_uri}: this job was begun by another version of bulkfhir and cannot "
                "be resumed"
            )
        return Plan.from_json(data, self._tasks.read)

    def results(
        self, within: range | None = None, *, unreachable: bool = False
    ) -> Iterator[ShardResult]:
        """Yield the result of every shard that is finished, by the number of its group; given a
        range, those of the groups that begin in it. Records are read by many threads.

        A group is not of which a file was out of its worker's reach, since another run may reach
        it, unless ``unreachable`` asks for those too. Nor is one whose record, or one of whose
        parts, is not what was written: of the work folder, of the sink or of the rejected lines;
        nor one that has a shard of an earlier group, as it comes
        of two processes that did not cut alike.
        """
        groups = self._groups(within)
        output, found = OutputParts(self._output, self._job_folder), bytearray()
        for record, (results, parts) in zip(groups, ahead(self._results, groups), strict=True):
            if results is None:
                _log.warning("%s: a record that is damaged: its shards are done again", record.uri)
            elif other := output.first_other(parts):
                _log.warning("%s is not as it was written: its shards are done again", other)
            elif any(found[result.index : result.index + 1] == b"\1" for result in results):
                _log.info("%s: a record of shards that another one has", record.uri)
            elif unreachable or not any(map(_is_unreachable, results)):
                for result in results:
                    found.extend(bytes(max(0, result.index + 1 - len(found))))
                    found[result.index] = 1
                    yield result

    def _groups(self, within: range | None) -> list[_Group]:
        """Return what the work folder holds of each group that has a record, in order."""
        groups: dict[int, _Group] = {}
        try:
            for entry in self._storage.list(self.work_folder + "/"):
                number, _, name = entry.uri.rpartition("/")[2].partition(".")
                if not (number.isdigit() and name) or (within and int(number) not in within):
                    continue
                group = groups.get(int(number))
                if group is None:
                    group = groups[int(number)] = _Group(int(number))
                group.add(name, entry)
        except NotFound:
            return []
        return [groups[number] for number in sorted(groups) if groups[number].uri]

    def _results(
        self, group: _Group
    ) -> tuple[tuple[ShardResult, ...] | None, Sequence[tuple[str, int]]]:
        """Read a record; return its results and what it says of the parts in the job's folder.

        The results are None where it is damaged, or a part of the work folder that it tells of has
        another size than it says.
        """
        try:
            data = unsealed(self._storage.read(group.uri))
            # An earlier version wrote a record for each shard.
            entries = data.get("shards") or [{**data, "totals": data["totals"]}]
            results = tuple(ShardResult.from_json(entry) for entry in entries)
            parts = [(name, size) for name, size in data.get("sizes", ())]
            output = [(place, size) for place, size in data.get("output", ())]
        except _MALFORMED:
            return None, ()
        whole = all(group.has(name, size) for name, size in parts)
        whole = whole and all(result.part == group.number for result in results)
        return (results if whole else None), output

    def delete(self, claim: Claim | None = None) -> None:
        """Delete the work folder: the job is published, and its checkpoint has done its work.

        The plan goes last: as long as it is there, resuming the job ends it again. A store that
        refuses is no reason to fail the job; that the folder stays is said.
        """
        try:
            self._storage.delete_folder(self.work_folder, keep=(PLAN, LOCK))
            if claim is not None:
                claim.release()
            self._storage.delete_folder(self.work_folder)
        except StorageError as error:
            _log.warning("%s stays, and may be deleted: %s", self.work_folder, error.reason)

    def sweep(self) -> None:
        """Remove what interrupted writers left in the work folder."""
        self._storage.sweep(self.work_folder)


def save_record(
    settings: Settings,
    results: Sequence[ShardResult],
    sizes: Iterable[tuple[str, int]] = (),
    output: Iterable[tuple[str, int]] = (),
) -> None:
    """Record that a group is finished: by its worker, once its parts are in their places, or by the
    parent for a shard that no worker could finish.

    sizes    (name, bytes) of its parts in the work folder
    output   (place below the job's folder, bytes) of those that stay when the job ends
    """
    record: dict[str, Any] = {
        "shards": [result.to_json() for result in results],
        "sizes": list(sizes),
    }
    if parts := list(output):
        record["output"] = parts
    place = settings.part_uri(results[0].part, RECORD)
    settings.work_storage.put(place, sealed(record), durable=True)


def _is_unreachable(result: ShardResult) -> bool:
    return result.broken is not None and result.broken.unreachable
