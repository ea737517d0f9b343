"""Jobs that stand still where a test wants them to, by ``held/sitecustomize.py``."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["holding"]

_HELD = str(Path(__file__).parent / "held")


def holding(file: str, folder: Path) -> dict[str, str]:
    """Return the environment of a process that stands still, as do those that it starts, where it
    opens a file with ``file`` in its path. The folder has a file ``held`` from then on, and a file
    ``go`` there lets all go on.
    """
    path = os.pathsep.join(filter(None, [_HELD, os.environ.get("PYTHONPATH")]))
    return {"HELD_FILE": file, "HELD_IN": str(folder), "PYTHONPATH": path}
