"""Layout: what a reader of the table goes by before it reads a record.

The other tags stand in ``tags``, which only what writes records imports.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["LAYOUT", "RecordTag"]

LAYOUT: Final = 0xC5C9_88A6
"""The layout of the table's records, which the crate states too: ``_native.LAYOUT``."""


class RecordTag(IntEnum):
    """Records of the table."""

    NAME = 1
    RESOURCE_TYPE = 2
    NODE = 3
    OVERLAY = 4
    KNOWN = 5
    LAYOUT = 6
