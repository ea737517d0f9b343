"""Log plans: what the logs of each file are made of, and how long they become."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..sharding.file_outcomes import FileOutcome, ResultsInOrder
from ..sharding.shard import ShardResult
from ..sharding.shard_groups import weight
from .line_numbers import length_with_base
from .outcomes import FAILURE, LOGS, file_failure_line

__all__ = ["LogPlan", "Piece", "digest_of", "log_plans"]

_AT_ONCE: Final = 32 << 20
"""Bytes of input whose logs one task publishes: one large file, or some hundred small ones."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The lines that one shard has in one log.

    part    number of the group in whose part they stand
    start   where they begin in it, in bytes
    size    bytes; None: up to the part's end
    base    lines of the file before the shard
    length  bytes of the lines in the log, with the file's own numbers; None: only a look at them
            can tell
    """

    log: str
    part: int
    start: int
    size: int | None
    base: int
    length: int | None = None


@dataclass(frozen=True, slots=True)
class LogPlan:
    """The pieces of which the logs of one file are made.

    pieces  in the order of the file
    broken  (message, status) of each break of the file
    """

    log_name: str
    pieces: tuple[Piece, ...]
    broken: tuple[tuple[str, int], ...]

    def pieces_of(self, log: str) -> tuple[Piece, ...]:
        """Return what one of the logs is made of."""
        return tuple(piece for piece in self.pieces if piece.log == log)

    def closing(self, log: str) -> bytes:
        """Return the lines that end one of the logs, which are of no line of the file."""
        return b"".join(file_failure_line(*why) for why in self.broken) if log == FAILURE else b""


def log_plans(
    outcomes: Iterable[FileOutcome], results: ResultsInOrder
) -> Iterator[tuple[LogPlan, ...]]:
    """Yield the plans of all files, as many together as one task publishes. ``results`` are those
    of all shards, by their number.
    """
    starts = _Starts()
    together, room = list[LogPlan](), _AT_ONCE
    for outcome in outcomes:
        pieces = list[Piece]()
        for shard, base in zip(outcome.shards, outcome.bases, strict=True):
            begin = starts.of(shard)
            numbered = dict(shard.numbered)
            for log, size in sorted(shard.pieces):
                if log not in LOGS:
                    continue
                length = size and length_with_base(size, numbered.get(log), base, shard.lines)
                pieces.append(Piece(log, shard.part, begin[log], size, base, length))
        for index in outcome.dropped:
            starts.of(results[index])
        broken = tuple((cause.message, cause.status) for cause in outcome.breaks)
        together.append(LogPlan(outcome.file.log_name, tuple(pieces), broken))
        room -= weight(outcome.file.size)
        if room <= 0:
            yield tuple(together)
            together, room = [], _AT_ONCE
    if together:
        yield tuple(together)


def digest_of(plans: Sequence[LogPlan]) -> str:
    """Return a name for some plans: where it is the same, so are the logs that come of them."""
    return hashlib.sha256(repr(tuple(plans)).encode(errors="surrogatepass")).hexdigest()


class _Starts:
    """Where the pieces of shards begin in the parts of their groups, asked for in order."""

    def __init__(self) -> None:
        self._part: int | None = None
        self._ends: dict[str, int] = {}

    def of(self, shard: ShardResult) -> dict[str, int]:
        """Return log -> where the piece of the next shard begins."""
        if shard.pieces and shard.part != self._part:
            self._part, self._ends = shard.part, {}
        starts = {log: self._ends.get(log, 0) for log, _ in shard.pieces}
        for log, size in shard.pieces:
            self._ends[log] = starts[log] + (size or 0)
        return starts
