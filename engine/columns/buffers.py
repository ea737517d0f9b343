"""Buffers: bytes as columns of Arrow. ``pyarrow.array`` and ``pyarrow.scalar`` would import pandas
where it is installed, which takes longer than most jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["fixed_column"]


def fixed_column(kind: pa.DataType, data: Any, present: pa.Buffer | None = None) -> pa.Array:
    """Return values of a fixed width, one behind the other in an object of bytes, as a column.

    present   a bit for each, 0 where it is null; None: none is
    """
    import pyarrow as pa

    held = pa.py_buffer(data)
    return pa.Array.from_buffers(kind, held.size * 8 // kind.bit_width, [present, held])
