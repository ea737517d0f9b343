"""Log parts: what one group of an import's shards leaves behind: parts of the logs and of the
sink.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

from bulkfhir.validators import BlockVerdicts, Verdict

from ..across.keys import KeyColumns, key_bytes
from ..columns.rows import Rows, without
from ..errors import ConfigurationError
from ..job_terms.job_folder import KEYS
from ..job_terms.settings import Settings
from ..plugins import SINKS, load
from ..reading.lines import Lines
from ..sharding.checkpoint import save_record
from ..sharding.shard import Shard, ShardResult
from ..sinks import Accepted, Sink, SinkWriter, sizes_of
from ..storage import storage_for
from .audit import audited
from .finding_parts import PieceFiles, RelationPart
from .line_numbers import LineNumbers
from .outcomes import FAILURE, SEARCH_FAILURE, SUCCESS, outcome_line, success_lines
from .rejected_lines import RejectedFiles

__all__ = ["LogParts", "open_rejected", "open_sink"]

_Entry = TypeVar("_Entry")


@lru_cache(maxsize=4)
def open_sink(settings: Settings) -> Sink | None:
    """Return the job's sink, one for each worker; None where nothing is stored.

    Raises ConfigurationError where it refuses the value of an option, by a ValueError.
    """
    choices = settings.choices
    if choices.sink is None or settings.job_folder is None:
        return None
    storage = storage_for(settings.job_folder, choices.encryption_key_id)
    factory = load(SINKS, choices.sink)
    try:
        sink: Sink = factory(settings.job_folder, storage, **dict(choices.sink_options))
    except ValueError as error:
        raise ConfigurationError(f"the sink {choices.sink}: {error}") from None
    return sink


@lru_cache(maxsize=4)
def open_rejected(settings: Settings) -> RejectedFiles | None:
    """Return where the job's rejected lines are kept; None where they are not."""
    choices = settings.choices
    if choices.rejected is None or settings.job_folder is None:
        return None
    storage = storage_for(settings.job_folder, choices.encryption_key_id)
    return RejectedFiles(settings.job_folder, storage)


class LogParts:
    """An import job's output: parts of the three logs, the sink's, and the keys of what was
    accepted.
    """

    def __init__(self, settings: Settings, index: int) -> None:
        self._settings = settings
        self._source = ""
        self._minimal = settings.choices.level == "minimal"
        self._files = PieceFiles(settings, index)
        self._keys = KeyColumns(key_bytes(settings))
        self._lines = 0
        self._numbers, self._counts = LineNumbers(), False
        self._relations = RelationPart(settings, self._files)
        sink = open_sink(settings)
        self._sink: SinkWriter | None = sink.open(index) if sink else None
        kept = open_rejected(settings)
        self._rejected = kept.open(index) if kept else None

    def begin(self, shard: Shard) -> None:
        """Say that the next blocks are this shard's."""
        self._source = shard.uri
        self._counts = shard.start > 0
        self._files.begin()
        self._relations.begin(shard)

    def write(self, lines: Lines, verdicts: BlockVerdicts) -> int:
        """Write one block; return how many of its accepted lines are search-validation failures."""
        rejected = verdicts.failed | verdicts.crashed
        self._relations.add(lines, verdicts)
        warned = _warned(verdicts, rejected) if self._minimal else []
        if warned:
            self._files.write(SEARCH_FAILURE, _outcomes(lines.first, verdicts, warned))
            self._count(SEARCH_FAILURE, lines, verdicts.numbers, warned)
        if rejected:
            places = sorted(rejected)
            self._files.write(FAILURE, _outcomes(lines.first, verdicts, places))
            self._count(FAILURE, lines, verdicts.numbers, places)
            if self._rejected:
                self._rejected.write(self._source, lines, verdicts, places)
        accepted, numbers = _accepted(self._source, lines, verdicts, sorted(rejected), warned)
        if numbers:
            rows = Rows.of(numbers, lines.first, accepted.types, accepted.ids)
            self._keys.add(rows, self._lines)
            if self._keys.full:
                self._files.write(KEYS, self._keys.take())
            if warned:
                numbers = _picked(numbers, _unwarned(accepted))
                rows = _successes(numbers, lines.first, accepted)
            self._files.write(SUCCESS, success_lines(rows))
            self._count(SUCCESS, lines, numbers)
            if self._sink:
                self._sink.write(accepted)
        return len(warned)

    def keep(self, name: str, rows: bytes) -> None:
        """Write rows that others made of the shard's lines to the end of the part ``name``."""
        self._files.write(name, rows)

    def end(self, result: ShardResult) -> ShardResult:
        """Return the result of the shard that ``begin`` named, with its pieces of the parts."""
        self._lines += result.lines
        numbered = tuple(self._numbers.take())
        return dataclasses.replace(self._files.end(result), numbered=numbered)

    def commit(self, results: Sequence[ShardResult]) -> tuple[ShardResult, ...]:
        """Put everything written in its place, the record of it last; return the results with the
        group that they were done in.
        """
        if self._sink:
            self._sink.commit()
        if self._rejected:
            self._rejected.commit(durable=True)
        if any(result.totals.imported for result in results):
            self._files.write(KEYS, self._keys.take())
        self._relations.end()
        self._files.commit(durable=True)  # before the record that tells of them
        placed = self._files.placed(results)
        save_record(self._settings, placed, self._files.sizes(), self._output())
        return placed

    def abort(self) -> None:
        """Leave nothing of the group."""
        self._files.abort()
        if self._sink:
            self._sink.abort()
        if self._rejected:
            self._rejected.abort()

    def _count(
        self,
        log: str,
        lines: Lines,
        numbers: Sequence[int],
        positions: Sequence[int] | None = None,
    ) -> None:
        """Count lines with their numbers, or those in some positions."""
        if self._counts:
            chosen = numbers if positions is None else _picked(numbers, positions)
            self._numbers.add(log, lines.first + 1, chosen)

    def _output(self) -> list[tuple[str, int]]:
        """Return (place below the job's folder, bytes) of the parts that stay when the job ends."""
        return [
            *(sizes_of(self._sink) if self._sink else ()),
            *(self._rejected.sizes() if self._rejected else ()),
        ]


