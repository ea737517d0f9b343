"""Settings: what a worker must know about the job beside its shard.

Small, hashable, sent with every shard.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """One job's choices.

    work_folder     where part files go
    job_folder      where the sink writes; None when lines are only validated
    id_required     the import job's rule that a resource has an id
    values          messages may quote values of elements
    default_versions  ``name#version`` of packages: what a bare canonical url means
    max_binary      largest Binary in bytes, None for any
    """

    level: str
    work_folder: str
    job_folder: str | None = None
    id_required: bool = True
    unknown_profile: str = "error"
    warnings: bool = False
    packages: tuple[str, ...] = ()
    default_versions: tuple[str, ...] = ()
    judge: str = "bulkfhir"
    validators: tuple[str, ...] = ()
    sink: str | None = None
    encryption_key_id: str | None = None
    values: bool = True
    max_binary: int | None = None

    @property
    def plug_ins(self) -> bool:
        """Whether code that is not this project's runs in the workers."""
        return {self.judge, *self.validators} != {"bulkfhir"} or self.sink not in (None, "ndjson")
