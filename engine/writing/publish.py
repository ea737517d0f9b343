"""Publish: the pieces that a file's shards have of the groups' parts become its logs, in input
order, with the file's own line numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bulkfhir.validators.light_dataclass import dataclass

from ..errors import StorageError
from ..executors.live_counters import Heartbeat
from ..file_outcomes import FileOutcome, ResultsInOrder
from ..reading.lines import BLOCK_BYTES
from ..settings import Settings
from ..shard import ShardResult
from ..shard_groups import weight
from ..stages import PLACE, PUBLISH
from ..storage import Reader, Storage, storage_for
from ..storage.media_types import NDJSON
from .outcomes import FAILURE, LOGS, SUCCESS, file_failure_line, with_base

__all__ = ["LogPlan", "Piece", "digest_of", "log_plans", "publish_logs"]

_AT_ONCE: Final = 32 << 20
"""Bytes of input whose logs one task publishes: one large file, or some hundred small ones."""

_GROWTH: Final = 8
"""Lines become longer by an eighth at the most, as their numbers do: they have some 90 bytes, and
a number of a large file has ten digits more than that of a shard.
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """The lines that one shard has in one log.

    part    number of the group in whose part they stand
    start   where they begin in it, in bytes
    size    bytes; None: up to the part's end
    base    lines of the file before the shard
    """

    log: str
    part: int
    start: int
    size: int | None
    base: int


@dataclass(frozen=True, slots=True)
class LogPlan:
    """What the logs of one file are made of.

    pieces  in the order of the file
    broken  (message, status) of each break of the file
    """

    log_name: str
    pieces: tuple[Piece, ...]
    broken: tuple[tuple[str, int], ...]


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
            pieces += (
                Piece(log, shard.part, begin[log], size, base)
                for log, size in sorted(shard.pieces)
                if log in LOGS
            )
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


def publish_logs(settings: Settings, plans: Sequence[LogPlan], beat: Heartbeat) -> None:
    """Write the logs of some files, each of them whole.

    Idempotent. SUCCESS is written for every file, the others where there is something to say.
    """
    if settings.job_folder is None:
        raise ValueError("lines that are only validated have no logs")
    key = settings.choices.encryption_key_id
    storage = storage_for(settings.job_folder, key)
    parts = {name: _Parts(settings, name) for name in LOGS}
    try:
        for plan in plans:
            for name, part in parts.items():
                _publish(storage, storage.join(settings.job_folder, name), part, plan, beat)
    finally:
        for part in parts.values():
            part.close()


def _publish(storage: Storage, folder: str, part: _Parts, plan: LogPlan, beat: Heartbeat) -> None:
    """Write one log of one file, where there is something to say."""
    pieces = [piece for piece in plan.pieces if piece.log == part.log]
    closing = plan.broken if part.log == FAILURE else ()
    if not pieces and not closing and part.log != SUCCESS:
        return
    beat.turn(PLACE)
    expected = sum(piece.size or 0 for piece in pieces)
    expected += expected // _GROWTH
    # The name is the input's, whose ending may be another.
    writer = storage.writer(storage.join(folder, plan.log_name), NDJSON, expected)
    try:
        beat.turn(PUBLISH)
        for piece in pieces:
            for rows in part.lines(piece, beat):
                writer.write(with_base(rows, piece.base))
        writer.write(b"".join(file_failure_line(message, status) for message, status in closing))
        beat.turn(PLACE)
        writer.commit()
    except BaseException:
        writer.abort()
        raise


class _Parts:
    """The parts of one log, of which one is open: pieces that stand in a row are read in one go."""

    def __init__(self, settings: Settings, log: str) -> None:
        self.log = log
        self._settings = settings
        self._reader: Reader | None = None
        self._place: tuple[int, int] | None = None

    def lines(self, piece: Piece, beat: Heartbeat) -> Iterator[bytes]:
        """Yield the lines of a piece, in runs of whole ones."""
        held = b""
        for chunk in self._bytes(piece):
            beat()
            cut = chunk.rfind(b"\n") + 1
            if not cut:
                held += chunk
                continue
            yield held + chunk[:cut]
            held = chunk[cut:]

    def close(self) -> None:
        """Close what is open."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _bytes(self, piece: Piece) -> Iterator[bytes]:
        reader, left = self._at(piece), piece.size
        while left is None or left:
            chunk = reader.read(BLOCK_BYTES if left is None else min(BLOCK_BYTES, left))
            if not chunk:
                break
            left = None if left is None else left - len(chunk)
            yield chunk
        if left:
            raise StorageError(self._uri(piece), "it ends early")
        self._place = (piece.part, piece.start + (piece.size or 0))

    def _at(self, piece: Piece) -> Reader:
        """Return a reader that stands where a piece begins."""
        if self._reader is None or self._place != (piece.part, piece.start):
            self.close()
            self._reader = self._settings.work_storage.open(self._uri(piece), piece.start)
        self._place = None
        return self._reader

    def _uri(self, piece: Piece) -> str:
        return self._settings.part_uri(piece.part, self.log)
