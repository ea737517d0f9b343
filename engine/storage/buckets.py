"""S3 on a local disk: ``s3://bucket/key`` is ``ROOT/bucket/key``, and nothing in a key leads
outside.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import AccessDenied, NotFound, StorageError
from .interface import Claim, PartWriter, Reader, StoredObject, Writer
from .local import LocalStorage
from .uploads import Upload, UploadedPart

__all__ = ["BucketFolders"]


class BucketFolders:
    """Buckets as the folders of ``root``.

    Listings go by key prefix, as S3's do; links that lead out of the root are not followed.
    """

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)
        self._local = LocalStorage()

    def list(self, folder: str) -> Iterator[StoredObject]:
        """Yield all objects below a folder, deep, in the order of their names."""
        bucket, prefix = _split(folder)
        base = f"s3://{bucket}/{prefix.rpartition('/')[0]}".rstrip("/") + "/"
        if not Path(self._path(f"s3://{bucket}/")).is_dir():
            raise NotFound(folder, "the bucket does not exist")
        with _named(folder):
            path = self._path(base)
            for entry in self._local.list(path) if Path(path).is_dir() else ():
                uri = base + entry.uri[len(path) + 1 :].replace(os.sep, "/")
                if uri.startswith(folder) and self._inside(entry.uri):
                    yield StoredObject(uri, entry.size, entry.etag)

    def stat(self, uri: str) -> StoredObject | None:
        """Return the object at exactly this place, None where there is none."""
        if not _split(uri)[1] or uri.endswith("/"):
            return None
        with _named(uri):
            entry = self._local.stat(self._path(uri))
        return StoredObject(uri, entry.size, entry.etag) if entry else None

    def open(
        self, uri: str, start: int = 0, end: int | None = None, etag: str | None = None
    ) -> Reader:
        """Return a reader of the bytes from ``start`` on; raise Changed for another etag."""
        with _named(uri):
            return self._local.open(self._path(uri), start, end, etag)

    def unchanged(self, uri: str, etag: str) -> bool:
        """Return whether the object still is the one that was listed."""
        now = self.stat(uri)
        return now is not None and now.etag == etag

    def read(self, uri: str) -> bytes:
        """Return all bytes of an object."""
        with _named(uri):
            return self._local.read(self._path(uri))

    def put(self, uri: str, data: bytes, *, durable: bool = False) -> None:
        """Write an object whole, instead of any earlier one."""
        with _named(uri):
            self._local.put(self._path(uri), data, durable=durable)

    def writer(self, uri: str, media_type: str | None = None, size: int | None = None) -> Writer:
        """Return a writer of a new object, of which nothing is seen before its ``commit``."""
        with _named(uri):
            return self._local.writer(self._path(uri), media_type, size)

    def link(self, uri: str, place: str, size: int) -> bool:
        """Put an object in another place too; return False where that cannot be."""
        with _named(place):
            return self._local.link(self._path(uri), self._path(place), size)

    def begin_upload(self, uri: str, media_type: str | None, size: int) -> Upload:
        """Begin an object of just so many bytes, which several processes write."""
        with _named(uri):
            return replace(self._local.begin_upload(self._path(uri), media_type, size), uri=uri)

    def part_writer(self, upload: Upload, number: int) -> PartWriter:
        """Return a writer of a part of an upload."""
        with _named(upload.uri):
            return self._local.part_writer(self._here(upload), number)

    def complete_upload(self, upload: Upload, parts: Sequence[UploadedPart]) -> None:
        """Put an upload in its place, whole, instead of any earlier object."""
        with _named(upload.uri):
            self._local.complete_upload(self._here(upload), parts)

    def abort_upload(self, upload: Upload) -> None:
        """Leave nothing of an upload."""
        self._local.abort_upload(upload)

    def settle(self, folder: str) -> None:
        """See to it that all that was written below a folder outlives a power cut."""
        with _named(folder):
            self._local.settle(self._path(folder))

    def delete(self, uri: str) -> None:
        """Remove one object; no error where it is gone already."""
        with _named(uri):
            self._local.delete(self._path(uri))

    def delete_folder(self, folder: str, *, keep: Collection[str] = ()) -> None:
        """Remove everything below a folder; no error where it is gone already."""
        with _named(folder):
            self._local.delete_folder(self._path(folder), keep=keep)

    def sweep(self, folder: str) -> None:
        """Remove what interrupted writers left below a folder."""
        with _named(folder):
            self._local.sweep(self._path(folder))

    def claim(self, uri: str, owner: str, *, take_over: bool = False) -> Claim:
        """Hold a place by a lock of the operating system."""
        with _named(uri):
            return self._local.claim(self._path(uri), owner, take_over=take_over)

    def join(self, folder: str, relative: str) -> str:
        """Return the place of ``relative`` (with ``/``) below a folder."""
        return folder.rstrip("/") + "/" + relative

    def public(self, uri: str) -> str:
        """Return the place as a URI in published documents."""
        return uri

    def _here(self, upload: Upload) -> Upload:
        return replace(upload, uri=self._path(upload.uri))

    def _path(self, uri: str) -> str:
        bucket, key = _split(uri)
        steps = [bucket, *key.rstrip("/").split("/")] if key.rstrip("/") else [bucket]
        if {"", ".", ".."} & set(steps) or "\0" in uri:
            raise AccessDenied(uri, "a key with an empty step, '.' or '..' has no place on a disk")
        path = str(Path(self._root, *steps))
        if not self._inside(path):
            raise AccessDenied(uri, "a link in this place leads outside of the root")
        return path

    def _inside(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self._root + os.sep)


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


@contextlib.contextmanager
def _named(uri: str) -> Iterator[None]:
    """Errors name the address that was asked for, never the place on this disk."""
    try:
        yield
    except StorageError as error:
        raise type(error)(uri, error.reason) from None
