"""Sources: what the user named (file, folder, glob, s3 prefix, ``-``) becomes the list of input
objects, in order.
"""

from __future__ import annotations

import glob
import hashlib
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern
from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import AccessDenied, NotFound, NothingToRead
from ..job_terms.job_folder import ACCESS_CHECK
from ..storage import StoredObject, is_remote, normal, storage_for
from .compression import compression_of, without_compression
from .conventions import SourceSelection
from .input_file import InputFile
from .key_globs import KeyGlob, first_wildcard
from .log_names import safe_path, telling_log_names
from .packed_list import PackedList
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

_SAID = 5
"""Files that look like data and are not read: so many are named in the log."""
_LISTED = 10
"""Files that are named where none of a source is read."""

_REPEATED = lazy_pattern(r"(\*\*/){2,}")

_log = logging.getLogger("bulkfhir.engine")


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something below a source that is no input, and why.

    looks_like_data  nobody may miss that it is not read
    """

    name: str
    reason: str
    looks_like_data: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The inputs of a job: the files in order, what was left out, the source as a URI for the
    Manifest, and the copies of what came through pipes.
    """

    inputs: Sequence[InputFile]
    skipped: Sequence[Skipped]
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
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    contract: bool = False,
    logged: bool = True,
    spool: Spool | None = None,
) -> Listing:
    """List every input of one source or of several, each file once.

    A folder gives what is data in it by name and content, deep, in the order of the names, as
    docs/inputs.md says; SourceSelection says what the keywords change. A file that is named is read
    whatever it is called, unless a pattern leaves it out. ``logged``: the job writes logs, so that
    each input needs a name of its own for them. What comes through a pipe is copied, to ``spool``
    or to a temporary folder. Raises NothingToRead, NotFound, AccessDenied, and
    ConfigurationError where nothing tells the logs of two inputs apart.
    """
    places = _places(source)
    selection = SourceSelection(include_all, include, exclude, contract)
    inputs, skipped, spool = PackedList(InputFile), PackedList(Skipped), spool or Spool()
    told, names = set[bytes](), set[int]()
    try:
        for place in places:
            for entry in _find(place, selection, spool):
                if isinstance(entry, Skipped):
                    skipped.append(entry)
                elif len(places) == 1 or _is_new(entry.uri, told):
                    inputs.append(entry)
                    names.add(hash(entry.log_name))
        _refuse_nothing(places, inputs, skipped)
        # Below one source names that are all different stay as they are; two that only seem to be
        # the same, one chance in 37 million of a million files, do so too, by the longer way.
        if logged and (len(places) > 1 or len(names) < len(inputs)):
            told_apart = telling_log_names(list(inputs))
            inputs = PackedList(InputFile, map(_logged_as, inputs, told_apart))
    except BaseException:
        spool.discard()
        raise
    _tell([one for one in skipped if one.looks_like_data])
    return Listing(inputs, skipped, source_uri(source), spool)


def _is_new(uri: str, told: set[bytes]) -> bool:
    """Return whether a place was not told before, and tell it; of a million only digests stay."""
    digest = hashlib.blake2b(uri.encode(errors="surrogatepass"), digest_size=16).digest()
    if digest in told:
        return False
    told.add(digest)
    return True


def _logged_as(file: InputFile, name: str) -> InputFile:
    return replace(file, log_name=name)


def source_uri(source: SourceLike | Sequence[SourceLike]) -> str:
    """Return what the Manifest says of the source: its URI, or several with commas between."""
    return ", ".join(map(_public, _places(source)))


def _places(source: SourceLike | Sequence[SourceLike]) -> list[str]:
    return [
        os.fspath(place)
        for place in ([source] if isinstance(source, str | os.PathLike) else source)
    ]


def _find(place: str, selection: SourceSelection, spool: Spool) -> Iterator[InputFile | Skipped]:
    if place == "-" and sys.stdin is None:
        raise NothingToRead("-: standard input is closed")
    if place == "-":
        yield _spooled("-", "stdin.ndjson", sys.stdin.buffer, spool)
    elif is_remote(place):
        yield from _find_remote(place, selection)
    else:
        yield from _find_local(place, selection, spool)


