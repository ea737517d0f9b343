"""Checkpoint: what a job leaves behind while it runs, so that a killed one can go on: its plan, and
every finished group of shards.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .across.cause_sums import CauseSums
from .across.duplicates import Duplicates
from .across.job_checks import JobChecks
from .errors import ConfigurationError, Held, NotFound, StorageError
from .figures import Moment
from .job_folder import LOCK, PLAN, part_uri, result_uri, work_folder_of
from .output_parts import OutputParts
from .process_identity import this_process
from .reading.sources import InputFile, Skipped
from .sealed import Damaged, is_sealed, parsed, sealed, unsealed
from .settings import Settings
from .shard import Shard, ShardResult
from .storage import Claim, storage_for

__all__ = ["Checkpoint", "Ending", "Plan", "save_record"]

_VERSION = 6
_SEALED = 5
"""The first layout whose plan is sealed."""
_AT_ONCE = 16
"""Records that are read at the same time; a store takes some 20 ms to answer."""
_MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What comes of reading a record that is JSON, but not what was written."""

_log = logging.getLogger("bulkfhir.engine")


@dataclasses.dataclass(frozen=True, slots=True)
class Ending:
    """What is known of a job whose logs are published: all that its last step needs.

    results   of every shard, in order
    checks    over the whole job; None where they were not asked for
    curve     what was read as time went on, in the run that read last
    """

    results: tuple[ShardResult, ...]
    duplicates: Duplicates
    causes: CauseSums = dataclasses.field(default_factory=CauseSums)
    checks: JobChecks | None = None
    curve: tuple[Moment, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """All that decides a job's output: a resumed job goes on with the plan it began with.

    groups   the number of the first shard of every group
    ending   None until the logs are published
    """

    settings: Settings
    source_uri: str
    inputs: tuple[InputFile, ...]
    skipped: tuple[Skipped, ...]
    shards: tuple[Shard, ...]
    groups: tuple[int, ...]
    ending: Ending | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        ending = self.ending and {
            "results": [result.to_json() for result in self.ending.results],
            "duplicates": dataclasses.asdict(self.ending.duplicates),
            "causes": dataclasses.asdict(self.ending.causes),
            "checks": self.ending.checks and dataclasses.asdict(self.ending.checks),
            "curve": [dataclasses.astuple(moment) for moment in self.ending.curve],
        }
        return {
            "settings": dataclasses.asdict(self.settings),
            "source_uri": self.source_uri,
            "inputs": [_members(file) for file in self.inputs],
            "skipped": [_members(file) for file in self.skipped],
            "shards": [_members(shard) for shard in self.shards],
            "groups": self.groups,
            "ending": ending,
        }


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
        self._job_folder = job_folder
        self._output = storage_for(job_folder, encryption_key_id)
        self._storage = storage_for(self.work_folder, encryption_key_id)
        self._plan_uri = self._storage.join(self.work_folder, PLAN)

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
        """Write the plan."""
        data = {"version": _VERSION, **plan.to_json()}
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
        except _MALFORMED as error:
            reason = str(error) if isinstance(error, Damaged) else "it is not what was written"
            raise ConfigurationError(
                f"{self._plan_uri}: the plan of this job is damaged ({reason}), and the job cannot "
                "be resumed: delete its folder, and begin it anew"
            ) from None

    def _plan(self, raw: bytes) -> Plan:
        data = parsed(raw)
        version = data.pop("version")
        if _SEALED <= version <= _VERSION and not is_sealed(raw):
            raise Damaged("its seal is broken")
        while version in _MIGRATIONS:
            data, version = _MIGRATIONS[version](data), version + 1
        if version != _VERSION:
            raise ConfigurationError(
                f"{self._plan_uri}: this job was begun by another version of bulkfhir and cannot "
                "be resumed"
            )
        return _plan(data)

    def results(
        self, within: range | None = None, *, unreachable: bool = False
    ) -> dict[int, ShardResult]:
        """Return every shard that is finished, by its number; given a range, those of the groups
        that begin in it.

        A group is not of which a file was out of its worker's reach, since another run may reach
        it, unless ``unreachable`` asks for those too. Nor is one whose record, or one of whose
        parts, is not what was written: of the work folder, of the sink or of the rejected lines;
        nor one that has a shard of an earlier group, as it comes
        of two processes that did not cut alike.
        """
        found: dict[int, ShardResult] = {}
        try:
            listed = self._storage.list(self.work_folder + "/")
            sizes = {entry.uri: entry.size for entry in listed}
        except NotFound:
            return found
        output = OutputParts(self._output, self._job_folder)
        numbers = sorted(_numbers(sizes, within))
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            read = threads.map(lambda one: self._results(one[0], one[1], sizes), numbers)
            for (_, uri), (results, parts) in zip(numbers, read, strict=True):
                if results is None:
                    _log.warning("%s: a record that is damaged: its shards are done again", uri)
                elif other := output.first_other(parts):
                    _log.warning("%s is not as it was written: its shards are done again", other)
                elif any(result.index in found for result in results):
                    _log.info("%s: a record of shards that another one has", uri)
                elif unreachable or not any(map(_is_unreachable, results)):
                    found.update((result.index, result) for result in results)
        return found

    def _results(
        self, number: int, uri: str, sizes: Mapping[str, int]
    ) -> tuple[tuple[ShardResult, ...] | None, Sequence[tuple[str, int]]]:
        """Read a record; return its results and what it says of the parts in the job's folder.

        The results are None where it is damaged, or a part of the work folder that it tells of has
        another size than it says.
        """
        try:
            data = unsealed(self._storage.read(uri))
            # An earlier version wrote a record for each shard.
            entries = data.get("shards") or [{**data, "totals": data["totals"]}]
            results = tuple(ShardResult.from_json(entry) for entry in entries)
            parts = [(name, size) for name, size in data.get("sizes", ())]
            output = [(place, size) for place, size in data.get("output", ())]
        except _MALFORMED:
            return None, ()
        whole = all(
            sizes.get(part_uri(self._storage, self.work_folder, number, name)) == size
            for name, size in parts
        )
        whole = whole and all(result.part == number for result in results)
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
    storage = storage_for(settings.work_folder, settings.choices.encryption_key_id)
    place = result_uri(storage, settings.work_folder, results[0].part)
    record: dict[str, Any] = {
        "shards": [result.to_json() for result in results],
        "sizes": list(sizes),
    }
    if parts := list(output):
        record["output"] = parts
    storage.put(place, sealed(record), durable=True)


def _is_unreachable(result: ShardResult) -> bool:
    return result.broken is not None and result.broken.unreachable


def _numbers(uris: Iterable[str], within: range | None) -> Iterator[tuple[int, str]]:
    """Yield (number of the group, place) of every record among what lies in a work folder."""
    for uri in uris:
        name = uri.rpartition("/")[2].removesuffix(".json")
        if uri.endswith(".json") and name.isdigit() and (within is None or int(name) in within):
            yield int(name), uri


def _members(record: InputFile | Skipped | Shard) -> dict[str, Any]:
    """Return a record of plain values as JSON: ``asdict`` looks into each of them, and a plan may
    have a million.
    """
    return {name: getattr(record, name) for name in record.__slots__}


def _plan(data: dict[str, Any]) -> Plan:
    return Plan(
        Settings.from_json(data["settings"]),
        data["source_uri"],
        tuple(InputFile(**entry) for entry in data["inputs"]),
        tuple(Skipped(**entry) for entry in data["skipped"]),
        tuple(Shard(**entry) for entry in data["shards"]),
        tuple(data["groups"]),
        _ending(data["ending"]) if data.get("ending") else None,
    )


def _ending(data: dict[str, Any]) -> Ending:
    duplicates = data["duplicates"]
    examples = (
        ((first[0], first[1]), (last[0], last[1])) for first, last in duplicates["examples"]
    )
    return Ending(
        tuple(ShardResult.from_json(entry) for entry in data["results"]),
        Duplicates(duplicates["replaced"], tuple(examples)),
        CauseSums.from_json(data["causes"]) if "causes" in data else CauseSums(),
        JobChecks.from_json(data["checks"]) if data.get("checks") else None,
        tuple(Moment(*moment) for moment in data.get("curve", ())),
    )


def _as_it_is(data: dict[str, Any]) -> dict[str, Any]:
    """Layout 4 has no seal, and no ending."""
    return data


def _choices_apart(data: dict[str, Any]) -> dict[str, Any]:
    """Layout 3, of version 0.1.0, has the choices among the settings, and the largest Binary in
    place of the limits.
    """
    choices = dict(data["settings"])
    settings = {name: choices.pop(name) for name in ("work_folder", "job_folder", "id_required")}
    choices["limits"] = "none" if choices.pop("max_binary") is None else "healthlake"
    return {**data, "settings": {**settings, "choices": choices}}


def _one_by_one(data: dict[str, Any]) -> dict[str, Any]:
    """Layout 5 has no groups: a shard is one."""
    return {**data, "groups": [shard["index"] for shard in data["shards"]]}


_MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    3: _choices_apart,
    4: _as_it_is,
    5: _one_by_one,
}
"""Layout -> the plan in the layout after it."""
