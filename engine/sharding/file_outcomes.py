"""File outcomes: what came of each file of a job, and what its last step has to know of them."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, field
from typing import Any, Protocol

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..across.cause_rows import FindingPart, FindingPiece
from ..figures.job_figures import FileFigures
from ..figures.totals import Totals
from ..job_terms.job_folder import CAUSES
from ..reading.sources import InputFile
from .shard import Break, ShardResult

__all__ = [
    "FileOutcome",
    "FilesSum",
    "OutcomesByFile",
    "ResultsInOrder",
    "finding_parts",
]


class ResultsInOrder(Protocol):
    """The results of all shards, by their number."""

    def __getitem__(self, index: int, /) -> ShardResult: ...


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """The outcome of one input file. Its shards are in order; those after a break of the file do
    not count.

    bases   number of lines before each shard
    dropped shards after the break of a file: nothing of them counts
    """

    file: InputFile
    shards: tuple[ShardResult, ...]
    bases: tuple[int, ...]
    dropped: tuple[int, ...]

    @property
    def breaks(self) -> list[Break]:
        """Return why the file was not read to its end, or not all of it; empty where it was."""
        return [shard.broken for shard in self.shards if shard.broken]

    @property
    def status(self) -> int:
        """Return 200 for a file that was read to its end, 400 for one that is not readable, 500
        where the fault is the server's.
        """
        return max((broken.status for broken in self.breaks), default=200)

    @property
    def imported(self) -> int:
        """Return how many of the file's resources were accepted."""
        return sum(shard.totals.imported for shard in self.shards)


class OutcomesByFile:
    """The outcomes of all files, made while they are looked at: a job may have a million.

    ``files[i]`` is the file of shard i, ``results[i]`` its result. A customer error ends a file:
    how many lines lie before its later shards is not known any more. A server error does not; its
    lines were counted.
    """

    def __init__(
        self, inputs: Sequence[InputFile], files: Sequence[int], results: ResultsInOrder
    ) -> None:
        self._inputs, self._files, self._results = inputs, files, results

    def __len__(self) -> int:
        return len(self._inputs)

    def __iter__(self) -> Iterator[FileOutcome]:
        at = 0
        for number, file in enumerate(self._inputs):
            shards, bases, dropped = list[ShardResult](), list[int](), list[int]()
            base, ended = 0, False
            while at < len(self._files) and self._files[at] == number:
                result = self._results[at]
                at += 1
                if ended:
                    dropped.append(result.index)
                    continue
                shards.append(result)
                bases.append(base)
                base += result.lines
                ended = result.broken is not None and result.broken.status == 400
            yield FileOutcome(file, tuple(shards), tuple(bases), tuple(dropped))


@dataclass(frozen=True, slots=True)
class FilesSum:
    """The sums of a job's files.

    totals    over all shards that count
    broken    (name, message, status) of every break of a file
    origins   shard -> (name of its file, lines of it before the shard), of the shards that someone
              refers to
    """

    totals: Totals = field(default_factory=Totals)
    figures: FileFigures = field(default_factory=lambda: FileFigures.of(()))
    broken: tuple[tuple[str, str, int], ...] = ()
    origins: Mapping[int, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, outcomes: Iterable[FileOutcome], totals: Totals, referred: Collection[int] = ()
    ) -> FilesSum:
        """Add up what came of each file.

        referred   shards that the totals' examples do not name, but others refer to
        """
        wanted = {shard for places in totals.examples.values() for shard, _ in places}.union(
            referred
        )
        broken, origins = list[tuple[str, str, int]](), dict[int, tuple[str, int]]()

        def figures() -> Iterator[tuple[int, int, int]]:
            for outcome in outcomes:
                name = outcome.file.name
                broken.extend((name, cause.message, cause.status) for cause in outcome.breaks)
                for shard, base in zip(outcome.shards, outcome.bases, strict=True):
                    if shard.index in wanted:
                        origins[shard.index] = (name, base)
                yield outcome.file.size, outcome.status, outcome.imported

        counted = FileFigures.of(figures())
        return cls(totals, counted, tuple(broken), origins)

    def to_json(self) -> dict[str, Any]:
        """Return the sum as JSON values."""
        return {
            "totals": self.totals.to_json(),
            "figures": asdict(self.figures),
            "broken": self.broken,
            "origins": [[shard, name, base] for shard, (name, base) in self.origins.items()],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FilesSum:
        """Read what ``to_json`` made, after JSON."""
        return cls(
            Totals.from_json(data["totals"]),
            FileFigures(**data["figures"]),
            tuple((name, message, status) for name, message, status in data["broken"]),
            {shard: (name, base) for shard, name, base in data["origins"]},
        )


def finding_parts(
    results: Iterable[ShardResult], dropped: Container[int]
) -> tuple[FindingPart, ...]:
    """Return which parts have findings, given the results of all shards in order, and the numbers
    of those that do not count.
    """
    parts: dict[int, list[FindingPiece]] = {}
    for result in results:
        size = dict(result.pieces).get(CAUSES)
        if size:
            piece = FindingPiece(result.index, size, counts=result.index not in dropped)
            parts.setdefault(result.part, []).append(piece)
    return tuple(FindingPart(number, tuple(pieces)) for number, pieces in parts.items())
