"""Order: which import a trial runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..job_terms.job_choices import Choices

__all__ = ["Order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One import to measure.

    sources, choices, include_all, workers, task_bytes, executor, executor_options
             as in ``import_job``
    output   where the job's folder is made, and stays; None: in a temporary folder
    share    part of the inputs, 0 to 1, that is read as a sample, by one worker; None: all
    seed     of the sample
    """

    sources: tuple[str, ...]
    choices: Choices
    output: str | None = None
    include_all: bool = False
    workers: int | None = None
    task_bytes: int | None = None
    executor: str = "local"
    executor_options: Mapping[str, str] = field(default_factory=dict)
    share: float | None = None
    seed: int = 0
