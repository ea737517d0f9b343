"""Sums: values added up by key in bounded memory; what is beyond it waits on disk, sorted."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Callable, Iterator
from functools import reduce
from itertools import groupby
from operator import itemgetter
from typing import IO, Any, Self

import orjson

__all__ = ["Sums"]

HELD = 50_000
"""Keys in memory: some 50 MB of the longest sentences."""

Key = tuple[Any, ...]


class Sums:
    """Key -> value, added up with ``plus``, whatever the order in which they come.

    A key is a tuple of strings or of numbers, a value is of JSON. Use as a context manager: what
    lies on disk goes with it.
    """

    def __init__(self, plus: Callable[[Any, Any], Any], held: int = HELD) -> None:
        self._plus, self._held = plus, held
        self._values: dict[Key, Any] = {}
        self._runs: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for run in self._runs:
            run.close()

    def add(self, key: Key, value: Any) -> None:
        """Add a value to what its key has."""
        before = self._values.get(key)
        self._values[key] = value if before is None else self._plus(before, value)
        if len(self._values) >= self._held:
            self._spill()

    def items(self) -> Iterator[tuple[Key, Any]]:
        """Yield every key with its sum, in the order of the keys."""
        runs = [_read(run) for run in self._runs]
        merged = heapq.merge(*runs, sorted(self._values.items()), key=itemgetter(0))
        for key, entries in groupby(merged, key=itemgetter(0)):
            yield key, reduce(self._plus, (value for _, value in entries))

    def _spill(self) -> None:
        run = tempfile.TemporaryFile()  # noqa: SIM115 closed with the sums
        self._runs.append(run)
        for key, value in sorted(self._values.items()):
            run.write(orjson.dumps((list(key), value), option=orjson.OPT_APPEND_NEWLINE))
        self._values = {}


def _read(run: IO[bytes]) -> Iterator[tuple[Key, Any]]:
    run.seek(0)
    for line in run:
        key, value = orjson.loads(line)
        yield tuple(key), value
