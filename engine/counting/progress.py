"""Progress: what is known of a job while it runs, shown to a callback now and then."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Literal, Protocol, runtime_checkable

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..executors import Cancelled, LiveCounters
from ..figures.job_figures import (
    LINE_FIGURES,
    FileFigures,
    JobProgressReport,
    LineFigures,
    LiveFigures,
    Moment,
)
from ..reading.sources import InputFile
from ..sharding.file_outcomes import FilesSum
from ..sharding.shard import ShardResult
from ..sharding.shard_list import ShardList

__all__ = ["CancelEvent", "OnProgress", "Phase", "Progress", "Tracker"]

Phase = Literal["reading", "publishing", "done"]

_PERIOD = 0.5
"""Seconds between two calls of the callback."""

_CURVE = 300
"""About how many moments are kept of a long job: two a second at first, ever fewer later."""


@runtime_checkable
class CancelEvent(Protocol):
    """Anything like threading.Event: once it is set, the job stops."""

    def is_set(self) -> bool:
        """Return whether the job is to stop."""
        ...


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
    """Adds up finished shards and the live figures of those in the making.

    ``tick`` is called often and reports seldom.
    """

    def __init__(
        self,
        inputs: Sequence[InputFile],
        shards: ShardList,
        counters: LiveCounters | None,
        on_progress: OnProgress | None,
        cancel: CancelEvent | None,
    ) -> None:
        self._shards = shards
        self._counters, self._on_progress, self._cancel = counters, on_progress, cancel
        self._bytes_total, self._shards_total = sum(file.size for file in inputs), len(shards)
        self._begun = time.monotonic()
        self._last = 0.0
        self.phase: Phase = "reading"
        self._done = self._bytes = 0
        self._lines, self._earlier = dict.fromkeys(LINE_FIGURES, 0), dict.fromkeys(LINE_FIGURES, 0)
        self._files = Counter[int]({200: len(inputs)})
        self._statuses: dict[int, int] = {}
        self._imported = bytearray(len(inputs))
        self._rules = Counter[str]()
        self._curve: list[Moment] = []

    def add(self, result: ShardResult, *, earlier: bool = False) -> None:
        """Count a finished shard; ``earlier`` where a former run of the job finished it."""
        file = self._shards.files[result.index]
        self._done += 1
        for name in LINE_FIGURES:
            self._lines[name] += getattr(result.totals, name)
            self._earlier[name] += getattr(result.totals, name) if earlier else 0
        self._rules.update(result.totals.rules)
        self._bytes += self._shards.size(result.index)
        self._imported[file] |= result.totals.imported > 0
        if result.broken:
            before = self._statuses.get(file, 200)
            self._statuses[file] = after = max(before, result.broken.status)
            self._files[before] -= 1
            self._files[after] += 1

    def published(self, files: FilesSum, shards: int) -> None:
        """Count a job of which a former run has published all."""
        self._shards_total, self._bytes_total = shards, files.figures.scanned_bytes
        for name in LINE_FIGURES:
            self._lines[name] = self._earlier[name] = getattr(files.totals, name)
        self._rules.update(files.totals.rules)

    def tick(self) -> None:
        """Raise Cancelled when the job is to stop."""
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled
        now = time.monotonic()
        last = self._curve[-1].seconds if self._curve else 0.0
        if self.elapsed - last >= max(_PERIOD, self.elapsed / _CURVE):
            self._keep_moment()
        if self._on_progress and now - self._last >= _PERIOD:
            self._last = now
            self._on_progress(self.progress())

    def finish(self, report: JobProgressReport) -> None:
        """Call the callback one last time, with the final figures."""
        if self._on_progress:
            total = self._shards_total
            self._on_progress(
                Progress(
                    "done",
                    report,
                    self._bytes_total,
                    self._bytes_total,
                    total,
                    total,
                    self._lines["server_errors"],
                    self.elapsed,
                    dict(self._rules),
                )
            )

    def read(self) -> tuple[Moment, ...]:
        """Return the moments of this run until now, when all is read."""
        self._keep_moment()
        return tuple(self._curve)

    def _keep_moment(self) -> None:
        live = self._counters.sums() if self._counters else LiveFigures()
        counts = {
            name: done - self._earlier[name] + getattr(live, name)
            for name, done in self._lines.items()
        }
        rejected = counts["customer_errors"] + counts["server_errors"]
        self._curve.append(Moment(self.elapsed, counts["scanned"], rejected))

    @property
    def before(self) -> int:
        """Return how many resources former runs of the job accepted."""
        return self._earlier["imported"]

    @property
    def elapsed(self) -> float:
        """Return the seconds since this run began."""
        return time.monotonic() - self._begun

    def progress(self) -> Progress:
        """Return where the job stands, shards in the making included."""
        live = self._counters.sums() if self._counters else LiveFigures()
        lines = LineFigures(
            **{name: done + getattr(live, name) for name, done in self._lines.items()}
        )
        files = FileFigures(
            len(self._imported),
            self._bytes_total,
            self._imported.count(1),
            self._files[200],
            self._files[400],
            self._files[500],
        )
        return Progress(
            self.phase,
            self.report(lines, files),
            min(self._bytes + live.bytes_read, self._bytes_total),
            self._bytes_total,
            self._done,
            self._shards_total,
            lines.server_errors,
            self.elapsed,
            dict(self._rules),
        )

    def report(self, lines: LineFigures, files: FileFigures) -> JobProgressReport:
        """Return the report on these figures, with the throughput of this run."""
        throughput = (lines.imported - self.before) / max(self.elapsed, 0.001)
        return JobProgressReport.of(lines, files, round(throughput, 1))
