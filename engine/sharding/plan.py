"""Plan: all that decides a job's output, and once its logs are published how the job ends."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, astuple, field
from typing import Any

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..across.cause_sums import CauseSums
from ..across.duplicates import Duplicates
from ..across.job_checks import JobChecks
from ..across.referred import referred_shards
from ..figures.job_figures import Moment
from ..job_terms.settings import Settings
from ..reading.packed_list import PackedList, row_of
from ..reading.sources import InputFile, Skipped
from .file_outcomes import FilesSum, OutcomesByFile
from .results import Results
from .shard import Shard, ShardResult
from .shard_list import ShardList
from .task_files import TaskRows, rows_of_tasks

__all__ = ["Ending", "Plan", "newest"]


@dataclass(frozen=True, slots=True)
class Ending:
    """The state of a job whose logs are published: all that its last step needs.

    files     what its files came to
    shards    how many there were
    checks    over the whole job; None where they were not asked for
    curve     what was read as time went on, in the run that read last
    """

    files: FilesSum
    shards: int
    duplicates: Duplicates = field(default_factory=Duplicates)
    causes: CauseSums = field(default_factory=CauseSums)
    checks: JobChecks | None = None
    curve: tuple[Moment, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the ending as JSON values."""
        return {
            "files": self.files.to_json(),
            "shards": self.shards,
            "duplicates": asdict(self.duplicates),
            "causes": asdict(self.causes),
            "checks": self.checks and asdict(self.checks),
            "curve": [astuple(moment) for moment in self.curve],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Ending:
        """Read what ``to_json`` made, after JSON."""
        return cls(FilesSum.from_json(data["files"]), data["shards"], **_across(data))


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides a job's output: a resumed job goes on with the plan it began with.

    groups   the number of the first shard of every group
    ending   None until the logs are published; then inputs, shards and groups are of no use any
             more, and a plan that was read has none
    """

    settings: Settings
    source_uri: str
    inputs: Sequence[InputFile]
    skipped: Sequence[Skipped]
    shards: ShardList
    groups: Sequence[int]
    ending: Ending | None = None

    def to_json(self, tasks: int | list[TaskRows]) -> dict[str, Any]:
        """Return the plan as JSON values, with its pieces, or how many files hold them."""
        return {
            "settings": asdict(self.settings),
            "source_uri": self.source_uri,
            "skipped": [row_of(file) for file in self.skipped],
            "tasks": tasks,
            "ending": self.ending and self.ending.to_json(),
        }

    @classmethod
    def from_json(
        cls, data: dict[str, Any], read_tasks: Callable[[int], Iterable[TaskRows]]
    ) -> Plan:
        """Read what ``to_json`` made, after JSON. ``read_tasks`` reads so many files of pieces."""
        inputs, groups = PackedList(InputFile), array("q")
        shards = ShardList(inputs)
        ending = Ending.from_json(data["ending"]) if data["ending"] else None
        tasks = data["tasks"]
        if ending is not None:
            tasks = []
        for piece in read_tasks(tasks) if isinstance(tasks, int) else tasks:
            for row in piece["inputs"][len(inputs) - piece["file"] :]:
                inputs.append(InputFile(*row))
            for file, start, end, compression in piece["shards"]:
                shards.append(file, start, end, compression)
            groups.extend(piece["groups"])
        skipped = PackedList(Skipped, (Skipped(*row) for row in data["skipped"]))
        settings = Settings.from_json(data["settings"])
        return cls(settings, data["source_uri"], inputs, skipped, shards, groups, ending)


def newest(data: dict[str, Any]) -> dict[str, Any]:
    """Return a plan as JSON values in the newest layout that leads on from its own."""
    layout = data["version"]
    while layout in _MIGRATIONS:
        data, layout = _MIGRATIONS[layout](data), layout + 1
    return {**data, "version": layout}


def _across(data: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an ending that stand as they always stood."""
    duplicates = data["duplicates"]
    examples = (
        ((first[0], first[1]), (last[0], last[1])) for first, last in duplicates["examples"]
    )
    return {
        "duplicates": Duplicates(duplicates["replaced"], tuple(examples)),
        "causes": CauseSums.from_json(data["causes"]) if "causes" in data else CauseSums(),
        "checks": JobChecks.from_json(data["checks"]) if data.get("checks") else None,
        "curve": tuple(Moment(*moment) for moment in data.get("curve", ())),
    }


def _choices_apart(data: dict[str, Any]) -> dict[str, Any]:
    """Layout 3, of version 0.1.0, has the choices among the settings, and the largest Binary in
    place of the limits.
    """
    choices = dict(data["settings"])
    settings = {name: choices.pop(name) for name in ("work_folder", "job_folder", "id_required")}
    choices["limits"] = "none" if choices.pop("max_binary") is None else "healthlake"
    return {**data, "settings": {**settings, "choices": choices}}


def _as_it_is(data: dict[str, Any]) -> dict[str, Any]:
    """Layout 4 has no seal, and no ending. Layout 7 has other keys in the work folder, as its
    settings say.
    """
    return data


def _shard_by_shard(data: dict[str, Any]) -> dict[str, Any]:
    """Layout 5 has no groups: a shard is one."""
    return {**data, "groups": [shard["index"] for shard in data["shards"]]}


def _in_pieces(data: dict[str, Any]) -> dict[str, Any]:
    """Layout 6 has inputs and shards with the names of their members, and an ending with the result
    of every shard. What lies in its work folder stays as it is.
    """
    inputs = PackedList(InputFile, (InputFile(**entry) for entry in data["inputs"]))
    shards = ShardList.of(inputs, (Shard(**entry) for entry in data["shards"]))
    ending = data.get("ending")
    return {
        "settings": {**data["settings"], "layout": 6},
        "source_uri": data["source_uri"],
        "skipped": [row_of(Skipped(**entry)) for entry in data["skipped"]],
        "tasks": list(rows_of_tasks(inputs, shards, data["groups"])),
        "ending": _summed(inputs, shards, ending).to_json() if ending else None,
    }


def _summed(inputs: Sequence[InputFile], shards: ShardList, data: dict[str, Any]) -> Ending:
    """Return an ending of layout 6 without the results of its shards."""
    results = Results(shards)
    for entry in data["results"]:
        results.add(ShardResult.from_json(entry))
    across = _across(data)
    referred = referred_shards(across["duplicates"].examples, across["causes"], across["checks"])
    outcomes = OutcomesByFile(inputs, shards.files, results)
    files = FilesSum.of(outcomes, results.totals, referred)
    return Ending(files, len(shards), **across)


_MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    3: _choices_apart,
    4: _as_it_is,
    5: _shard_by_shard,
    6: _in_pieces,
    7: _as_it_is,
}
"""Layout -> the plan in the layout after it."""
