"""Compressed: a Writer that compresses what it is given. The same bytes in come out as the same
bytes, with no time or name in them, so that a shard that is run again leaves the same part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import zstandard
from isal import isal_zlib

from ..storage import Writer

__all__ = ["COMPRESSIONS", "Compressed"]

COMPRESSIONS: dict[str, Callable[[], Any]] = {
    "gz": lambda: isal_zlib.compressobj(wbits=31),
    "zst": lambda: zstandard.ZstdCompressor().compressobj(),
}
"""Ending of a name -> what makes a compressor (an object with ``compress`` and ``flush``)."""


class Compressed:
    """A Writer in front of another one.

    compression  a name of COMPRESSIONS
    """

    def __init__(self, writer: Writer, compression: str) -> None:
        self._writer = writer
        self._compressor = COMPRESSIONS[compression]()

    def write(self, data: bytes, /) -> None:
        """Compress bytes; what comes out of the compressor is written on."""
        self._writer.write(self._compressor.compress(data))

    def commit(self, *, durable: bool = False) -> None:
        """Write what is left in the compressor, and publish the file."""
        self._writer.write(self._compressor.flush())
        self._writer.commit(durable=durable)

    def abort(self) -> None:
        """Leave nothing."""
        self._writer.abort()
