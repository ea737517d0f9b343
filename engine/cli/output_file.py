"""Output file: a result that a program will read is there whole, or not at all."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["opened_output"]

_LONGEST = 100
"""Characters of a name that are kept in a temporary one: file systems allow 255 bytes."""


@contextmanager
def opened_output(path: Path | None) -> Iterator[TextIO]:
    """Yield where a result is written: standard output, or a file that takes its name at the end.

    What was found until Ctrl-C is kept; what another error leaves half is removed, and the file of
    an earlier run stays. Raises click.UsageError where no file can be made.
    """
    if path is None:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a lone surrogate of a broken resource must not stop the report
        yield sys.stdout
        sys.stdout.flush()
        return
    half = path.with_name(f".{path.name[:_LONGEST]}.{os.getpid()}")
    try:
        out = half.open("w", encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise click.UsageError(f"--output-file {path}: {error.strerror}") from None
    try:
        with out:
            try:
                yield out
            except KeyboardInterrupt:
                _keep(out, half, path)
                raise
            _keep(out, half, path)
    finally:
        half.unlink(missing_ok=True)


def _keep(out: TextIO, half: Path, path: Path) -> None:
    out.flush()
    os.fsync(out.fileno())
    half.replace(path)
