"""Progress: what is known of a job while it runs, shown to a callback now and then."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..executors import Board, Cancelled
from ..reading.sources import InputFile
from ..shard import Shard, ShardResult
from ..writing.manifest import JobProgressReport, megabytes

__all__ = ["CancelEvent", "OnProgress", "Phase", "Progress", "Tracker"]

Phase = Literal["reading", "publishing", "done"]

_PERIOD = 0.5
"""Seconds between two calls of the callback."""


class CancelEvent(Protocol):
    """Anything like threading.Event: once it is set, the job stops."""

    def is_set(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a running job.

    bytes_done, bytes_total   object bytes of the input (a compressed file counts when it is done)
    server_errors             resources whose validation broke
    elapsed                   seconds since this run began; a resumed job's earlier runs are not in
                              it
    rules                     ``severity rule`` -> issues in the shards that are done
    """

    phase: Phase
    report: JobProgressReport
    bytes_done: int
    bytes_total: int
    shards_done: int
    shards_total: int
    server_errors: int
    elapsed: float
    rules: Mapping[str, int] = field(default_factory=dict)


OnProgress = Callable[[Progress], None]


class Tracker:
    """Adds up finished shards and the board's live figures.

    ``tick`` is called often and reports seldom.
    """

    def __init__(
        self,
        inputs: Sequence[InputFile],
        shards: Sequence[Shard],
        board: Board | None,
        on_progress: OnProgress | None,
        cancel: CancelEvent | None,
    ) -> None:
        self._inputs, self._shards = inputs, shards
        self._board, self._on_progress, self._cancel = board, on_progress, cancel
        self._bytes_total = sum(file.size for file in inputs)
        self._begun = time.monotonic()
        self._last = 0.0
        self.phase: Phase = "reading"
        self._done = self._scanned = self._imported = self._customer = self._server = (
            self._bytes
        ) = self._before = 0
        self._imported_files, self._broken_files = set[int](), set[int]()
        self._rules = Counter[str]()

    def add(self, result: ShardResult, *, earlier: bool = False) -> None:
        """Counts a finished shard; ``earlier`` where a former run of the job finished it."""
        shard = self._shards[result.index]
        self._done += 1
        self._scanned += result.totals.scanned
        self._imported += result.totals.imported
        self._before += result.totals.imported if earlier else 0
        self._customer += result.totals.customer_errors
        self._server += result.totals.server_errors
        self._rules.update(result.totals.rules)
        self._bytes += (
            self._inputs[shard.file].size
            if shard.end is None
            else min(shard.end, self._inputs[shard.file].size) - shard.start
        )
        if result.totals.imported:
            self._imported_files.add(shard.file)
        if result.broken and result.broken.status == 400:
            self._broken_files.add(shard.file)

    def tick(self) -> None:
        """Raises Cancelled when the job is to stop."""
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled
        now = time.monotonic()
        if self._on_progress and now - self._last >= _PERIOD:
            self._last = now
            self._on_progress(self.progress())

    def finish(self, report: JobProgressReport) -> None:
        """One last call with the final figures."""
        if self._on_progress:
            total = len(self._shards)
            self._on_progress(
                Progress(
                    "done",
                    report,
                    self._bytes_total,
                    self._bytes_total,
                    total,
                    total,
                    self._server,
                    self.elapsed,
                    dict(self._rules),
                )
            )

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._begun

    def progress(self) -> Progress:
        scanned, imported, customer, server, size = (
            self._board.sums()[:5] if self._board else (0, 0, 0, 0, 0)
        )
        report = self.report(
            self._scanned + scanned,
            self._imported + imported,
            self._customer + customer,
            len(self._imported_files),
            len(self._broken_files),
        )
        done = min(self._bytes + size, self._bytes_total)
        return Progress(
            self.phase,
            report,
            done,
            self._bytes_total,
            self._done,
            len(self._shards),
            self._server + server,
            self.elapsed,
            dict(self._rules),
        )

    def report(
        self, scanned: int, imported: int, customer: int, imported_files: int, broken_files: int
    ) -> JobProgressReport:
        return JobProgressReport(
            scanned_files=len(self._inputs),
            scanned_files_mb=megabytes(self._bytes_total),
            imported_files=imported_files,
            resources_scanned=scanned,
            resources_imported=imported,
            resources_with_customer_error=customer,
            files_read_with_customer_error=broken_files,
            throughput=round((imported - self._before) / max(self.elapsed, 0.001), 1),
        )
