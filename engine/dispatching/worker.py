"""Worker: what runs in a worker process for one group of shards: their lines are read, judged,
counted and written as part files.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Iterator
from typing import Any

from bulkfhir.validators.verdicts.excerpt import MOST

from ..counting.cause_tally import CauseTally
from ..counting.tally import Tally
from ..errors import AccessDenied, NotFound, StorageError, Unavailable
from ..executors.live_counters import Heartbeat
from ..figures.job_figures import LiveFigures
from ..figures.stages import ACCEPT, COMMIT, DECOMPRESS, READ, WRITE
from ..figures.totals import Totals
from ..job_terms.job_choices import default_versions
from ..job_terms.job_folder import CAUSES
from ..job_terms.settings import Settings
from ..judging.judge import Judge
from ..plugins import new_validator
from ..reading.compression import BrokenArchive
from ..reading.contents import Contents, NotNdjson
from ..reading.lines import TAIL_BYTES, Lines, read_lines, read_range
from ..sharding.shard import Break, Shard, ShardResult
from ..sharding.shard_groups import Group
from ..storage import Reader, storage_for
from ..writing.group_parts import Parts, open_parts

__all__ = ["count_lines", "run_group"]

_log = logging.getLogger("bulkfhir.engine")


def run_group(settings: Settings, group: Group, beat: Heartbeat) -> tuple[ShardResult, ...]:
    """Validate the lines of a group's shards and leave its part files, whole. Idempotent: a second
    run leaves the very same.

    An archive that cannot be trusted takes back what it wrote: it is then a group of its own, and
    so is what stands before it and what stands behind it.

    Raises StorageError when an output cannot be written, Unavailable when a store does not answer,
    Cancelled when the job is; a break of the input is a value in the result.
    """
    done, left = list[ShardResult](), group
    while left:
        try:
            return (*done, *_run(settings, left, beat))
        except _Withdrawn as found:
            before, left = left[: found.place], left[found.place + 1 :]
            if before:
                done += _run(settings, before, beat)
            parts = open_parts(settings, found.result.index)
            done += parts.commit([found.result])
    return tuple(done)


class _Withdrawn(Exception):
    """The shard at ``place`` of a group is one of whose lines none counts; ``result`` says so."""

    def __init__(self, place: int, result: ShardResult) -> None:
        super().__init__()
        self.place, self.result = place, result


def _run(settings: Settings, group: Group, beat: Heartbeat) -> tuple[ShardResult, ...]:
    """Do a group as one; raise _Withdrawn, and leave nothing, where that cannot be."""
    beat.turn(WRITE)
    parts = open_parts(settings, group[0].index)
    results, before = list[ShardResult](), LiveFigures()
    try:
        for place, shard in enumerate(group):
            if place and _has_ended(group[place - 1], shard, results[-1]):
                results.append(ShardResult(shard.index, 0, broken=results[-1].broken))
                continue
            parts.begin(shard)
            reading, tally = _Reading(shard, beat), Tally(shard.index)
            result = _judged(settings, reading, tally, parts, before, beat)
            _refuse_altered(place, reading, result)
            results.append(parts.end(result))
            before += tally.live(reading.consumed)
        beat.turn(COMMIT)
        return parts.commit(results)
    except BaseException:
        parts.abort()
        raise


def _has_ended(earlier: Shard, shard: Shard, result: ShardResult) -> bool:
    """Return whether nothing of a shard counts, since its file broke in the one before it."""
    return earlier.file == shard.file and result.broken is not None


def _judged(
    settings: Settings,
    reading: _Reading,
    tally: Tally,
    parts: Parts,
    before: LiveFigures,
    beat: Heartbeat,
) -> ShardResult:
    """Judge, count and write the lines of one shard. ``before``: what the group has counted."""
    beat.begin(reading.shard.index)
    judge, shard, causes = _judge(settings), reading.shard, CauseTally()
    lines, broken = 0, None
    beat.turn(READ)
    for piece in reading:
        if isinstance(piece, Break):
            broken = piece
            break
        lines = piece.first + piece.count
        beat.turn(ACCEPT)
        verdicts = judge.verdicts(piece, beat.check, beat.explaining)
        beat.turn(WRITE)
        tally.add(verdicts, piece.first, parts.write(piece, verdicts))
        causes.add(verdicts, piece.first)
        if causes.full:
            parts.keep(CAUSES, causes.take())
        tally.add_opinions(judge.opinions(piece, verdicts, beat.check).items())
        beat(before + tally.live(reading.consumed))
        beat.turn(reading.stage)
    beat.turn(WRITE)
    if rows := causes.take():
        parts.keep(CAUSES, rows)
    _log.debug("shard %d: %d lines of %s", shard.index, lines, shard.uri)
    return ShardResult(shard.index, lines, tally.frozen(), (), broken)


def _refuse_altered(place: int, reading: _Reading, result: ShardResult) -> None:
    """Raise _Withdrawn where nothing of a shard counts but that its resources are lost."""
    broken, resources = result.broken, result.totals.scanned
    if broken is None or not reading.is_altered(result.totals):
        return
    message = (
        f"{broken.message}; none of its lines can be trusted: {resources:,} resources in "
        f"{result.lines:,} lines are not imported"
    )
    totals = Totals(
        scanned=resources,
        customer_errors=resources,
        customer_types={"": resources} if resources else {},
    )
    broken = dataclasses.replace(broken, message=message)
    raise _Withdrawn(place, ShardResult(result.index, result.lines, totals, (), broken))


def count_lines(shard: Shard, beat: Heartbeat) -> tuple[int, int]:
    """Return (lines, lines that are not blank) of a shard that could not be validated."""
    lines = filled = 0
    for piece in _Reading(shard, beat):
        if isinstance(piece, Break):
            break
        lines = piece.first + piece.count
        filled += (
            1 if piece.too_long else sum(1 for line in piece.data.split(b"\n") if line.strip())
        )
        beat()
    return lines, filled


class _Reading:
    """The shard's lines; last of all a Break where reading ended early.

    ``consumed``: bytes of the file read so far. ``stage``: what the time goes into in which lines
    are made of them.
    """

    def __init__(self, shard: Shard, beat: Heartbeat) -> None:
        self.shard = shard
        self.consumed = 0
        self.stage = READ
        self._beat = beat
        self._altered: bool | None = False
        self._reader: Reader

    def __iter__(self) -> Iterator[Lines | Break]:
        shard, storage = self.shard, storage_for(self.shard.uri)
        try:
            # One request to a store for all lines, the end of the last among them.
            end = None if shard.end is None else shard.end + TAIL_BYTES
            # From one byte before: it tells whether a line begins where the shard does.
            self._reader = storage.open(shard.uri, max(shard.start - 1, 0), end, etag=shard.etag)
            try:
                yield from self._lines()
            finally:
                self._reader.close()
            if not storage.unchanged(shard.uri, shard.etag):
                yield Break("The file changed while it was read", 400)
        except NotNdjson as error:
            yield Break(f"The file is not NDJSON but {error}", 400)
        except BrokenArchive as error:
            self._altered = error.altered
            yield Break(f"The file could not be read to its end: {error}", 400)
        except Unavailable:
            raise  # the store's fault: the job ends, and can be gone on with
        except StorageError as error:
            unreachable = isinstance(error, NotFound | AccessDenied)
            reason = f"The file could not be read to its end: {error.reason}"
            yield Break(reason, 400, unreachable=unreachable)

    def is_altered(self, totals: Totals) -> bool:
        """Return whether lines before the break may not be the file's own, given what came of them.

        An archive that ends early and holds lines that are no resources was hardly cut only: of
        18,000 archives with one flipped bit each all that gave other lines than were packed, and
        did not fail by their checksum, were such.
        """
        if self._altered is None:
            return "" in totals.customer_types
        return self._altered

    def read(self, size: int, /) -> bytes:
        before = self._beat.turn(READ)
        data = self._reader.read(size)
        self._beat.turn(before)
        self.consumed += len(data)
        return data

    def close(self) -> None:
        self._reader.close()

    def _lines(self) -> Iterator[Lines]:
        shard = self.shard
        if shard.start:
            pieces = read_range(self, shard.start - 1, shard.end)
            return read_lines(pieces, shard.start, shard.end)
        contents = Contents(self, shard.compression)
        if contents.compression:
            self.stage = DECOMPRESS
            self._beat.turn(DECOMPRESS)
        # An archive is one shard, which ends where the archive does. The end of one that was not
        # known to be an archive is an end of other bytes than its text has.
        end = None if contents.compression and not shard.compression else shard.end
        return read_lines(contents.pieces(shard.end), 0, end)


_made = threading.local()


def _judge(settings: Settings) -> Judge:
    """Return the validators of a job, made once in each worker (a thread may be one)."""
    if getattr(_made, "settings", None) != settings:
        choices = settings.choices
        options: dict[str, Any] = {
            "unknown_profile": choices.unknown_profile,
            "warnings": choices.warnings,
            "packages": choices.packages,
        }
        # What was not chosen is not given: a plug-in need not know options that came after it.
        if choices.terminology != "reference":
            options["terminology"] = choices.terminology
        if choices.default_versions:
            options["defaults"] = default_versions(choices.default_versions)
        if choices.profiles:
            options["profiles"] = choices.profiles
        if choices.max_issues != MOST:
            options["max_issues"] = choices.max_issues
        judge = new_validator(choices.judge, choices.level, options)
        others = {
            name: new_validator(name, choices.level, options)
            for name in choices.validators
            if name != choices.judge
        }
        _made.judge = Judge(judge, others, settings)
        _made.settings = settings
    made: Judge = _made.judge
    return made
