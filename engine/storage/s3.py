"""S3 as a Storage: ranged reads pinned to the listed ETag, whole objects written at once."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

from ..errors import AccessDenied, NotFound, StorageError, Unavailable
from .interface import StoredObject
from .patience import retry_seconds
from .s3_client import S3Client
from .s3_errors import BeyondEnd
from .s3_lease import Lease
from .s3_reader import S3Reader, etag_of, split, whole_size
from .s3_upload import abort_upload, begin_upload, complete_upload
from .s3_writer import S3PartWriter, S3Writer, put
from .uploads import Upload, UploadedPart, part_size

__all__ = ["S3Storage"]

_AT_ONCE: Final = 1000
"""Keys that one request lists or deletes at the most."""

_LISTED: Final = 100_000
"""Keys that are held at once before they are deleted: some 40 MB."""

_SURROGATE: Final = lazy_pattern("[\udc80-\udcff]")
"""Stands in a name of Python's for a byte that is no UTF-8."""

_log = logging.getLogger("bulkfhir.engine")


class S3Storage:
    """Buckets of S3, or of a store that speaks its protocol.

    encryption_key_id   a KMS key by which all that is written is encrypted (SSE-KMS)
    patience            seconds for which a call is tried again while the store does not answer;
                        default: what the user chose
    """

    def __init__(self, encryption_key_id: str | None = None, patience: float | None = None) -> None:
        self._client = S3Client(retry_seconds() if patience is None else patience)
        self._encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption_key_id}
            if encryption_key_id
            else {}
        )

    def list(self, folder: str) -> Iterator[StoredObject]:
        bucket, prefix = split(folder)
        for page in self._pages(folder, "list_objects_v2"):
            for entry in page.get("Contents") or ():
                if not entry["Key"].endswith("/") and entry["Key"].startswith(prefix):
                    uri = f"s3://{bucket}/{entry['Key']}"
                    yield StoredObject(uri, entry["Size"], etag_of(entry))

    def stat(self, uri: str) -> StoredObject | None:
        bucket, key = split(uri)
        if not key or key.endswith("/"):
            return None
        try:
            head = self._client.call(uri, lambda client: client.head_object(Bucket=bucket, Key=key))
            return StoredObject(uri, head["ContentLength"], etag_of(head))
        except NotFound:
            return None
        except Unavailable:
            raise
        except StorageError:
            # An answer to HEAD has no body, and so no code that tells a lapsed token from a denial.
            return self._stat_by_reading(uri)

    def open(
        self, uri: str, start: int = 0, end: int | None = None, /, etag: str | None = None
    ) -> S3Reader:
        return S3Reader(self._client, uri, start, end, etag)

    def unchanged(self, _uri: str, _etag: str, /) -> bool:
        return True  # every answer to a reader was compared with what was listed

    def read(self, uri: str) -> bytes:
        bucket, key = split(uri)

        def get(client: Any) -> bytes:
            body: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
            return body

        return self._client.call(uri, get)

    def put(self, uri: str, data: bytes, *, durable: bool = False) -> None:
        del durable  # S3 answers when an object is durable
        put(self._client, uri, data, self._encryption)

    def writer(self, uri: str, media_type: str | None = None, size: int | None = None) -> S3Writer:
        return S3Writer(self._client, uri, self._encryption, media_type, size)

    def link(self, _uri: str, _place: str, _size: int) -> bool:
        return False  # S3 copies, or does nothing

    def begin_upload(self, uri: str, media_type: str | None, size: int) -> Upload:
        name = begin_upload(self._client, uri, self._encryption, media_type)
        return Upload(uri, name, size, part_size(size))

    def part_writer(self, upload: Upload, number: int) -> S3PartWriter:
        return S3PartWriter(self._client, upload, number)

    def complete_upload(self, upload: Upload, parts: Sequence[UploadedPart]) -> None:
        complete_upload(self._client, upload.uri, upload.name, parts, upload.size)

    def abort_upload(self, upload: Upload) -> None:
        abort_upload(self._client, upload.uri, upload.name)

    def settle(self, folder: str) -> None:
        pass  # what S3 has answered for is durable

    def delete(self, uri: str) -> None:
        bucket, key = split(uri)
        self._client.call(uri, lambda client: client.delete_object(Bucket=bucket, Key=key))

    def delete_folder(self, folder: str, *, keep: Collection[str] = ()) -> None:
        """Remove everything below a folder, with its earlier versions where the bucket keeps any.

        What the store keeps all the same is said in the log.
        """
        folder = folder.rstrip("/") + "/"
        kept = {split(folder + name)[1] for name in keep}
        try:
            self._delete_listed(folder, kept, lambda: self._versions(folder))
        except Unavailable:
            raise
        except StorageError as error:  # not allowed, or not known to the store

            def named() -> Iterator[dict[str, str]]:
                return ({"Key": split(entry.uri)[1]} for entry in self.list(folder))

            if self._delete_listed(folder, kept, named):
                _log.warning(
                    "%s: earlier versions of what is deleted here stay: %s", folder, error.reason
                )

    def sweep(self, folder: str) -> None:
        folder = folder.rstrip("/") + "/"
        bucket, _ = split(folder)
        # Not every user may list uploads, and buckets have lifecycle rules for them.
        with contextlib.suppress(StorageError):
            for page in self._pages(folder, "list_multipart_uploads"):
                for upload in page.get("Uploads") or ():
                    self._abort(folder, bucket, upload)

    def claim(self, uri: str, owner: str, *, take_over: bool = False) -> Lease:
        return Lease(self._client, uri, owner, self._encryption, take_over=take_over)

    def join(self, folder: str, relative: str) -> str:
        # A key is UTF-8; bytes of a local file's name that are none are escaped.
        key = _SURROGATE.sub(lambda found: f"%{ord(found[0]) - 0xDC00:02X}", relative)
        return f"{folder.rstrip('/')}/{key}"

    def public(self, uri: str) -> str:
        return uri

    def _stat_by_reading(self, uri: str) -> StoredObject | None:
        """Return what an answer to GET says of an object; of its bytes the first one is sent."""
        bucket, key = split(uri)
        for wanted in ({"Range": "bytes=0-0"}, {}):  # an empty object has no first byte

            def get(client: Any, wanted: dict[str, str] = wanted) -> Any:
                return client.get_object(Bucket=bucket, Key=key, **wanted)

            try:
                answer = self._client.call(uri, get)
            except BeyondEnd:
                continue
            except NotFound:
                return None
            answer["Body"].close()
            return StoredObject(uri, whole_size(answer), etag_of(answer))
        raise StorageError(uri, "the store answers no request for the object's first byte")

    def _pages(self, folder: str, operation: str) -> Iterator[dict[str, Any]]:
        """Every page of a listing; a page that broke is asked for again."""
        bucket, prefix = split(folder)
        token: str | None = None
        while True:
            config = {"StartingToken": token} if token else {}

            def page(client: Any, config: dict[str, str] = config) -> tuple[Any, str | None]:
                pages = client.get_paginator(operation).paginate(
                    Bucket=bucket,
                    Prefix=prefix,
                    PaginationConfig={**config, "MaxItems": _AT_ONCE, "PageSize": _AT_ONCE},
                )
                return list(pages), pages.resume_token

            found, token = self._client.call(folder, page)
            yield from found
            if not token:
                return

    def _versions(self, folder: str) -> Iterator[dict[str, str]]:
        for page in self._pages(folder, "list_object_versions"):
            for entry in (*(page.get("Versions") or ()), *(page.get("DeleteMarkers") or ())):
                version = entry.get("VersionId")
                named = {"Key": entry["Key"]}
                yield named if version in (None, "null") else {**named, "VersionId": version}

    def _delete_listed(
        self, folder: str, kept: Collection[str], listed: Callable[[], Iterator[dict[str, str]]]
    ) -> bool:
        """Do as ``_delete`` does with all that a listing has but for the keys to keep.

        Nothing is deleted while pages are to come: not every store finds the place again where a
        page ended that is gone. What is held at once is bounded, and then listed anew.
        """
        stays = False
        while True:
            found = (entry for entry in listed() if entry["Key"] not in kept)
            some = list(islice(found, _LISTED))
            stays = self._delete(folder, iter(some)) or stays
            if len(some) < _LISTED:
                return stays

    def _delete(self, folder: str, found: Iterator[dict[str, str]]) -> bool:
        """Delete what was found below a folder; return whether the bucket keeps it as an earlier
        version.
        """
        bucket, _ = split(folder)
        kept = False
        while some := list(islice(found, _AT_ONCE)):

            def delete(client: Any, some: Sequence[dict[str, str]] = some) -> Any:
                return client.delete_objects(Bucket=bucket, Delete={"Objects": some})

            try:
                answer = self._client.call(folder, delete)
            except AccessDenied:
                # Ceph RGW 16 refuses this request to a user who may delete each of the objects.
                kept = self._delete_singly(folder, some) or kept
                continue
            self._delete_singly(folder, [_named(failure) for failure in answer.get("Errors") or ()])
            kept = kept or any(entry.get("DeleteMarker") for entry in answer.get("Deleted") or ())
        return kept

    def _delete_singly(self, folder: str, found: Sequence[dict[str, str]]) -> bool:
        """Do as ``_delete`` does, by a request an object. Raises StorageError that names the first
        that stays.
        """
        bucket, _ = split(folder)
        kept = False
        for named in found:

            def delete(client: Any, named: dict[str, str] = named) -> Any:
                return client.delete_object(Bucket=bucket, **named)

            try:
                answer = self._client.call(folder, delete)
            except Unavailable:
                raise
            except StorageError as error:
                key = named.get("Key", "something")
                raise StorageError(folder, f"{key} could not be deleted: {error.reason}") from None
            kept = kept or bool(answer.get("DeleteMarker") and "VersionId" not in named)
        return kept

    def _abort(self, folder: str, bucket: str, upload: dict[str, Any]) -> None:
        self._client.call(
            folder,
            lambda client: client.abort_multipart_upload(
                Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            ),
        )


def _named(failure: dict[str, str]) -> dict[str, str]:
    """Return the object that an entry of Errors is about."""
    return {name: failure[name] for name in ("Key", "VersionId") if failure.get(name)}
