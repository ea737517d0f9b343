"""Live: what is shown on standard error while lines are read: a bar on a terminal, elsewhere a
plain line now and then; log records beside it.
"""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from ..figures.amount import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars

    from ..counting.progress import OnProgress, Progress
    from ..process.log_lines import LogFormat

__all__ = ["Listener", "log_level", "progress_shown", "show_records"]

PERIOD = 30.0
"""Seconds between two plain lines: logs stay short, and a person sees that something moves."""


_RULES = 5
"""Rules that are named where a job is stopped."""

_LEVELS = ("WARNING", "INFO", "DEBUG")
"""Log levels by how often -v was given."""

_log = logging.getLogger("bulkfhir.cli")


@contextmanager
def progress_shown(
    *, quiet: bool, verbose: int, log_format: LogFormat, bar: bool = True
) -> Iterator[Listener]:
    """Yield what to hand to a job as ``on_progress``.

    ``bar`` is False where standard output shares the terminal with it.
    """
    show = partial(show_records, quiet=quiet, verbose=verbose, log_format=log_format)
    if quiet or (sys.stderr.isatty() and not bar):
        show()
        yield Listener(None)
    elif sys.stderr.isatty():
        with _bars() as bars:
            show()  # rich has put a stream in place of standard error that writes above the bar
            yield Listener(_Bar(bars))
    else:
        show()
        yield Listener(_Lines())


def show_records(*, quiet: bool, verbose: int, log_format: LogFormat) -> None:
    """Send log records to standard error, as many as -q and -v ask for."""
    from ..process.log_lines import show_logs

    show_logs(log_format, log_level(quiet=quiet, verbose=verbose))


def log_level(*, quiet: bool, verbose: int) -> str:
    """Return the least level of log records that -q and -v ask for."""
    return "ERROR" if quiet else _LEVELS[min(verbose, 2)]


class Listener:
    """Tells the log which phase begins (-v) and every step within it (-vv), and keeps the last
    moment for whoever stops the job.
    """

    def __init__(self, shown: OnProgress | None) -> None:
        self._shown = shown
        self._phase = ""
        self._last: Progress | None = None

    def so_far(self) -> str | None:
        """Return one sentence of what was found until the last moment; None where none came."""
        if self._last is None:
            return None
        rules = sorted(self._last.rules.items(), key=lambda item: -item[1])
        named = [f"{count:,} x {name}" for name, count in rules[:_RULES]]
        if len(rules) > _RULES:
            named.append(f"{amount(len(rules) - _RULES, 'more rule')}")
        found = ", ".join(["", *named])
        return f"found so far: {_counts(self._last)}{found}"

    def __call__(self, progress: Progress) -> None:
        self._last = progress
        if progress.phase != self._phase:
            self._phase = progress.phase
            _log.info(
                "%s, %d files, %s MB: %s",
                progress.phase,
                progress.report.scanned_files,
                progress.report.scanned_files_mb,
                _counts(progress),
            )
        _log.debug(
            "%s, shards %d of %d: %s",
            progress.phase,
            progress.shards_done,
            progress.shards_total,
            _counts(progress),
        )
        if self._shown:
            self._shown(progress)


def _bars() -> Bars:
    from rich.console import Console  # only a terminal has a bar
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(),
    ]
    return Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4)


class _Bar:
    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task = bars.add_task("reading", total=None, counts="")

    def __call__(self, progress: Progress) -> None:
        self._bars.update(
            self._task,
            description=progress.phase,
            completed=progress.bytes_done,
            total=progress.bytes_total,
            counts=_counts(progress),
        )


class _Lines:
    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.phase != "done" and progress.elapsed - self._last >= PERIOD:
            self._last = progress.elapsed
            share = 100 * progress.bytes_done // max(progress.bytes_total, 1)
            click.echo(
                f"bulkfhir: {progress.phase}, {share} %, {_counts(progress)}, "
                f"{progress.elapsed:.0f} s",
                err=True,
            )


def _counts(progress: Progress) -> str:
    report = progress.report
    return (
        f"{report.resources_scanned:,} read, "
        f"{report.resources_with_customer_error + progress.server_errors:,} rejected, "
        f"{report.throughput:,.0f}/s"
    )
