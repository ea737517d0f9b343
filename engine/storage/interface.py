"""Storage: the few things the engine asks of a place that holds files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Reader", "Storage", "StoredObject", "Writer"]


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
        """Up to ``size`` bytes, at least one unless the object has ended. Raises StorageError."""
        ...

    def close(self) -> None: ...


class Writer(Protocol):
    """One object in the making. Nobody sees any of it before ``commit``."""

    def write(self, data: bytes, /) -> None: ...

    def commit(self) -> None:
        """The object is there, whole, in place of any earlier one."""
        ...

    def abort(self) -> None:
        """Nothing is left of it. May be called after a failure, and twice."""
        ...


class Storage(Protocol):
    """Every method raises StorageError (NotFound, AccessDenied, Changed where it can tell) and
    nothing else.
    """

    def list(self, folder: str) -> Iterator[StoredObject]:
        """All objects below a folder, deep, in the order of their names.

        NotFound where there is no such folder.
        """
        ...

    def stat(self, uri: str) -> StoredObject | None:
        """The object at exactly this place, None where there is none."""
        ...

    def open(
        self, uri: str, start: int = 0, end: int | None = None, /, etag: str | None = None
    ) -> Reader:
        """The bytes from ``start`` on. ``end`` says how far the caller means to read; it may read
        on beyond.

        With ``etag``: Changed where the object is another one by now.
        """
        ...

    def unchanged(self, uri: str, etag: str, /) -> bool:
        """Whether the object still is the one that was listed."""
        ...

    def read(self, uri: str) -> bytes: ...

    def put(self, uri: str, data: bytes) -> None: ...

    def writer(self, uri: str) -> Writer: ...

    def delete(self, uri: str) -> None:
        """Removes one object; no error where it is gone already."""
        ...

    def delete_folder(self, folder: str) -> None:
        """Removes everything below a folder; no error where it is gone already."""
        ...

    def sweep(self, folder: str) -> None:
        """Removes what interrupted writers left below a folder.

        Only safe while nothing else writes there.
        """
        ...

    def join(self, folder: str, relative: str) -> str:
        """The place of ``relative`` (with ``/``) below a folder."""
        ...

    def public(self, uri: str) -> str:
        """The place as a URI in published documents: ``file://…`` or ``s3://…``."""
        ...
