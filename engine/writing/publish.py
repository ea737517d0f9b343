"""Publish: the pieces that a file's shards have of the groups' parts become its logs, in input
order, with the file's own line numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import StorageError
from ..executors.live_counters import Heartbeat
from ..figures.stages import PLACE, PUBLISH
from ..job_terms.settings import Settings
from ..reading.lines import BLOCK_BYTES
from ..storage import PartWriter, Reader, Storage, Upload, UploadedPart, storage_for
from ..storage.media_types import NDJSON
from .log_plans import LogPlan, Piece
from .outcomes import LOGS, SUCCESS, with_base

__all__ = ["LogRange", "WrittenRange", "length_of", "publish_logs", "publish_range"]

_GROWTH: Final = 8
"""Lines become longer by an eighth at the most, as their numbers do: they have some 90 bytes, and
a number of a large file has ten digits more than that of a shard.
"""


@dataclass(frozen=True, slots=True)
class LogRange:
    """Some parts in a row of one large log, which several workers write.

    log     SUCCESS, FAILURE, …
    parts   their numbers, from 1
    pieces  those that have a line in them, each with its length
    skip    bytes of the first piece that lie before
    whole   the last piece ends in them
    closing lines that end the log, of the last parts
    """

    log: str
    upload: Upload
    parts: range
    pieces: tuple[Piece, ...]
    skip: int
    whole: bool
    closing: bytes = b""


@dataclass(frozen=True, slots=True)
class WrittenRange:
    """The facts about the parts that a worker wrote, by their number."""

    upload: Upload
    parts: Mapping[int, UploadedPart]


def publish_logs(
    settings: Settings,
    plans: Sequence[LogPlan],
    apart: Collection[tuple[str, str]],
    beat: Heartbeat,
) -> None:
    """Write the logs of some files, each of them whole, but for those (log, file) that are written
    ``apart``, range by range.

    Idempotent. SUCCESS is written for every file, the others where there is something to say.
    """
    if settings.job_folder is None:
        raise ValueError("lines that are only validated have no logs")
    key = settings.choices.encryption_key_id
    storage = storage_for(settings.job_folder, key)
    parts = {name: _LogParts(settings, name) for name in LOGS}
    try:
        for plan in plans:
            for name, part in parts.items():
                if (name, plan.log_name) not in apart:
                    _publish(storage, storage.join(settings.job_folder, name), part, plan, beat)
    finally:
        for part in parts.values():
            part.close()


def _publish(
    storage: Storage, folder: str, part: _LogParts, plan: LogPlan, beat: Heartbeat
) -> None:
    """Write one log of one file, where there is something to say."""
    pieces, closing = plan.pieces_of(part.log), plan.closing(part.log)
    if not pieces and not closing and part.log != SUCCESS:
        return
    beat.turn(PLACE)
    place = storage.join(folder, plan.log_name)
    if len(pieces) == 1 and not closing and part.is_linked(storage, pieces[0], place):
        return
    expected = sum(piece.size or 0 for piece in pieces)
    expected += expected // _GROWTH
    # The name is the input's, whose ending may be another.
    writer = storage.writer(place, NDJSON, expected)
    try:
        beat.turn(PUBLISH)
        for piece in pieces:
            for rows in part.lines(piece, beat):
                writer.write(with_base(rows, piece.base))
        writer.write(closing)
        beat.turn(PLACE)
        writer.commit()
    except BaseException:
        writer.abort()
        raise


def publish_range(settings: Settings, given: LogRange, beat: Heartbeat) -> WrittenRange:
    """Write some parts of a large log. Idempotent.

    Raises StorageError, also where a piece is not as long as it was told.
    """
    beat.turn(PUBLISH)
    storage = storage_for(given.upload.uri, settings.choices.encryption_key_id)
    part, writer = _LogParts(settings, given.log), _RangeWriter(storage, given)
    skip = given.skip
    try:
        for rows in _lengthened(part, given, beat):
            writer.write(memoryview(rows)[skip:], beat)
            skip -= min(skip, len(rows))
            if writer.is_full and not given.whole:
                break
    finally:
        writer.close()
        part.close()
    return WrittenRange(given.upload, writer.written)


class _RangeWriter:
    """The parts of a range while they are written, one after the other.

    written  what the store said of those that are whole
    """

    def __init__(self, storage: Storage, given: LogRange) -> None:
        self.written: dict[int, UploadedPart] = {}
        self._storage, self._upload = storage, given.upload
        self._left = list(given.parts)
        self._part: PartWriter | None = None
        self._room = 0

    @property
    def is_full(self) -> bool:
        """Return whether all parts are whole."""
        return not self._left

    def write(self, data: memoryview, beat: Heartbeat) -> None:
        """Write bytes to the end; what comes after the last part is another range's."""
        while self._left and len(data):
            number = self._left[0]
            if self._part is None:
                self._part = self._storage.part_writer(self._upload, number)
                self._room = self._upload.length_of(number)
            self._part.write(data[: self._room])
            written = min(self._room, len(data))
            data, self._room = data[written:], self._room - written
            if not self._room:
                beat.turn(PLACE)
                self.written[number] = self._part.commit()
                beat.turn(PUBLISH)
                self._part = None
                self._left.pop(0)

    def close(self) -> None:
        """Free what a part holds that did not become whole."""
        part, self._part = self._part, None
        if part is not None:
            part.abort()


def _lengthened(part: _LogParts, given: LogRange, beat: Heartbeat) -> Iterator[bytes]:
    """Yield the lines of a range's pieces with the file's own numbers, and those that end the log.

    Raises StorageError where a piece is not as long as was told, on which all other ranges rely.
    """
    for piece in given.pieces:
        length = 0
        for rows in part.lines(piece, beat):
            made = with_base(rows, piece.base)
            length += len(made)
            yield made
        if length != piece.length:
            raise StorageError(given.upload.uri, "a piece of it is not as long as was told")
    yield given.closing


def length_of(settings: Settings, piece: Piece, beat: Heartbeat) -> int:
    """Return how long a piece becomes, by a look at its lines. Raises StorageError."""
    part = _LogParts(settings, piece.log)
    try:
        return sum(len(with_base(rows, piece.base)) for rows in part.lines(piece, beat))
    finally:
        part.close()


class _LogParts:
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

    def is_linked(self, storage: Storage, piece: Piece, place: str) -> bool:
        """Put a piece in its place as it is, and return whether that could be: it is a whole part,
        its numbers stay, and the part lies beside the logs.
        """
        if (
            piece.base
            or piece.start
            or not piece.size
            or self._settings.work_storage is not storage
        ):
            return False
        return storage.link(self._uri(piece), place, piece.size)

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
