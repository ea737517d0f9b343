"""Finding parts: what one group of a validation's shards leaves behind: the verdicts that have
issues, for a reader in the same machine.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from bulkfhir.validators import BlockVerdicts

from ..job_terms.job_folder import FINDINGS, KEYS, RELATIONS
from ..job_terms.settings import Settings
from ..reading.lines import Lines
from ..sharding.shard import Shard, ShardResult
from ..storage.open_files import OpenFiles
from .finding_rows import encode_findings

if TYPE_CHECKING:
    from ..across.relation_columns import RelationColumns

__all__ = ["FindingParts", "PieceFiles", "RelationPart"]


class PieceFiles(OpenFiles):
    """The part files of one group, in which the pieces of its shards stand in a row."""

    def __init__(self, settings: Settings, index: int) -> None:
        storage = settings.work_storage
        super().__init__(lambda name: storage.writer(settings.part_uri(index, name)))
        self._index = index
        self._before: Mapping[str, int] = {}

    def begin(self) -> None:
        """Begin the pieces of the next shard."""
        self._before = dict(self.sizes())

    def end(self, result: ShardResult) -> ShardResult:
        """Return a shard's result with what was written since ``begin``, but for what is of the
        whole group.
        """
        pieces = (
            (name, size - self._before.get(name, 0))
            for name, size in self.sizes()
            if name not in (KEYS, RELATIONS)
        )
        return dataclasses.replace(result, pieces=tuple(piece for piece in pieces if piece[1]))

    def placed(self, results: Iterable[ShardResult]) -> tuple[ShardResult, ...]:
        """Return results of shards with the group that they were done in."""
        return tuple(
            result
            if result.index == self._index
            else dataclasses.replace(result, group=self._index)
            for result in results
        )


class RelationPart:
    """The part of what a job's resources say of others; nothing where no check asks for it."""

    def __init__(self, settings: Settings, files: OpenFiles) -> None:
        self._columns: RelationColumns | None = None
        if settings.choices.checks:
            from ..across.relation_columns import RelationColumns  # few jobs are checked over

            self._columns = RelationColumns(settings.key_secret)
        self._shard, self._files = -1, files

    def begin(self, shard: Shard) -> None:
        """Say that the next blocks are this shard's."""
        self._shard = shard.index

    def add(self, lines: Lines, verdicts: BlockVerdicts) -> None:
        """Add a block of the shard that has begun."""
        if self._columns is not None:
            self._columns.add(self._shard, lines, verdicts)
            if self._columns.full:
                self.end()

    def end(self) -> None:
        """Write what waits; the part is there even where that is nothing."""
        if self._columns is not None:
            self._files.write(RELATIONS, self._columns.take())


class FindingParts:
    """A validation's output: the verdicts that have issues, for the parent to read back."""

    def __init__(self, settings: Settings, index: int) -> None:
        self._files = PieceFiles(settings, index)
        self._relations = RelationPart(settings, self._files)

    def begin(self, shard: Shard) -> None:
        """Say that the next blocks are this shard's."""
        self._files.begin()
        self._relations.begin(shard)

    def write(self, lines: Lines, verdicts: BlockVerdicts) -> int:
        """Write one block; return how many of its accepted lines are search-validation failures."""
        self._relations.add(lines, verdicts)
        if verdicts.verdicts:
            self._files.write(FINDINGS, encode_findings(lines, verdicts))
        return 0

    def keep(self, name: str, rows: bytes) -> None:
        """Write rows that others made of the shard's lines to the end of the part ``name``."""
        self._files.write(name, rows)

    def end(self, result: ShardResult) -> ShardResult:
        """Return the result of the shard that ``begin`` named, with its piece of the findings."""
        return self._files.end(result)

    def commit(self, results: Sequence[ShardResult]) -> tuple[ShardResult, ...]:
        """Put everything written in its place; return the results with the group that they were
        done in.
        """
        self._relations.end()
        self._files.commit()
        return self._files.placed(results)

    def abort(self) -> None:
        """Leave nothing of the group."""
        self._files.abort()
