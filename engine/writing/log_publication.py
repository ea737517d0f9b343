"""Log publication: the logs of a job's files while workers write them. A large log is written by
several, range by range, and this process makes one of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, Final

from ..executors import Task
from ..executors.live_counters import Heartbeat
from ..job_terms.settings import Settings
from ..storage import Upload, UploadedPart, storage_for
from ..storage.media_types import NDJSON
from .log_plans import LogPlan, Piece
from .outcomes import LOGS
from .publish import LogRange, WrittenRange, length_of, publish_logs, publish_range

__all__ = ["LogPublication"]

_LARGE: Final = 16 << 20
"""Bytes of a log from which on several write it: of less one alone makes a tenth of a second."""

_RANGE: Final = 64 << 20
"""Bytes of a log that one task writes at the most, but for its one part where that is larger. Its
first piece is read from its start on, 4 MB of a shard of 64 MB: more ranges, more of that.
"""

_LOOKED_AT: Final = 20
"""Pieces whose length this process finds out, at the most: those in which numbers become a digit
longer, of which 64 bits have no more. Where nobody has counted, all would be.
"""


class LogPublication:
    """The logs of a job while they are published; to be closed.

    slots   workers that share them
    """

    def __init__(self, settings: Settings, slots: int) -> None:
        if settings.job_folder is None:
            raise ValueError("lines that are only validated have no logs")
        self._settings, self._slots, self._folder = settings, slots, settings.job_folder
        self._storage = storage_for(self._folder, settings.choices.encryption_key_id)
        self._written: dict[Upload, dict[int, UploadedPart]] = {}

    def close(self) -> None:
        """Leave nothing of logs that are not whole."""
        for upload in self._written:
            self._storage.abort_upload(upload)

    def tasks(self, plans: Iterable[Sequence[LogPlan]]) -> Iterator[Task]:
        """Yield what workers are to do, given what is published together."""
        for together in plans:
            large = [(plan, log, pieces) for plan in together for log, pieces in self._large(plan)]
            apart = tuple((log, plan.log_name) for plan, log, _ in large)
            yield Task(together[0].log_name, publish_logs, (self._settings, together, apart))
            for plan, log, pieces in large:
                for given in self._ranges(plan, log, pieces):
                    key = f"{plan.log_name} ({log}, parts from {given.parts.start} on)"
                    yield Task(key, publish_range, (self._settings, given))

    def add(self, result: Any) -> None:
        """Add what a task came to; put a log in its place once all of it is written.

        Raises StorageError.
        """
        if not isinstance(result, WrittenRange):
            return
        written = self._written[result.upload]
        written.update(result.parts)
        if len(written) == len(result.upload.numbers()):
            parts = [written[number] for number in result.upload.numbers()]
            self._storage.complete_upload(result.upload, parts)
            del self._written[result.upload]

    def _large(self, plan: LogPlan) -> Iterator[tuple[str, tuple[Piece, ...]]]:
        """Yield the logs that several are to write, and their pieces, each with its length."""
        for log in LOGS if self._slots > 1 else ():
            pieces = plan.pieces_of(log)
            unknown = sum(piece.length is None for piece in pieces)
            if sum(piece.size or 0 for piece in pieces) >= _LARGE and unknown <= _LOOKED_AT:
                yield log, tuple(map(self._with_length, pieces))

    def _with_length(self, piece: Piece) -> Piece:
        if piece.length is not None:
            return piece
        return replace(piece, length=length_of(self._settings, piece, Heartbeat()))

    def _ranges(self, plan: LogPlan, log: str, pieces: Sequence[Piece]) -> Iterator[LogRange]:
        """Begin a log; yield it as ranges."""
        closing = plan.closing(log)
        ends = list(accumulate(piece.length or 0 for piece in pieces))
        size = ends[-1] + len(closing)
        place = self._storage.join(self._storage.join(self._folder, log), plan.log_name)
        upload = self._storage.begin_upload(place, NDJSON, size)
        self._written[upload] = {}
        parts = upload.numbers()
        together = max(1, min(_RANGE, size // self._slots) // upload.part)
        for first in range(0, len(parts), together):
            some = parts[first : first + together]
            begin, end = first * upload.part, min((first + together) * upload.part, size)
            before, last = bisect_right(ends, begin), bisect_right(ends, end - 1)
            skip = begin - (ends[before - 1] if before else 0)
            whole = end >= ends[min(last, len(ends) - 1)]
            yield LogRange(
                log,
                upload,
                some,
                tuple(pieces[before : last + 1]),
                skip,
                whole,
                closing if end > ends[-1] else b"",
            )
