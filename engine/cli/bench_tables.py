"""Bench tables: what a person is told of a measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from ..figures.amount import amount, figure
from ..figures.stages import WORK
from ..job_report.printable import printable
from ..measuring.bench_document import speeds
from .plain_tables import PlainConsole, PlainTable, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..measuring.regression import Change

__all__ = ["show_bench", "show_changes"]

_NUMBERS = ("lines", "lines/s", "MB/s", "lines/CPU s", "wall s", "CPU s", "memory MB")
_REASONS = 10
"""Reasons of explaining that are shown; JSON has all."""


def show_bench(document: Mapping[str, Any], out: TextIO) -> None:
    """Write the tables of a ``bench_document``."""
    trials = document["trials"]
    console = PlainConsole(out)
    console.print(f"{amount(document['files'], 'file')}, {figure(document['bytes'] / 1e6)} MB")
    speeds = _speeds(trials) if document["sample"] is None else _sampled_speeds(trials)
    for table in (speeds, _times(trials), _reasons(trials)):
        if table.row_count:
            console.print()
            console.print(table)
    for line in (*_scaling(trials), *_predictions(trials)):
        console.print(printable(line))


def show_changes(changes: Sequence[Change], tolerance: float, out: TextIO) -> None:
    """Write what has changed since an earlier measurement; what is worse beyond the tolerance is
    named so.
    """
    table = plain_table(("trial", "figure"), ("before", "now", "change"))
    table.add_column("")
    for one in changes:
        verdict = "regression" if one.worse > tolerance else ""
        change = one.now / one.before - 1 if one.before else 0.0
        table.add_row(
            f"{one.level}, {amount(one.workers, 'worker')}",
            one.figure,
            figure(one.before),
            figure(one.now),
            f"{change:+.1%}",
            verdict,
        )
    PlainConsole(out).print(table)


def _speeds(trials: Sequence[Mapping[str, Any]]) -> PlainTable:
    table = plain_table(("level", "workers"), _NUMBERS)
    for one in trials:
        table.add_row(one["level"], str(one["workers"]), *_cells(one), _memory(one))
    return table


def _sampled_speeds(trials: Sequence[Mapping[str, Any]]) -> PlainTable:
    """Return what was read of each level's sample, without the start; the start, which does not
    grow; and the whole, by which measurements are compared.
    """
    table = plain_table(("level", "of what", "workers"), _NUMBERS)
    for one in trials:
        level, workers, whole = one["level"], str(one["workers"]), one["prediction"]
        wall, cpu = whole["sampleWallSeconds"], whole["sampleCpuSeconds"]
        sample = {
            "lines": one["lines"],
            **speeds(one["lines"], one["bytes"], wall, cpu),
            "wallSeconds": wall,
            "cpuSeconds": cpu,
        }
        table.add_row(level, "sample, warm", workers, *_cells(sample), _memory(one))
        start = f"{whole['startCpuSeconds']:,.2f}"
        table.add_row(level, "start", workers, "", "", "", "", "", start)
        table.add_row(level, "whole, predicted", workers, *_cells(whole))
    return table


def _cells(one: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the figures of an import that _NUMBERS names, but for its memory."""
    return (
        f"{one['lines']:,}",
        figure(one["linesPerSecond"]),
        figure(one["megabytesPerSecond"]),
        figure(one["linesPerCpuSecond"]),
        f"{one['wallSeconds']:,.2f}",
        f"{one['cpuSeconds']:,.2f}",
    )


def _memory(trial: Mapping[str, Any]) -> str:
    return f"{max(trial['memoryBytes'], trial['workerMemoryBytes']) / 1e6:,.0f}"


def _times(trials: Sequence[Mapping[str, Any]]) -> PlainTable:
    """Where the time goes: seconds of all workers, and their part of the whole."""
    table = plain_table(("seconds of the workers",), [_name(one) for one in trials])
    for stage in WORK:
        if any(stage in one["stages"] for one in trials):
            table.add_row(stage, *(_seconds(one, _wall_of(one, stage)) for one in trials))
    table.add_row("waiting", *(_seconds(one, one["waitingSeconds"]) for one in trials))
    for name, key in (("list", "listSeconds"), ("work", "workSeconds"), ("end", "publishSeconds")):
        table.add_row(f"the job: {name}", *(f"{one[key]:,.2f}      " for one in trials))
    return table


def _name(trial: Mapping[str, Any]) -> str:
    return f"{trial['level']}, {amount(trial['workers'], 'worker')}"


def _wall_of(trial: Mapping[str, Any], stage: str) -> float:
    seconds: float = trial["stages"].get(stage, {}).get("wallSeconds", 0.0)
    return seconds


def _seconds(trial: Mapping[str, Any], seconds: float) -> str:
    whole = sum(slot["wallSeconds"] for slot in trial["slots"])
    return f"{seconds:,.2f} {seconds / whole if whole else 0:5.1%}"


def _reasons(trials: Sequence[Mapping[str, Any]]) -> PlainTable:
    """Why lines were explained, of one trial of each level: more workers do not change that."""
    table = plain_table(("level", "explained because of"), ("lines", "CPU s", "µs a line"))
    seen = set[str]()
    for one in trials:
        if one["level"] in seen:
            continue
        seen.add(one["level"])
        for reason, spent in list(one["reasons"].items())[:_REASONS]:
            seconds, lines = spent["cpuSeconds"], spent["lines"]
            each = f"{seconds / lines * 1e6:,.0f}" if lines else ""
            table.add_row(one["level"], printable(reason), f"{lines:,}", f"{seconds:,.3f}", each)
    return table


def _scaling(trials: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How much more workers bring, beside the fewest of the same level."""
    for level in dict.fromkeys(one["level"] for one in trials):
        first, *others = sorted(
            (one for one in trials if one["level"] == level), key=lambda one: one["workers"]
        )
        for one in others:
            yield (
                f"{level}: {amount(one['workers'], 'worker')} "
                f"{first['wallSeconds'] / one['wallSeconds']:.2f} times as fast as "
                f"{first['workers']}, with {one['cpuSeconds'] / first['cpuSeconds']:.2f} times "
                "the CPU time"
            )


def _predictions(trials: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in trials:
        found = one["prediction"]
        if not found:
            continue
        yield (
            f"{one['level']}, the whole, predicted by {figure(one['bytes'] / 1e6)} MB of it: "
            f"{found['lines']:,} lines, {figure(found['bytes'] / 1e6)} MB of text; "
            f"{found['cpuSeconds']:,.2f} s of CPU, of which {found['startCpuSeconds']:,.2f} for "
            f"the start; give or take {found['spreadSeconds']:,.2f} for the ranges that were drawn"
        )
        times = (
            f"{seconds:,.1f} s with {amount(int(count), 'worker')}"
            for count, seconds in found["wallSecondsByWorkers"].items()
        )
        yield f"{one['level']}, wall time if no worker slows another down: {', '.join(times)}"
