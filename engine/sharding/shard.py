"""Shard: a byte range of one input, how large it is to be, and what came of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, field
from typing import Any

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..figures.totals import Totals

__all__ = ["Break", "NumberedLines", "Shard", "ShardResult", "group_sizes", "shard_sizes"]

_MIN_SHARD = 4 << 20
"""Bytes: below, a shard's own cost shows."""
_MIN_REMOTE = 16 << 20
"""Bytes: the same where a shard's own cost is six requests to a store."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The lines of one input that begin in ``[start, end)``; a compressed input is one shard with
    no end.

    index   place in the job, over all files
    file    place of the file among the job's inputs
    """

    index: int
    file: int
    uri: str
    etag: str
    start: int
    end: int | None
    compression: str | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """Why a file could not be read to its end.

    status       400 where it is the customer's fault, 500 where it is the server's
    unreachable  the worker found no such file, or was not let in
    """

    message: str
    status: int
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class NumberedLines:
    """Lines of a log with their numbers in a shard: how many, and the digits of all numbers."""

    lines: int
    digits: int


@dataclass(frozen=True, slots=True)
class ShardResult:
    """The outcome of one shard; its lines are counted from the shard's start.

    lines   how many lines it holds, blank ones too
    pieces  (log, bytes) of its piece of each log's part, in which the pieces of a group's shards
            stand in a row; None bytes: the whole part, of which version 0.1.0 did not say more
    group   number of the group that it was done in; None where that is a group of its own
    numbered  (log, lines and digits) of each piece of a log; none where the shard begins its file,
            since the numbers stay then, nor where it was done by a version that did not count
    """

    index: int
    lines: int
    totals: Totals = field(default_factory=Totals)
    pieces: tuple[tuple[str, int | None], ...] = ()
    broken: Break | None = None
    group: int | None = None
    numbered: tuple[tuple[str, NumberedLines], ...] = ()

    @property
    def part(self) -> int:
        """Return the number by which the parts are named that this shard has pieces of."""
        return self.index if self.group is None else self.group

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values, for the checkpoint; what is empty is left out."""
        members = {
            "totals": self.totals.to_json(),
            "pieces": self.pieces,
            "broken": self.broken and asdict(self.broken),
            "numbered": [(log, it.lines, it.digits) for log, it in self.numbered],
        }
        return {
            "index": self.index,
            "lines": self.lines,
            **({} if self.group is None else {"group": self.group}),
            **{name: value for name, value in members.items() if value},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ShardResult:
        """Read what ``to_json`` made, after JSON, or what an earlier version wrote."""
        pieces = data.get("pieces")
        if pieces is None:
            sizes = dict(data.get("sizes", ()))
            pieces = [(name, sizes.get(name)) for name in data.get("parts", ())]
        return cls(
            data["index"],
            data["lines"],
            Totals.from_json(data.get("totals") or {}),
            tuple((name, size) for name, size in pieces),
            Break(**data["broken"]) if data.get("broken") else None,
            data.get("group"),
            tuple((log, NumberedLines(*sums)) for log, *sums in data.get("numbered", ())),
        )


def shard_sizes(
    given: int | None,
    workers: int,
    largest: int,
    *,
    remote: bool = False,
    awaited: bool = False,
) -> Callable[[int], int]:
    """Return a function: bytes left -> bytes of the next shard: ever smaller towards the end, so
    that no worker waits long for the last, yet never so small that a shard's own cost shows. One
    worker waits for nobody. The user's own size is what it is.

    remote    what is read lies in an object store
    awaited   somebody waits for what comes of the first ones, or counts on it: they are small where
              there is little
    """
    if given or (workers == 1 and not awaited):
        return lambda _left: given or largest
    least = _MIN_REMOTE if remote else _MIN_SHARD
    return lambda left: max(least, min(largest, left // (workers * 4)))


def group_sizes(workers: int, largest: int) -> Callable[[int], int]:
    """Return a function as ``shard_sizes`` does, of groups that are so large at the most."""
    least = min(_MIN_SHARD, largest)
    return lambda left: max(least, min(largest, left // (workers * 4)))
