"""Sources: what the user named (file, folder, glob, s3 prefix, ``-``) becomes the list of input
objects, in order.
"""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import AccessDenied, ConfigurationError, NotFound, NothingToRead
from ..job_folder import ACCESS_CHECK, JOB_FOLDER_MARK
from ..storage import StoredObject, is_remote, normal, storage_for
from .compression import compression_of
from .spool import Spool

__all__ = [
    "InputFile",
    "Listing",
    "Skipped",
    "SourceLike",
    "find_inputs",
    "source_uri",
]

SourceLike = str | os.PathLike[str]

_ENDINGS = (".ndjson", ".ndjson.gz", ".ndjson.zst")
_JOB_FOLDER = re.compile(JOB_FOLDER_MARK + r"[^/]*(/|$)")
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file or object to read.

    name        as the user named it: ``data/Patient.ndjson``
    uri, size, etag   as listed
    log_name    relative path of its logs: below the source, without ``.gz`` and ``.zst``
    compression ``gz``, ``zst`` or None
    """

    name: str
    uri: str
    size: int
    etag: str
    log_name: str
    compression: str | None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something below a source that is no input, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a job reads: its inputs in order, what was left out, the source as a URI for the
    Manifest, and the copies of what came through pipes.
    """

    inputs: tuple[InputFile, ...]
    skipped: tuple[Skipped, ...]
    uri: str
    spool: Spool | None = None

    @property
    def size(self) -> int:
        """Return the bytes of all inputs, as they are stored."""
        return sum(file.size for file in self.inputs)

    def close(self) -> None:
        """Delete the copies that lie in a temporary folder."""
        if self.spool is not None:
            self.spool.close()


def find_inputs(
    source: SourceLike | Sequence[SourceLike],
    *,
    include_all: bool = False,
    spool: Spool | None = None,
) -> Listing:
    """List every input of one source or of several.

    A folder gives its ``.ndjson``, ``.ndjson.gz`` and ``.ndjson.zst`` files, deep, in the order of
    their names, but for what a bulk export keeps beside its data (``log.ndjson``, ``*.log.ndjson``,
    ``error/``, ``deleted/``; ``include_all`` reads these too) and the folders of import jobs. A
    file is read whatever its name. What comes through a pipe is copied, to ``spool`` or to a
    temporary folder. Raises NothingToRead, NotFound, AccessDenied, and
    ConfigurationError where two inputs would share one log.
    """
    places = _places(source)
    found, skipped, spool = list[InputFile](), list[Skipped](), spool or Spool()
    try:
        for place in places:
            for entry in _find(place, include_all, spool):
                if isinstance(entry, Skipped):
                    skipped.append(entry)
                else:
                    found.append(entry)
        _refuse_nothing(places, found, skipped)
        _refuse_shared_logs(found)
    except BaseException:
        spool.discard()
        raise
    return Listing(tuple(found), tuple(skipped), source_uri(source), spool)


def source_uri(source: SourceLike | Sequence[SourceLike]) -> str:
    """Return what the Manifest says of the source: its URI, or several with commas between."""
    return ", ".join(map(_public, _places(source)))


def _places(source: SourceLike | Sequence[SourceLike]) -> list[str]:
    return [
        os.fspath(place)
        for place in ([source] if isinstance(source, str | os.PathLike) else source)
    ]


def _find(place: str, include_all: bool, spool: Spool) -> Iterator[InputFile | Skipped]:
    if place == "-":
        yield _spooled("-", "stdin.ndjson", sys.stdin.buffer, spool)
    elif is_remote(place):
        yield from _find_remote(place, include_all)
    else:
        yield from _find_local(place, include_all, spool)


def _find_remote(place: str, include_all: bool) -> Iterator[InputFile | Skipped]:
    place = normal(place)
    storage = storage_for(place)
    pattern = _GLOB.search(place)
    if pattern:
        base = place[: place.rindex("/", 0, pattern.start()) + 1]
        matches = re.compile(_translate(place))
        yield from _select(
            (entry for entry in storage.list(base) if matches.fullmatch(entry.uri)),
            base,
            base,
            include_all,
        )
        return
    single = storage.stat(place)
    if single:
        yield _input(single, place, place.rpartition("/")[2])
        return
    base = place[
        : place.rindex("/") + 1
    ]  # HealthLake takes a prefix as it stands: s3://bucket/2024 reads 2024-a.ndjson too
    yield from _select(storage.list(place), base, base, include_all)


