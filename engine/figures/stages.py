"""Stages: what a worker's time goes into, by name, for whoever measures it."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACCEPT",
    "COMMIT",
    "DECOMPRESS",
    "EXPLAIN",
    "PLACE",
    "PUBLISH",
    "READ",
    "START",
    "WORK",
    "WRITE",
]

START: Final = "start"
"""The validators of a job are made, once in each worker."""
READ: Final = "read"
"""Bytes come from the store, and are cut into lines."""
DECOMPRESS: Final = "decompress"
"""An archive's bytes become text, which is cut into lines."""
ACCEPT: Final = "accept"
"""The fast path judges a block of lines."""
EXPLAIN: Final = "explain"
"""The slow path judges the lines that the fast one did not accept."""
WRITE: Final = "write"
"""Lines are counted; their outcomes, keys and findings are written, and what a sink takes."""
COMMIT: Final = "commit"
"""The parts of a group are put in their places, to outlive a power cut, and the record of them."""
PUBLISH: Final = "publish"
"""Parts become the logs of files, and the whole job is looked through for duplicates and causes."""
PLACE: Final = "place"
"""The log of a file is opened, and put in its place when it is whole."""

WORK: Final = (START, READ, DECOMPRESS, ACCEPT, EXPLAIN, WRITE, COMMIT, PUBLISH, PLACE)
"""All of them, in the order in which a job comes to them."""
