"""Jobs that an earlier version has left, in fixtures."""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["left_behind"]


def left_behind(kept: Path, place: Path) -> tuple[Path, Path, Path]:
    """Put the job ``half`` that a folder of fixtures holds into a folder, its source beside it;
    return (source, output, the job's folder).
    """
    source, output = place / "source", place / "output"
    folder = output / f"{'d' * 32}-FHIR_IMPORT-half"
    shutil.copytree(kept / "source", source)
    shutil.copytree(kept / "job", folder)
    return source, output, folder
