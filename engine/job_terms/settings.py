"""Settings: what a worker must know about the job beside its shard.

Small, hashable, sent with every shard.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Self

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..storage import Storage, is_remote, storage_for
from .job_choices import Choices
from .job_folder import part_uri

__all__ = ["PLAN_LAYOUT", "Settings"]

PLAN_LAYOUT = 8
"""The newest layout of a plan and of the work folder around it."""
_IN_PIECES = 7
"""The first one whose plan may lie in task files, and whose parts lie below many prefixes on S3."""
_CHECKED_KEYS = 8
"""The first one whose keys of accepted lines have a check."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One job's choices, and where its files are.

    work_folder     where part files go
    job_folder      where the logs and the sink write; None when lines are only validated
    id_required     the import job's rule that a resource has an id
    secret          of the keys by which checks over the whole job compare: 32 hexadecimal digits
    layout          of the work folder: that of the plan which the job was begun with
    """

    choices: Choices
    work_folder: str
    job_folder: str | None = None
    id_required: bool = True
    secret: str = ""
    layout: int = PLAN_LAYOUT

    @property
    def in_pieces(self) -> bool:
        """Return whether a plan of many shards lies in task files."""
        return self.layout >= _IN_PIECES

    @property
    def checked_keys(self) -> bool:
        """Return whether the key of an accepted line has a check behind its number."""
        return self.layout >= _CHECKED_KEYS

    @property
    def spread(self) -> bool:
        """Return whether parts and records lie below many prefixes, of each of which a store of
        objects serves so many requests a second.
        """
        return self.in_pieces and is_remote(self.work_folder)

    @property
    def work_storage(self) -> Storage:
        """Return where the work folder lies."""
        return storage_for(self.work_folder, self.choices.encryption_key_id)

    def part_uri(self, group: int, name: str) -> str:
        """Return where the part ``name`` of a group lies, which its first shard numbers."""
        return part_uri(self.work_storage, self.work_folder, group, name, spread=self.spread)

    @property
    def key_secret(self) -> bytes:
        """Return the secret as 16 bytes."""
        return bytes.fromhex(self.secret)

    def differences(self, other: Settings) -> Iterator[tuple[str, Any, Any]]:
        """Yield (name, value here, value there) of everything that differs, choices first."""
        for mine, theirs in ((self.choices, other.choices), (self, other)):
            for item in dataclasses.fields(mine):
                here, there = getattr(mine, item.name), getattr(theirs, item.name)
                if here != there and item.name not in ("choices", "secret", "layout"):
                    yield item.name.replace("_", " "), here, there

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``dataclasses.asdict`` and JSON made of settings."""
        return cls(**{**data, "choices": Choices.from_json(data["choices"])})
