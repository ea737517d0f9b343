"""Storage: the few things the engine asks of a place that holds files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from bulkfhir.validators.economy.light_dataclass import dataclass

from .uploads import Upload, UploadedPart

__all__ = ["Claim", "PartWriter", "Reader", "Storage", "StoredObject", "Writer"]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One file or object as a listing shows it.

    uri     absolute path, or ``s3://bucket/key``
    size    bytes
    etag    changes when the content does
    """

    uri: str
    size: int
    etag: str


class Reader(Protocol):
    """Bytes of one object, from where it was opened to its end."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, at least one unless the object has ended. Raises
        StorageError.
        """
        ...

    def close(self) -> None:
        """Free what reading holds."""
        ...


class Writer(Protocol):
    """One object in the making. Nobody sees any of it before ``commit``."""

    def write(self, data: bytes, /) -> None:
        """Write bytes to the end. Raise StorageError."""
        ...

    def commit(self, *, durable: bool = False) -> None:
        """Put the object in its place, whole, instead of any earlier one.

        durable   it outlives a power cut from now on
        """
        ...

    def abort(self) -> None:
        """Leave nothing of it. May be called after a failure, and twice."""
        ...


class PartWriter(Protocol):
    """A part of an object that several processes write."""

    def write(self, data: bytes | memoryview, /) -> None:
        """Write bytes to the end. Raise StorageError."""
        ...

    def commit(self) -> UploadedPart:
        """End the part; return what ``complete_upload`` has to know of it. Raise StorageError."""
        ...

    def abort(self) -> None:
        """Free what writing holds. May be called after a failure, and twice."""
        ...


class Claim(Protocol):
    """A place that one process holds for its own.

    lost   why it is held no longer; None while it is
    """

    lost: str | None

    def confirm(self) -> None:
        """Raise Held where another process holds the place by now."""
        ...

    def release(self) -> None:
        """Give the place back. May be called twice."""
        ...


class Storage(Protocol):
    """Every method raises StorageError (NotFound, AccessDenied, Changed where it can tell) and
    nothing else.
    """

    def list(self, folder: str) -> Iterator[StoredObject]:
        """Yield all objects below a folder, deep, in the order of their names.

        NotFound where there is no such folder.
        """
        ...

    def stat(self, uri: str) -> StoredObject | None:
        """Return the object at exactly this place, None where there is none."""
        ...

    def open(
        self, uri: str, start: int = 0, end: int | None = None, /, etag: str | None = None
    ) -> Reader:
        """Return the bytes from ``start`` on. ``end`` says how far the caller means to read; it may
        read on beyond.

        With ``etag``: Changed where the object is another one by now.
        """
        ...

    def unchanged(self, uri: str, etag: str, /) -> bool:
        """Return whether the object still is the one that was listed."""
        ...

    def read(self, uri: str) -> bytes:
        """Return all bytes of an object. Raise StorageError."""
        ...

    def put(self, uri: str, data: bytes, *, durable: bool = False) -> None:
        """Write an object whole, instead of any earlier one. Raise StorageError.

        durable   it outlives a power cut from now on
        """
        ...

    def writer(self, uri: str, media_type: str | None = None, size: int | None = None) -> Writer:
        """Return a writer of a new object, of which nothing is seen before its ``commit``.

        media_type   of the object, where the place keeps one; None: by the ending of its name
        size         about how many bytes will be written, where that is known
        """
        ...

    def link(self, uri: str, place: str, size: int) -> bool:
        """Put an object of just so many bytes in another place too, instead of any earlier one
        there, without a copy of it. Return False where that cannot be: it has other bytes, the
        place is no neighbour, the store knows no such thing.
        """
        ...

    def begin_upload(self, uri: str, media_type: str | None, size: int) -> Upload:
        """Begin an object of just so many bytes, which several processes write.

        media_type   as ``writer`` takes it
        """
        ...

    def part_writer(self, upload: Upload, number: int) -> PartWriter:
        """Return a writer of a part of an upload, which takes the place of any earlier one of this
        number; numbers count from 1. Any process may write it, any number of times.
        """
        ...

    def complete_upload(self, upload: Upload, parts: Sequence[UploadedPart]) -> None:
        """Put an upload in its place, whole, instead of any earlier object. ``parts``: all, in
        order. Raise StorageError.
        """
        ...

    def abort_upload(self, upload: Upload) -> None:
        """Leave nothing of an upload; no error where it is gone already."""
        ...

    def settle(self, folder: str) -> None:
        """See to it that all that was written below a folder outlives a power cut."""
        ...

    def delete(self, uri: str) -> None:
        """Remove one object; no error where it is gone already."""
        ...

    def delete_folder(self, folder: str, *, keep: Collection[str] = ()) -> None:
        """Remove everything below a folder; no error where it is gone already.

        keep   names right in the folder that stay
        """
        ...

    def sweep(self, folder: str) -> None:
        """Remove what interrupted writers left below a folder.

        Only safe while nothing else writes there.
        """
        ...

    def claim(self, uri: str, owner: str, *, take_over: bool = False) -> Claim:
        """Hold a place by a file or an object there, which says whose it is.

        Raise Held where another process does. ``take_over`` disregards a lease that might still be
        renewed; a lock of the operating system ends with its process, and cannot be disregarded.
        """
        ...

    def join(self, folder: str, relative: str) -> str:
        """Return the place of ``relative`` (with ``/``) below a folder."""
        ...

    def public(self, uri: str) -> str:
        """Return the place as a URI in published documents: ``file://…`` or ``s3://…``."""
        ...
