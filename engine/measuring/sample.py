"""Sample: seeded byte ranges over all files and types of some inputs, by which a job over all of
them is foretold.

inputs -> strata by what files are called -> files -> cells -> ranges: one to learn, one to measure
"""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import StorageError
from ..reading.compression import BrokenArchive, decompress
from ..reading.contents import compression_of_file
from ..reading.lines import BLOCK_BYTES
from ..reading.sources import InputFile
from ..sharding.shard import Shard
from ..storage import Reader, storage_for

__all__ = ["LEAST", "Drawn", "InputSample", "Stratum", "draw"]

LEAST: Final = 16 << 20
"""Bytes that are measured at the least: the first megabytes are slower, since what the engine meets
in them for the first time it compiles, or asks the explainer about.
"""
_LEARNED: Final = 32 << 20
"""Bytes after which there is hardly more to learn (docs/decisions, 042)."""
_SMALLEST: Final = 1 << 16
"""Bytes of a range: where less is read at once, the cost of a block shows."""
_ARCHIVE: Final = 1 << 20
"""Bytes of an archive that are read at the least: what they hold tells how much all of it does."""
_FILES: Final = 64
"""Files of a stratum that are all looked into; of more so many, the large ones rather."""
_STRATA: Final = 256
"""Kinds of files are told by their names, which may all differ: the rest are one kind."""

_LETTERS: Final = re.compile(r"[A-Za-z]*")


@dataclass(frozen=True, slots=True)
class Stratum:
    """Files that are called alike, which mostly hold one type.

    size   bytes of their text; of archives, by what their beginnings hold
    whole  all of it is measured
    """

    name: str
    size: float
    whole: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """A range that is sampled: its shard, the stratum, the bytes of text in it, and how many bytes
    of the file hold them.
    """

    shard: Shard
    stratum: int
    size: float
    stored: float


@dataclass(frozen=True, slots=True)
class InputSample:
    """Ranges by the order of the files: those that are measured, and others, which a worker reads
    before so that it has learned what there is to learn; none where all is measured.
    """

    strata: tuple[Stratum, ...]
    measured: tuple[Drawn, ...]
    before: tuple[Drawn, ...]


@dataclass(frozen=True, slots=True)
class _File:
    """An input as text: how many bytes it has, and how many of them each of its own stands for."""

    number: int
    input: InputFile
    compression: str | None
    density: float

    @property
    def size(self) -> float:
        return self.input.size * self.density


def draw(inputs: Sequence[InputFile], share: float, seed: int) -> InputSample:
    """Draw a share of the inputs, 0 to 1, and of LEAST bytes at the least; the same for the same
    inputs and seed.
    """
    chance = random.Random(seed)  # noqa: S311  # a sample is no secret
    named = _by_name(inputs)
    text = sum(file.size for files in named.values() for file in files)
    share = min(1.0, max(share, LEAST / max(1.0, text)))
    strata, measured, before = list[Stratum](), list[Drawn](), list[Drawn]()
    for name, files in named.items():
        size, chosen = sum(file.size for file in files), _chosen(files, chance)
        quota, whole = share * size, True
        for file in chosen:
            of_file = quota * file.size / max(1.0, sum(one.size for one in chosen))
            mine, earlier = _ranges(file, of_file, 2 if len(chosen) == 1 else 1, chance)
            whole = whole and not earlier and len(chosen) == len(files)
            for drawn, ranges in ((measured, mine), (before, earlier)):
                drawn += (
                    Drawn(shard, len(strata), text, text / file.density) for shard, text in ranges
                )
        strata.append(Stratum(name, size, whole))
    read = sum(drawn.size for drawn in before)
    if read > _LEARNED:  # every so many of them, over all strata
        step = read / _LEARNED
        before = [before[int(place * step)] for place in range(int(len(before) / step))]
    return InputSample(tuple(strata), _in_order(measured), _in_order(before))


