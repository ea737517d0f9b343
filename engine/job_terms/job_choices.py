"""Choices: what the user chose about verdicts and output, as one record that is made once, by the
command line or by a call from Python, and carried whole to the worker.

A choice that is added here is an option in ``cli/options.py`` or ``cli/import_job.py``, a keyword
of ``import_job`` and ``validate_files`` with its kind in ``job/keywords.py``, and what the place
that uses it makes of it; no other file names it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import ConfigurationError
from ..plugins import SINKS, is_own
from ..storage import normal

if TYPE_CHECKING:
    from bulkfhir.validators import Level

__all__ = [
    "LEVELS",
    "LIMITS",
    "TERMINOLOGIES",
    "UNKNOWN_PROFILES",
    "Choices",
    "ReportWish",
    "Limits",
    "default_versions",
]

Limits = Literal["healthlake", "none"]

LEVELS = ("strict", "structure-only", "minimal")
"""The levels of ``bulkfhir.validators.Level``; importing that would cost --help half a second."""
UNKNOWN_PROFILES = ("error", "warning", "ignore")
TERMINOLOGIES = ("reference", "r4")
_PLACES_OF_TABLES = ("location", "sqlite")
"""Options of a table that are paths or addresses."""

LIMITS: tuple[Limits, ...] = get_args(Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """All that decides a job's verdicts and output beside its input, small enough to go with every
    shard. The keywords of ``import_job`` say what each of them means.

    sink_options, table_options  (name, value) of each, by name

    A table asks for the sink parquet, where no sink is named.
    """

    level: Level = "strict"
    unknown_profile: str = "error"
    terminology: str = "reference"
    warnings: bool = False
    profiles: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    default_versions: tuple[str, ...] = ()
    judge: str = "bulkfhir"
    validators: tuple[str, ...] = ()
    values: bool = True
    max_issues: int = 1_000
    sink: str | None = None
    sink_options: tuple[tuple[str, str], ...] = ()
    table: str | None = None
    table_options: tuple[tuple[str, str], ...] = ()
    rejected: str | None = None
    limits: Limits = "none"
    encryption_key_id: str | None = None
    work_folder: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    checks: bool = False
    targets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.table is not None and self.sink is None:
            object.__setattr__(self, "sink", "parquet")

    @property
    def plug_ins(self) -> bool:
        """Return whether code that is not this project's runs in the workers."""
        own_sink = self.sink is None or is_own(SINKS, self.sink)
        return {self.judge, *self.validators} != {"bulkfhir"} or not own_sink

    def absolute(self) -> Self:
        """Return the same choices with places that mean the same from any working folder."""
        placed = tuple(
            (name, normal(value) if name in _PLACES_OF_TABLES else value)
            for name, value in self.table_options
        )
        work_folder = None if self.work_folder is None else normal(self.work_folder)
        return dataclasses.replace(self, work_folder=work_folder, table_options=placed)

    def check(self) -> None:
        """Raise ConfigurationError for a value that none of these choices has."""
        if self.level not in LEVELS:
            raise ConfigurationError(f"{self.level}: no such level; levels are {', '.join(LEVELS)}")
        if self.unknown_profile not in UNKNOWN_PROFILES:
            raise ConfigurationError(
                f"{self.unknown_profile}: an unknown profile can be an error, a warning, or one to "
                "ignore"
            )
        if self.terminology not in TERMINOLOGIES:
            raise ConfigurationError(
                f"{self.terminology}: terminology is read by one of {', '.join(TERMINOLOGIES)}"
            )
        if self.max_issues < 0:
            raise ConfigurationError(f"{self.max_issues}: a line shows no less than no issue")
        if self.rejected not in (None, "ndjson"):
            raise ConfigurationError(f"{self.rejected}: rejected lines are kept as ndjson")
        if self.limits not in LIMITS:
            raise ConfigurationError(f"{self.limits}: limits are {' or '.join(LIMITS)}")
        if self.targets and not self.checks:
            raise ConfigurationError(
                f"{self.targets[0]}: a target is looked into by checks over the whole job, which "
                "are not asked for"
            )
        if self.sink_options and self.sink is None:
            raise ConfigurationError(f"{self.sink_options[0][0]}: an option of no sink")
        if self.table_options and self.table is None:
            raise ConfigurationError(f"{self.table_options[0][0]}: an option of no table")
        if self.table is not None and self.sink != "parquet":
            raise ConfigurationError(
                f"{self.sink}: a table is made of the parts of the sink parquet"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the choices as JSON values, by name."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` made, after JSON; one that is not there has its default."""
        return cls(**{name: _frozen(value) for name, value in data.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWish:
    """How a job's report is to be, where one is wanted. It decides nothing of what is imported, so
    that a job may be gone on with by another wish.

    values  whether it may quote values of the data
    name    the job's name, as its user gave it
    """

    values: bool = False
    name: str | None = None


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def default_versions(named: Sequence[str]) -> dict[str, str]:
    """Return ``name#version`` of packages, by name. Raise ConfigurationError for another form."""
    versions = {}
    for text in named:
        name, mark, version = text.partition("#")
        if not (name and mark and version):
            raise ConfigurationError(
                f"{text}: the default version of a package is given as name#version"
            )
        versions[name] = version
    return versions