def _find_local(place: str, include_all: bool, spool: Spool) -> Iterator[InputFile | Skipped]:
    path = Path(normal(place))
    storage = storage_for(str(path))
    if path.is_dir():
        base = str(path).rstrip("/") + "/"
        shown = place.removeprefix("file://").rstrip("/") + "/"
        if not os.access(path, os.R_OK | os.X_OK):
            raise AccessDenied(place, "permission denied")
        yield from _select(storage.list(base), base, "" if shown == "./" else shown, include_all)
    elif path.exists():
        if not os.access(path, os.R_OK):
            raise AccessDenied(place, "permission denied")
        entry = storage.stat(str(path))
        if entry:
            yield _input(entry, place, path.name)
        else:
            with path.open("rb") as pipe:
                yield _spooled(place, path.name, pipe, spool)
    elif pattern := _GLOB.search(place):
        fixed = place[: place.rfind("/", 0, pattern.start()) + 1]
        base = normal(fixed or ".").rstrip("/") + "/"
        # Path.glob cannot be told of hidden files.
        matches = glob.iglob(  # noqa: PTH207
            place[len(fixed) :], root_dir=base, recursive=True, include_hidden=True
        )
        paths = sorted(base + match for match in matches)
        entries = (entry for entry in map(storage.stat, paths) if entry)
        yield from _select(entries, base, fixed, include_all)
    else:
        raise NotFound(place, "no such file or folder")


def _select(
    entries: Iterable[StoredObject], base: str, shown: str, include_all: bool
) -> Iterator[InputFile | Skipped]:
    for entry in entries:
        relative = entry.uri.removeprefix(base)
        reason = _reason_to_skip(relative, include_all)
        if reason is None:
            yield _input(entry, shown + relative, relative)
        elif not relative.endswith(ACCESS_CHECK):
            yield Skipped(shown + relative, reason)


def _reason_to_skip(relative: str, include_all: bool) -> str | None:
    """Why a file of a folder is no input; None where it is one."""
    folders, _, name = ("/" + relative).rpartition("/")
    if _JOB_FOLDER.search(relative):
        return "output of an import job"
    if not name.endswith(_ENDINGS):
        return "not an NDJSON file by its name"
    if include_all:
        return None
    plain = name.removesuffix(".gz").removesuffix(".zst")
    if plain == "log.ndjson" or plain.endswith(".log.ndjson"):
        return "log of the export"
    if {"error", "deleted"} & set(folders.split("/")):
        return "error or deleted folder of the export"
    return None


def _input(entry: StoredObject, name: str, relative: str) -> InputFile:
    compression = compression_of(relative)
    log_name = relative[: -len(compression) - 1] if compression else relative
    steps = log_name.split("/")
    if {"", ".", ".."} & set(steps) or "\0" in log_name:
        raise ConfigurationError(
            f"{name}: this name cannot be the path of a log: it has an empty step, '.' or '..'"
        )
    return InputFile(name, entry.uri, entry.size, entry.etag, log_name, compression)


def _spooled(name: str, log_name: str, pipe: BinaryIO, spool: Spool) -> InputFile:
    return _input(spool.copy(name, pipe), name, log_name)


def _refuse_nothing(
    places: Sequence[str], found: Sequence[InputFile], skipped: Sequence[Skipped]
) -> None:
    if not found:
        why = (
            f" ({len(skipped)} files skipped, the first: {skipped[0].name}: {skipped[0].reason})"
            if skipped
            else ""
        )
        raise NothingToRead(
            f"{', '.join(places)}: nothing to read: no .ndjson, .ndjson.gz or .ndjson.zst file{why}"
        )


def _refuse_shared_logs(files: Iterable[InputFile]) -> None:
    seen: dict[str, str] = {}
    for file in files:
        if file.log_name in seen:
            raise ConfigurationError(
                f"{seen[file.log_name]} and {file.name} would both log to {file.log_name}: rename "
                "one or import them in two jobs"
            )
        seen[file.log_name] = file.name


def _public(place: str) -> str:
    if place == "-":
        return "stdin"
    path = normal(place)
    if not is_remote(path) and Path(path).is_dir() and not path.endswith("/"):
        path += "/"
    return storage_for(path).public(path)


def _translate(pattern: str) -> str:
    """A glob over S3 keys as a regular expression: ``*`` and ``?`` stop at ``/``, ``**`` does
    not.
    """
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern)
    rules = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        rules.get(part)
        or (
            part.replace("[!", "[^")
            if part.startswith("[") and part.endswith("]")
            else re.escape(part)
        )
        for part in parts
    )