def _by_name(inputs: Sequence[InputFile]) -> dict[str, list[_File]]:
    """Return the files by the letters that their names begin with; the rarest names together."""
    found = defaultdict[str, list[_File]](list)
    for number, file in enumerate(inputs):
        name = PurePosixPath(file.uri).name
        letters = _LETTERS.match(name)
        compression = file.compression
        if compression is None and file.size > _ARCHIVE:
            compression = compression_of_file(file.uri, file.etag)
        key = f"{letters[0] if letters else ''}{f'.{compression}' if compression else ''}"
        density = _density(file, compression) if compression else 1.0
        found[key if key in found or len(found) < _STRATA else "others"].append(
            _File(number, file, compression, density)
        )
    return found


def _density(file: InputFile, compression: str) -> float:
    """Return how many bytes of text the beginning of an archive has for each of its own; 1 where it
    cannot be read, which shows when it is measured.
    """
    try:
        reader = storage_for(file.uri).open(file.uri, 0, _ARCHIVE, etag=file.etag)
    except StorageError:
        return 1.0
    beginning, text = _Beginning(reader), 0
    try:
        for piece in decompress(beginning, compression):
            text += len(piece)
    except (StorageError, BrokenArchive):
        pass  # it ends where the beginning does
    finally:
        beginning.close()
    return max(1.0, text / max(1, beginning.given))


class _Beginning:
    """A reader of the first bytes of a file."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.given = 0

    def read(self, size: int, /) -> bytes:
        left = min(size, _ARCHIVE - self.given)
        data = self._reader.read(left) if left else b""
        self.given += len(data)
        return data

    def close(self) -> None:
        self._reader.close()


def _chosen(files: Sequence[_File], chance: random.Random) -> Sequence[_File]:
    """Return the files that are looked into: all, or of many those in which points lie that stand
    evenly over their bytes.
    """
    if len(files) <= _FILES:
        return files
    step = sum(file.size for file in files) / _FILES
    point, passed, found = step * chance.random(), 0.0, list[_File]()
    for file in files:
        passed += file.size
        if passed > point:
            found.append(file)
            while point < passed:
                point += step
    return found


def _ranges(
    file: _File, quota: float, least: int, chance: random.Random
) -> tuple[list[tuple[Shard, float]], list[tuple[Shard, float]]]:
    """Return (shard, bytes of text) of each range of a file that is measured, and that is read
    before; so many at the ``least``: one alone does not tell how ranges differ.
    """
    if file.compression:
        most = max(quota, _ARCHIVE * file.density)
        if most >= file.size:
            return [(_shard(file, 0, None), file.size)], []
        return [(_shard(file, 0, int(most)), most)], [(_shard(file, 0, int(most / 2)), most / 2)]
    count = max(least, math.ceil(quota / BLOCK_BYTES))
    length = int(min(BLOCK_BYTES, max(_SMALLEST, quota / count)))
    if 3 * length * count >= file.input.size:
        return [(_shard(file, 0, max(1, file.input.size)), file.size)], []
    mine, earlier = list[tuple[Shard, float]](), list[tuple[Shard, float]]()
    for first, *others in _starts(file.input.size, count, length, chance):
        mine.append((_shard(file, first, first + length), length))
        earlier += ((_shard(file, other, other + length), length) for other in others)
    return mine, earlier


def _starts(
    size: int, count: int, length: int, chance: random.Random
) -> Iterator[tuple[int, int, int]]:
    """Yield where three ranges begin that have no byte in common, for each of so many cells of a
    file.
    """
    third = size / count / 3
    for number in range(3 * count)[::3]:
        first, second, last = chance.sample(range(3), 3)
        room = third - length
        yield (
            int(third * (number + first) + chance.random() * room),
            int(third * (number + second) + chance.random() * room),
            int(third * (number + last) + chance.random() * room),
        )


def _shard(file: _File, start: int, end: int | None) -> Shard:
    given = file.input
    return Shard(0, file.number, given.uri, given.etag, start, end, file.compression)


def _in_order(drawn: Sequence[Drawn]) -> tuple[Drawn, ...]:
    """Return ranges in the order of the files, as a job has its shards, and number them."""
    ordered = sorted(drawn, key=lambda one: (one.shard.file, one.shard.start))
    return tuple(
        replace(one, shard=replace(one.shard, index=number)) for number, one in enumerate(ordered)
    )
