"""RunOptions: what the operator of an endpoint chose for every job it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..log_lines import LogFormat

__all__ = ["RunOptions"]

Limits = Literal["healthlake", "none"]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Settings of the engine that no request carries.

    workers           processes of a job's pool; None: the engine's own choice
    unknown_profile   error | warning | ignore: what a profile that nobody knows does to a resource
                      under strict
    limits            healthlake: a job over the service's limits is FAILED before it reads; none
    packages          FHIR packages to know beside the core
    default_versions  ``name#version``: what a bare canonical url means
    log_format, log_level   of the job's lines on standard error
    """

    workers: int | None = None
    unknown_profile: str = "error"
    limits: Limits = "healthlake"
    packages: tuple[str, ...] = ()
    default_versions: tuple[str, ...] = ()
    log_format: LogFormat = "text"
    log_level: str = "WARNING"
