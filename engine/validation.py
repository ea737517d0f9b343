"""Validation: the verdicts on a source's lines as a stream in input order, without an output
folder.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Self

from bulkfhir.validators import Level, Verdict
from bulkfhir.validators.economy.light_dataclass import dataclass

from .across.cause_sums import find_causes
from .across.referred import referred_shards
from .counting.progress import CancelEvent, OnProgress, Tracker
from .counting.summary import Summary
from .dispatching.dispatch import run_checks, run_groups
from .executors import (
    Executor,
    Runner,
    check_executor,
    default_workers,
    followed,
    is_local,
    open_runner,
    probe_workers,
)
from .figures.totals import Totals
from .job.keywords import checked_keywords
from .job.refusals import refuse_unusable
from .job_terms.job_choices import Choices
from .job_terms.job_folder import FINDINGS
from .job_terms.settings import Settings
from .process.temporary import TemporaryFolder
from .reading.sources import Listing, SourceLike, find_inputs
from .sharding.file_outcomes import FilesSum, OutcomesByFile, finding_parts
from .sharding.shard import Shard, ShardResult, group_sizes, shard_sizes
from .sharding.shard_groups import groups_left, plan_groups
from .sharding.shard_list import ShardList, plan_shards
from .storage import StoredObject, is_remote
from .writing.finding_rows import decode_findings

__all__ = ["Finding", "Validation", "open_validation", "validate_files"]

_MAX_SHARD = 16 << 20
"""Smaller than an import's: a person waits for the first findings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one line that has issues.

    file    as the user named it
    line    from 1, blank lines counted
    offset  of the line's first byte in the (decompressed) file
    """

    file: str
    line: int
    offset: int
    verdict: Verdict


@checked_keywords
def validate_files(
    source: SourceLike | Sequence[SourceLike],
    *,
    level: Level = "strict",
    workers: int | None = None,
    unknown_profile: str = "error",
    terminology: str = "reference",
    warnings: bool = False,
    profiles: Sequence[str] = (),
    packages: Sequence[str] = (),
    default_versions: Sequence[str] = (),
    judge: str = "bulkfhir",
    validators: Sequence[str] = (),
    shard_bytes: int | None = None,
    task_bytes: int | None = None,
    executor: Executor = "local",
    executor_options: Mapping[str, object] | None = None,
    include_all: bool = False,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    checks: bool = False,
    targets: Sequence[SourceLike] = (),
    values: bool = True,
    max_issues: int = 1_000,
    on_progress: OnProgress | None = None,
    cancel: CancelEvent | None = None,
) -> Validation:
    """Validate every resource of the source. Options as in import_job; an id is not required here.

    Use as a context manager and iterate::

        with validate_files("data/", level="structure-only") as validation:
            for finding in validation:
                ...
        validation.summary

    Raises EngineError at once for what is wrong with source or options, Cancelled while iterating
    when ``cancel`` is set; with one worker, which works inside this process, between two lines.
    """
    choices = Choices(
        level=level,
        unknown_profile=unknown_profile,
        terminology=terminology,
        warnings=warnings,
        profiles=tuple(profiles),
        packages=tuple(packages),
        default_versions=tuple(default_versions),
        judge=judge,
        validators=tuple(validators),
        values=values,
        max_issues=max_issues,
        include=tuple(include),
        exclude=tuple(exclude),
        checks=checks,
        targets=tuple(os.fspath(place) for place in targets),
    )
    return open_validation(
        source,
        choices,
        workers=workers,
        shard_bytes=shard_bytes,
        task_bytes=task_bytes,
        executor=executor,
        executor_options=executor_options,
        include_all=include_all,
        on_progress=on_progress,
        cancel=cancel,
    )


def open_validation(
    source: SourceLike | Sequence[SourceLike],
    choices: Choices,
    *,
    workers: int | None = None,
    shard_bytes: int | None = None,
    task_bytes: int | None = None,
    executor: Executor = "local",
    executor_options: Mapping[str, object] | None = None,
    include_all: bool = False,
    on_progress: OnProgress | None = None,
    cancel: CancelEvent | None = None,
) -> Validation:
    """Do what ``validate_files`` does, with the choices as one record."""
    refuse_unusable(choices, workers, shard_bytes, task_bytes)
    check_executor(executor, executor_options)
    listing = find_inputs(
        source,
        include_all=include_all,
        include=choices.include,
        exclude=choices.exclude,
        logged=False,
    )
    cluster = None if is_local(executor) else open_runner(executor, workers, executor_options)
    count = cluster.slots if cluster else workers or default_workers()
    remote = is_remote(listing.inputs[0].uri)
    size = shard_sizes(shard_bytes, count, _MAX_SHARD, remote=remote, awaited=True)
    shards = plan_shards(listing.inputs, size)
    groups = plan_groups(shards, group_sizes(count, task_bytes) if task_bytes else size)
    runner = cluster or open_runner(
        "local",
        workers or min(count, len(groups)),
        executor_options,
        plug_ins=choices.plug_ins,
    )
    return Validation(listing, shards, groups, choices, runner, on_progress, cancel)


class Validation:
    """A stream of Finding, in input order; ``summary`` once it has ended. To be iterated once."""

    def __init__(
        self,
        listing: Listing,
        shards: ShardList,
        groups: Sequence[int],
        choices: Choices,
        runner: Runner,
        on_progress: OnProgress | None,
        cancel: CancelEvent | None,
    ) -> None:
        self.listing = listing
        self.summary = Summary()
        self._shards, self._groups = shards, groups
        self._folder = TemporaryFolder()
        self._open: tuple[int, BinaryIO] = (-1, BytesIO())
        secret = os.urandom(16).hex() if choices.checks else ""
        self._settings = Settings(choices, self._folder.name, id_required=False, secret=secret)
        self._runner: Runner | None = runner
        if runner.counters is None:  # workers that may be elsewhere
            first = listing.inputs[0]
            try:
                probe_workers(
                    runner, self._folder.name, StoredObject(first.uri, first.size, first.etag)
                )
                self._runner = runner = followed(runner, self._folder.name)
            except BaseException:
                self.close()
                raise
        self._tracker = Tracker(listing.inputs, shards, runner.counters, on_progress, cancel)
        self._results: dict[int, ShardResult] = {}
        self._emitted = 0

    def __iter__(self) -> Iterator[Finding]:
        results = self._results
        base, broken = 0, -1
        if self._runner is None:
            raise ValueError("this validation is closed")
        groups = groups_left(self._shards, self._groups, ())
        for group in run_groups(
            self._runner, self._settings, groups, self._tracker.tick, _nothing_to_forget
        ):
            for result in group:
                results[result.index] = result
                self._tracker.add(result)
            while self._emitted in results:
                shard, ready = self._shards[self._emitted], results[self._emitted]
                base = 0 if shard.start == 0 else base
                found = self._findings(shard, ready, base)
                if shard.file != broken:
                    yield from found
                else:
                    deque(found, 0)
                if ready.broken and ready.broken.status == 400:
                    broken = shard.file
                base += ready.lines
                self._emitted += 1
        self.summary = self.so_far()
        self._tracker.finish(self._tracker.progress().report)
        self.close()

    def so_far(self) -> Summary:
        """Return the totals of the shards whose findings were yielded; the checks over the whole
        job once all were.
        """
        files = self._shards.files[: self._emitted]
        complete = self._emitted == len(self._shards)
        outcomes = list(OutcomesByFile(self.listing.inputs, files, self._results))
        if not complete:
            outcomes = [each for each in outcomes if each.shards or each.dropped]
        dropped = {index for outcome in outcomes for index in outcome.dropped}
        ordered = (self._results[index] for index in range(self._emitted))
        parts = finding_parts(ordered, dropped)
        causes = find_causes(self._settings, parts, self._tracker.tick)
        checks = None
        if self._runner and self._settings.choices.checks and complete:
            checks = run_checks(self._runner, self._settings, outcomes, self._tracker.tick)
        totals = Totals.sum(shard.totals for outcome in outcomes for shard in outcome.shards)
        referred = referred_shards((), causes, checks)
        sums = FilesSum.of(outcomes, totals, referred)
        return Summary.of(sums, self.listing.skipped, causes=causes, checks=checks)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers and remove what they left; before the stream's end they are killed."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close(kill=not self.summary.files)
            self._open[1].close()
            self._folder.cleanup()
            self.listing.close()

    def _findings(self, shard: Shard, result: ShardResult, base: int) -> Iterator[Finding]:
        """Yield what was found in a shard. To be called for every shard, in order."""
        left = dict(result.pieces).get(FINDINGS) or 0
        name = self.listing.inputs[shard.file].name
        rows = self._rows_of(result.part) if left else BytesIO()
        while left:
            row = rows.readline()
            left -= len(row)
            for line, offset, verdict in decode_findings(row):
                yield Finding(name, base + line + 1, offset, verdict)

    def _rows_of(self, part: int) -> BinaryIO:
        """Return the findings of a group, which are removed once the file is closed."""
        number, rows = self._open
        if number != part:
            rows.close()
            path = Path(self._settings.part_uri(part, FINDINGS))
            rows = path.open("rb")
            path.unlink()
            self._open = part, rows
        return rows


def _nothing_to_forget(_number: int) -> None:
    """A validation has no sink."""