def _find_remote(place: str, selection: SourceSelection) -> Iterator[InputFile | Skipped]:
    """HealthLake takes a prefix as it stands: s3://bucket/2024 reads 2024-a.ndjson too. A glob is
    only a place where nothing lies by that very name.
    """
    place = normal(place)
    storage = storage_for(place)
    single = storage.stat(place)
    if single:
        yield from _named(single, place, place.rpartition("/")[2], selection)
        return
    base = place[: place.rindex("/") + 1]
    entries = storage.list(place)
    wildcard = None if selection.contract else first_wildcard(place)
    if wildcard is not None:
        first = next(entries, None)
        if first is None:
            base = place[: place.rindex("/", 0, wildcard) + 1]
            matches = KeyGlob(place).matches
            entries = (entry for entry in storage.list(base) if matches(entry.uri))
        else:
            entries = chain([first], entries)
    yield from _select(entries, base, base, selection)


def _find_local(
    place: str, selection: SourceSelection, spool: Spool
) -> Iterator[InputFile | Skipped]:
    path = Path(normal(place))
    storage = storage_for(str(path))
    if path.is_dir():
        base = str(path).rstrip("/") + "/"
        shown = place.removeprefix("file://").rstrip("/") + "/"
        if not os.access(path, os.R_OK | os.X_OK):
            raise AccessDenied(place, "permission denied")
        yield from _select(storage.list(base), base, "" if shown == "./" else shown, selection)
    elif path.exists():
        if not os.access(path, os.R_OK):
            raise AccessDenied(place, "permission denied")
        entry = storage.stat(str(path))
        if entry:
            yield from _named(entry, place, path.name, selection)
        else:
            with path.open("rb") as pipe:
                yield _spooled(place, path.name, pipe, spool)
    elif (wildcard := first_wildcard(place)) is not None:
        fixed = place[: place.rfind("/", 0, wildcard) + 1]
        base = normal(fixed or ".").rstrip("/") + "/"
        pattern = _REPEATED.sub("**/", place[len(fixed) :])
        # Path.glob cannot be told of hidden files.
        matches = glob.iglob(  # noqa: PTH207
            pattern, root_dir=base, recursive=True, include_hidden=True
        )
        paths = sorted({base + match for match in matches})
        entries = (entry for entry in map(storage.stat, paths) if entry)
        yield from _select(entries, base, fixed, selection)
    else:
        raise NotFound(place, "no such file or folder")


def _select(
    entries: Iterable[StoredObject], base: str, shown: str, selection: SourceSelection
) -> Iterator[InputFile | Skipped]:
    for entry in entries:
        relative = entry.uri.removeprefix(base)
        skipped = selection.reason_to_skip(relative, entry)
        if skipped is None:
            yield _input(entry, shown + relative, relative)
        elif not relative.endswith(ACCESS_CHECK):
            yield Skipped(shown + relative, *skipped)


def _named(
    entry: StoredObject, place: str, name: str, selection: SourceSelection
) -> Iterator[InputFile | Skipped]:
    reason = selection.refused(name)
    yield Skipped(place, reason) if reason else _input(entry, place, name)


def _input(entry: StoredObject, name: str, relative: str) -> InputFile:
    log_name = safe_path(without_compression(relative))
    return InputFile(name, entry.uri, entry.size, entry.etag, log_name, compression_of(relative))


def _spooled(name: str, log_name: str, pipe: BinaryIO, spool: Spool) -> InputFile:
    return _input(spool.copy(name, pipe), name, log_name)


def _refuse_nothing(
    places: Sequence[str], inputs: Sequence[InputFile], skipped: Sequence[Skipped]
) -> None:
    if inputs:
        return
    message = f"{', '.join(places)}: nothing to read: no NDJSON file"
    if not skipped:
        raise NothingToRead(f"{message}; no file lies there")
    there = "; ".join(f"{one.name}: {one.reason}" for one in skipped[:_LISTED])
    more = f"; and {len(skipped) - _LISTED:,} more" if len(skipped) > _LISTED else ""
    raise NothingToRead(f"{message}; there lie {there}{more}")


def _tell(missed: Sequence[Skipped]) -> None:
    for one in missed[:_SAID]:
        _log.warning("%s is not read: %s", one.name, one.reason)
    if len(missed) > _SAID:
        _log.warning(
            "and %d files more are not read (--statistics lists them)", len(missed) - _SAID
        )


def _public(place: str) -> str:
    if place == "-":
        return "stdin"
    path = normal(place)
    if not is_remote(path) and Path(path).is_dir() and not path.endswith("/"):
        path += "/"
    return storage_for(path).public(path)
