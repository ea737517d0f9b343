"""Sink: the protocol between the engine and a place for accepted resources."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from bulkfhir.validators import DictionaryColumn
from bulkfhir.validators.economy.light_dataclass import dataclass

from ..columns import gather
from ..columns.words import words

__all__ = ["Accepted", "Sink", "SinkWriter", "discard_all", "sizes_of"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The accepted lines of one block: parallel columns, in the order of the input.

    data            the block's bytes
    starts, ends    where each line stands in data, without its line end
    types, ids      resourceType (letters only) and id
    replaced        position -> bytes to store instead of the line's own (the minimal level's audit
                    extension)
    source          the file that the block is of, as a URI
    first           where the block begins in the file, in bytes, decompressed
    """

    data: bytes
    starts: Sequence[int]
    ends: Sequence[int]
    types: Sequence[str]
    ids: Sequence[str]
    replaced: Mapping[int, bytes] = field(default_factory=dict)
    source: str = ""
    first: int = 0

    def lines(self) -> list[bytes]:
        """Return every line."""
        data = self.data
        lines = [data[start:end] for start, end in zip(self.starts, self.ends, strict=True)]
        for position, line in self.replaced.items():
            lines[position] = line
        return lines

    def resources(self) -> Iterator[tuple[str, str, bytes]]:
        """Yield (type, id, bytes) of every line."""
        data, replaced = self.data, self.replaced
        for position, (name, key, start, end) in enumerate(
            zip(self.types, self.ids, self.starts, self.ends, strict=True)
        ):
            yield name, key, replaced[position] if position in replaced else data[start:end]

    def by_type(self) -> Iterator[tuple[str, bytes]]:
        """Yield (type, its lines in their order, each with a newline) of every type."""
        if self.replaced:
            yield from self._by_type()
            return
        types, starts, ends = DictionaryColumn.of(self.types), words(self.starts), words(self.ends)
        for name, lines in zip(
            types.names, gather(self.data, starts, ends, types.codes, len(types.names)), strict=True
        ):
            if lines:
                yield name, lines

    def _by_type(self) -> Iterator[tuple[str, bytes]]:
        lines: dict[str, list[bytes]] = {}
        for name, _, line in self.resources():
            lines.setdefault(name, []).append(line)
        for name, of_type in lines.items():
            yield name, b"\n".join([*of_type, b""])


class SinkWriter(Protocol):
    """One group's resources on their way. Nothing is seen of them before ``commit``."""

    def write(self, accepted: Accepted) -> None:
        """Take the accepted lines of one block."""
        ...

    def commit(self) -> None:
        """Put all parts of the group in their places, whole, instead of any that an earlier run of
        the group left.
        """
        ...

    def abort(self) -> None:
        """Leave nothing of the group. May be called after a failure."""
        ...


class Sink(Protocol):
    """Made as ``factory(folder, storage)`` where folder is the job's own.

    The lines of a job come in groups: shards in a row, of one file or of several.
    Raises StorageError, and nothing else, when the place says no.
    """

    def open(self, index: int) -> SinkWriter:
        """Return a writer for the group with this number; part names depend on the number alone, so
        that a repeated group replaces its own.
        """
        ...

    def discard(self, index: int) -> None:
        """Remove the parts of a group that does not count after all."""
        ...


def sizes_of(writer: SinkWriter) -> Sequence[tuple[str, int]]:
    """Return (place below the job's folder, bytes) of the parts that a group was committed with,
    where the writer has a method ``sizes`` that says so: resuming does a group again whose parts
    are not as long as that. Nothing is looked at of other writers.
    """
    sizes: Callable[[], Sequence[tuple[str, int]]] | None = getattr(writer, "sizes", None)
    return sizes() if sizes is not None else ()


def discard_all(sink: Sink, numbers: Collection[int]) -> None:
    """Remove the parts of groups that do not count: at once, where the sink has a method
    ``discard_all`` that can do so.
    """
    at_once: Callable[[Collection[int]], None] | None = getattr(sink, "discard_all", None)
    if at_once is not None:
        at_once(numbers)
        return
    for number in numbers:
        sink.discard(number)
