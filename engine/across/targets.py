"""Targets: resources that lie outside the job and count as present: folders of NDJSON, data sets
that the Parquet sink wrote, and tables.
"""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ..columns import relation_keys, relations_of
from ..columns.buffers import fixed_column
from ..columns.plain_relations import RESOURCE, Relations
from ..columns.plain_relations import relations_of as plain_relations_of
from ..errors import ConfigurationError, NotFound
from ..reading.compression import BrokenArchive
from ..reading.contents import Contents, NotNdjson
from ..reading.lines import read_lines
from ..reading.sources import InputFile, find_inputs
from ..storage import Reader, normal, storage_for
from ..stored_tables import opened_tables
from ..stored_tables.kept_rows import opened_parquet
from .relation_columns import texts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["check_targets", "read_targets"]

_PARQUET: Final = ".parquet"
_TYPE: Final = re.compile("[A-Z][A-Za-z]*")


def check_targets(places: Sequence[str]) -> None:
    """Raise ConfigurationError, or what the storage says, for a place without resources. Of Parquet
    files the first is opened, so that a folder of others is refused before the job.
    """
    for place in places:
        if opened_tables(place):
            continue
        if files := _parquet_files(place):
            with _opened(files[0]):
                pass
        else:
            find_inputs(place, logged=False).close()


def read_targets(places: Sequence[str], secret: bytes) -> Iterator[pa.Table]:
    """Yield (key, type) of every resource of the places: of NDJSON every line that is a resource,
    valid or not. Raises ConfigurationError for a file that cannot be read to its end.
    """
    for place in places:
        files = [
            (uri, table.resource_type) for table in opened_tables(place) for uri in table.files()
        ]
        files = files or [(uri, uri.rsplit("/", 2)[-2]) for uri in _parquet_files(place)]
        for uri, name in files:
            yield from _parquet(uri, name, secret)
        if files:
            continue
        listing = find_inputs(place, logged=False)
        try:
            for file in listing.inputs:
                yield from _ndjson(file, secret)
        finally:
            listing.close()


def _parquet_files(place: str) -> list[str]:
    """The Parquet files below a folder, or the one that the place is: those that lie in a folder
    named as types are.
    """
    uri = normal(place).rstrip("/")
    folder = uri.rpartition("/")[0] if uri.endswith(_PARQUET) else uri
    try:
        return [
            entry.uri
            for entry in storage_for(uri).list(folder + "/")
            if entry.uri.startswith(uri)
            and entry.uri.endswith(_PARQUET)
            and _TYPE.fullmatch(entry.uri.rsplit("/", 2)[-2])
        ]
    except NotFound:
        return []


@contextmanager
def _opened(uri: str) -> Iterator[Any]:
    """A Parquet file with a column of ids. Raises ConfigurationError for one that is damaged, now
    or while it is read, or that has no such column.
    """
    import pyarrow as pa

    try:
        with opened_parquet(storage_for(uri), uri) as file:
            schema = file.schema_arrow
            if "id" not in schema.names:
                raise ConfigurationError(f"{uri}: no column 'id': not a part of the sink parquet")
            kind = schema.field("id").type
            kind = kind.value_type if pa.types.is_dictionary(kind) else kind
            if kind not in (pa.string(), pa.large_string(), pa.string_view()):
                raise ConfigurationError(f"{uri}: the column 'id' holds {kind}, and no text")
            yield file
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError):
        raise ConfigurationError(
            f"{uri}: this target cannot be read: no Parquet file, or not a whole one"
        ) from None


def _parquet(uri: str, name: str, secret: bytes) -> Iterator[pa.Table]:
    """The rows of a file, which are of one type."""
    with _opened(uri) as file:
        for batch in file.iter_batches(columns=["id"]):
            ids = [one for one in batch.column("id").to_pylist() if one and "\n" not in one]
            own = relation_keys(f"{name}/".encode(), "\n".join([*ids, ""]).encode(), secret)
            yield _rows(own, [name], array("I", bytes(4 * len(ids))))


def _ndjson(file: InputFile, secret: bytes) -> Iterator[pa.Table]:
    reader: Reader = storage_for(file.uri).open(file.uri, etag=file.etag)
    try:
        contents = Contents(reader, file.compression)
        for lines in read_lines(contents.pieces(None)):
            starts, ends = _spans(lines.data)
            found = relations_of(lines.data, starts.tobytes(), ends.tobytes(), secret)
            yield _resources(found)
            if found[3]:
                starts, ends = (
                    array("I", [column[place] for place in found[3]]) for column in (starts, ends)
                )
                spans = starts.tobytes(), ends.tobytes()
                yield _resources(plain_relations_of(lines.data, *spans, secret))
    except (NotNdjson, BrokenArchive) as error:
        raise ConfigurationError(f"{file.name}: this target cannot be read: {error}") from None
    finally:
        reader.close()


def _spans(data: bytes) -> tuple[array[int], array[int]]:
    starts, ends, start = array("I"), array("I"), 0
    for line in data.split(b"\n"):
        if line.strip():
            starts.append(start)
            ends.append(start + len(line.rstrip(b" \t\r")))
        start += len(line) + 1
    return starts, ends


def _resources(found: Relations) -> pa.Table:
    (_, kinds, paths, keys, _, _), names, _, _ = found
    chosen = [kind == RESOURCE for kind in kinds]
    own = itertools.compress((keys[at : at + 16] for at in range(0, len(keys), 16)), chosen)
    return _rows(b"".join(own), names, array("I", itertools.compress(array("I", paths), chosen)))


def _rows(keys: bytes, names: list[str], codes: array[int]) -> pa.Table:
    import pyarrow as pa

    key = fixed_column(pa.decimal128(38), keys)
    code = fixed_column(pa.uint32(), codes)
    return pa.table({"key": key, "type": texts(names).take(code)})
