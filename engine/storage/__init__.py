"""Storage: one small interface, on local disks and on S3.

uri -> storage_for(uri) -> LocalStorage | S3Storage
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import ConfigurationError
from .interface import Claim, PartWriter, Reader, Storage, StoredObject, Writer
from .local import LocalStorage
from .uploads import Upload, UploadedPart

__all__ = [
    "S3_ROOT",
    "Claim",
    "PartWriter",
    "Reader",
    "Storage",
    "StoredObject",
    "Upload",
    "UploadedPart",
    "Writer",
    "is_remote",
    "normal",
    "storage_for",
]


S3_ROOT = "BULKFHIR_S3_ROOT"
"""Environment variable: a folder that stands for S3, its buckets being folders.

Reaches every worker.
"""


def is_remote(uri: str) -> bool:
    """Return whether a place is an object store's, not this machine's."""
    return uri.startswith("s3://")


def normal(place: str) -> str:
    """Return what a user may write for a place (relative path, ``~``, ``file://``, ``s3://``) as
    the one form the engine uses.

    A trailing ``/`` is kept. ConfigurationError for a scheme that no storage serves.
    """
    if is_remote(place):
        if not urlsplit(place).netloc:
            raise ConfigurationError(f"{place}: an S3 address names a bucket: s3://bucket/prefix/")
        return place if "/" in place[len("s3://") :] else place + "/"
    if place.startswith("file://"):
        parts = urlsplit(place)
        if parts.netloc not in ("", "localhost"):
            raise ConfigurationError(f"{place}: a file address on another machine cannot be read")
        place = unquote(parts.path)
    elif "://" in place and not Path(place).exists():
        raise ConfigurationError(f"{place}: only paths, file:// and s3:// are understood")
    ending = "/" if place.endswith("/") else ""
    path = os.path.abspath(Path(place).expanduser())  # noqa: PTH100 resolve() would replace links by what they point to
    return path if path == "/" else path + ending


def storage_for(uri: str, encryption_key_id: str | None = None) -> Storage:
    """Return the storage that serves a place in its normal form. The same one within a process."""
    if is_remote(uri):
        return _s3(encryption_key_id)
    return _LOCAL


_LOCAL = LocalStorage()


@lru_cache(maxsize=8)
def _s3(encryption_key_id: str | None) -> Storage:
    root = os.environ.get(S3_ROOT)
    if root:
        from .buckets import BucketFolders

        return BucketFolders(root)
    from .s3 import S3Storage  # boto3 costs a quarter of a second: only who needs it pays

    return S3Storage(encryption_key_id)
