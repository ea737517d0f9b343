"""Live: what is shown on standard error while lines are read: a bar on a terminal, elsewhere a plain line now and then."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..progress import OnProgress, Progress

__all__ = ["progress_shown"]

PERIOD = 30.0
"""Seconds between two plain lines: logs stay short, and a person sees that something moves."""


@contextmanager
def progress_shown(*, quiet: bool) -> Iterator[OnProgress | None]:
    """What to hand to a job as ``on_progress``."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield _Bar(bars)
    else:
        yield _Lines()


def _bars() -> Bars:
    columns = [TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[counts]}"), TimeRemainingColumn()]
    return Bars(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4)


class _Bar:
    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task = bars.add_task("reading", total=None, counts="")

    def __call__(self, progress: Progress) -> None:
        self._bars.update(self._task, description=progress.phase, completed=progress.bytes_done, total=progress.bytes_total, counts=_counts(progress))


class _Lines:
    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.phase != "done" and progress.elapsed - self._last >= PERIOD:
            self._last = progress.elapsed
            share = 100 * progress.bytes_done // max(progress.bytes_total, 1)
            click.echo(f"bulkfhir: {progress.phase}, {share} %, {_counts(progress)}, {progress.elapsed:.0f} s", err=True)


def _counts(progress: Progress) -> str:
    report = progress.report
    return f"{report.resources_scanned:,} read, {report.resources_with_customer_error + progress.server_errors:,} rejected, {report.throughput:,.0f}/s"
