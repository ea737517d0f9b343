"""RunOptions: what the operator of an endpoint chose for every job it runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Self

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..job_terms.job_choices import Choices, ReportWish
from ..process.log_lines import LogFormat

__all__ = ["RunOptions"]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Settings of the engine that no request carries.

    workers           processes of a job's pool; None: the engine's own choice
    choices           of every job, but for its level and its key, which its request states
    log_format, log_level   of the job's lines on standard error
    report            the report of every job, its name apart; None: none
    """

    workers: int | None = None
    choices: Choices = field(default_factory=lambda: Choices(limits="healthlake"))
    log_format: LogFormat = "text"
    log_level: str = "WARNING"
    report: ReportWish | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the options as JSON values, for the process of a job."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` made, after JSON."""
        wish = data.get("report")
        report = None if wish is None else ReportWish(**wish)
        return cls(**{**data, "choices": Choices.from_json(data["choices"]), "report": report})
