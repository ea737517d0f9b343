"""OpenFiles: files of one folder that are opened when there is something to write, and are
published together.
"""

from __future__ import annotations

from collections.abc import Callable

from .interface import Writer

__all__ = ["OpenFiles"]


class OpenFiles:
    """Files by name. Nothing of them is seen before ``commit``.

    open_file  makes the writer of a name, when the first bytes are written under it
    """

    def __init__(self, open_file: Callable[[str], Writer]) -> None:
        self._open = open_file
        self._writers: dict[str, Writer] = {}
        self._sizes: dict[str, int] = {}

    def write(self, name: str, data: bytes) -> None:
        """Write to the end of a file."""
        writer = self._writers.get(name)
        if writer is None:
            writer = self._writers[name] = self._open(name)
        writer.write(data)
        self._sizes[name] = self._sizes.get(name, 0) + len(data)

    def names(self) -> tuple[str, ...]:
        """Return the names of the files that were written to, in the order of their first bytes."""
        return tuple(self._writers)

    def sizes(self) -> tuple[tuple[str, int], ...]:
        """Return (name, bytes) of the files that were written to."""
        return tuple(self._sizes.items())

    def commit(self, *, durable: bool = False) -> None:
        """Publish every file, whole; ``durable``: they outlive a power cut from now on."""
        for writer in self._writers.values():
            writer.commit(durable=durable)

    def abort(self) -> None:
        """Leave nothing of any file."""
        for writer in self._writers.values():
            writer.abort()
