"""Group parts: the output of one group of shards, whatever the job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bulkfhir.validators import BlockVerdicts

from ..job_terms.settings import Settings
from ..reading.lines import Lines
from ..sharding.shard import Shard, ShardResult

__all__ = ["Parts", "open_parts"]


class Parts(Protocol):
    """The output of one group. Nothing of it counts before ``commit``."""

    def begin(self, shard: Shard) -> None:
        """Say that the next blocks are this shard's."""
        ...

    def write(self, lines: Lines, verdicts: BlockVerdicts) -> int:
        """Write one block; return how many of its accepted lines are search-validation failures."""
        ...

    def keep(self, name: str, rows: bytes) -> None:
        """Write rows that others made of the shard's lines to the end of the part ``name``."""
        ...

    def end(self, result: ShardResult) -> ShardResult:
        """Return the result of the shard that ``begin`` named, with its pieces of the parts."""
        ...

    def commit(self, results: Sequence[ShardResult]) -> tuple[ShardResult, ...]:
        """Put everything written in its place, the record of it last; return the results with the
        group that they were done in.
        """
        ...

    def abort(self) -> None:
        """Leave nothing of the group."""
        ...


def open_parts(settings: Settings, index: int) -> Parts:
    """Return the output of the group with this number: of an import where there is a job folder,
    else of a validation.
    """
    if settings.job_folder is None:
        from .finding_parts import FindingParts  # each is loaded where it is written

        return FindingParts(settings, index)
    from .parts import LogParts

    return LogParts(settings, index)
