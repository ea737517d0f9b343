"""Output file: a result that a program will read is there whole, or not at all."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..reading.input_file import InputFile

__all__ = ["check_output", "opened_output", "refuse_an_input"]

_LONGEST = 100
"""Characters of a name that are kept in a temporary one: file systems allow 255 bytes."""


@contextmanager
def opened_output(path: Path | None, option: str = "--output-file") -> Iterator[TextIO]:
    """Yield where a result is written: standard output, or a file that takes its name at the end.

    What was found until Ctrl-C is kept, unless that is nothing; what another error leaves half is
    removed, and the file of an earlier run stays.

    option   what named the path

    Raises click.UsageError where no file can be made.
    """
    if path is None:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a lone surrogate of a broken resource must not stop the report
        yield sys.stdout
        sys.stdout.flush()
        return
    if _is_device(path):
        with _opened(path, f"{option} {path}") as out:
            yield out
        return
    whole, half = _names(path)
    out = _opened(half, f"{option} {path}")
    try:
        with out:
            try:
                yield out
            except KeyboardInterrupt:
                out.flush()
                if half.stat().st_size:
                    _keep(out, half, whole)
                raise
            _keep(out, half, whole)
    finally:
        half.unlink(missing_ok=True)


def check_output(path: Path | None, option: str) -> None:
    """Raise click.UsageError where ``opened_output`` could make no file: before long work, at whose
    end it is called.
    """
    if path is None:
        return
    if _is_device(path):  # a pipe that is opened and closed has come to its end
        if not os.access(path, os.W_OK):
            raise click.UsageError(f"{option} {path}: {os.strerror(errno.EACCES)}")
        return
    _, half = _names(path)
    _opened(half, f"{option} {path}").close()
    half.unlink()


def refuse_an_input(path: Path | None, inputs: Sequence[InputFile]) -> None:
    """Raise click.UsageError where a result would take the place of a file that is read."""
    if path is None or not os.path.isfile(path):  # noqa: PTH113  # never raise
        return
    from ..storage import is_remote

    for file in inputs:
        try:
            same = not is_remote(file.uri) and path.samefile(file.uri)
        except OSError:  # gone since it was listed: whoever reads it says so
            continue
        if same:
            raise click.UsageError(f"{path}: this file is read; name another for the result")


def _is_device(path: Path) -> bool:
    """Tell whether it is /dev/null, a pipe: nothing may take its place."""
    return os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113  # never raise


def _names(path: Path) -> tuple[Path, Path]:
    """Return the name of the whole file, and the one that it has until then."""
    whole = type(path)(os.path.realpath(path))  # a link stays, and leads to the new file
    return whole, whole.with_name(f".{whole.name[:_LONGEST]}.{os.getpid()}")


def _opened(path: Path, named: str) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise click.UsageError(f"{named}: {error.strerror}") from None


def _keep(out: TextIO, half: Path, path: Path) -> None:
    out.flush()
    os.fsync(out.fileno())
    half.replace(path)