def _warned(verdicts: BlockVerdicts, rejected: frozenset[int]) -> list[int]:
    """Accepted lines that the minimal level records a warning for."""
    return sorted(
        position
        for position, verdict in verdicts.verdicts.items()
        if position not in rejected and any(issue.severity == "warning" for issue in verdict.issues)
    )


def _outcomes(first: int, verdicts: BlockVerdicts, positions: Iterable[int]) -> bytes:
    lines = []
    for position in positions:
        status = (
            500 if position in verdicts.crashed else 400 if position in verdicts.failed else 200
        )
        verdict: Verdict = verdicts.verdicts[position]
        line_id = first + verdicts.numbers[position] + 1
        lines.append(
            outcome_line(
                line_id,
                verdicts.types[position],
                verdicts.ids[position],
                verdict.issues,
                status,
                verdict.remarks,
            )
        )
    return b"".join(lines)


def _accepted(
    source: str, lines: Lines, verdicts: BlockVerdicts, rejected: list[int], warned: list[int]
) -> tuple[Accepted, Sequence[int]]:
    """The accepted lines as columns, and their numbers in the block.

    The judge has seen to it that they have a type and an id.
    """
    columns = verdicts.numbers, verdicts.starts, verdicts.ends, verdicts.types, verdicts.ids
    numbers, starts, ends, types, ids = (without(column, rejected) for column in columns)
    replaced: dict[int, bytes] = {}
    for at in warned:
        line = lines.data[verdicts.starts[at] : verdicts.ends[at]]
        place = at - bisect_left(rejected, at)
        replaced[place] = audited(line, verdicts.verdicts[at].issues)
    accepted = (starts, ends, types, ids, replaced, source, lines.offset)
    return Accepted(lines.data, *accepted), numbers


def _successes(numbers: Sequence[int], first: int, accepted: Accepted) -> Rows:
    """The accepted lines but for those that another log is about, given their numbers."""
    keep = _unwarned(accepted)
    return Rows.of(numbers, first, _picked(accepted.types, keep), _picked(accepted.ids, keep))


def _unwarned(accepted: Accepted) -> list[int]:
    return [place for place in range(len(accepted.types)) if place not in accepted.replaced]


def _picked(column: Sequence[_Entry], positions: Iterable[int]) -> list[_Entry]:
    return [column[position] for position in positions]
