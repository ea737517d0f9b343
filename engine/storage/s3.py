"""S3 as a Storage: ranged reads pinned to the listed ETag, whole objects by one PUT or a completed
multipart upload.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from ..errors import AccessDenied, Changed, NotFound, StorageError
from .interface import StoredObject

__all__ = ["S3Storage"]

_WINDOW = 1 << 20
"""The least that one ranged request asks for."""

_PART = 8 << 20
"""Size of the first parts of a multipart upload; it grows, since an upload may have no more than
10,000 parts.
"""

_TRIES = 4
"""How often a broken connection is taken up again without a byte of progress."""

_BROKEN = (BotoCoreError, HTTPError, OSError)

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class S3Storage:
    """Uses the credentials, region and endpoint that boto3 finds for the user.

    With a key, what is written is encrypted by it (SSE-KMS).
    """

    def __init__(self, encryption_key_id: str | None = None) -> None:
        self._client = boto3.session.Session().client(
            "s3"
        )  # a session of its own: the default one is not safe to share among threads
        self._encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption_key_id}
            if encryption_key_id
            else {}
        )

    def list(self, folder: str) -> Iterator[StoredObject]:
        """Yield all objects below a folder, deep, in the order of their names."""
        bucket, prefix = _split(folder)
        with _translated(folder):
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=prefix
            ):
                for entry in page.get("Contents", ()):
                    if not entry["Key"].endswith("/"):
                        yield StoredObject(
                            f"s3://{bucket}/{entry['Key']}", entry["Size"], entry["ETag"]
                        )

    def stat(self, uri: str) -> StoredObject | None:
        """Return the object at exactly this place, None where there is none."""
        bucket, key = _split(uri)
        if not key or key.endswith("/"):
            return None
        try:
            with _translated(uri):
                head = self._client.head_object(Bucket=bucket, Key=key)
        except NotFound:
            return None
        return StoredObject(uri, head["ContentLength"], head["ETag"])

    def open(
        self, uri: str, start: int = 0, end: int | None = None, /, etag: str | None = None
    ) -> _S3Reader:
        """Return a reader of the bytes from ``start`` on; raise Changed for another etag."""
        return _S3Reader(self._client, uri, start, end, etag)

    def unchanged(self, _uri: str, _etag: str, /) -> bool:
        """Return whether the object still is the one that was listed."""
        return True  # every request of a reader was pinned to the ETag

    def read(self, uri: str) -> bytes:
        """Return all bytes of an object."""
        bucket, key = _split(uri)
        with _translated(uri):
            body: bytes = self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
            return body

    def put(self, uri: str, data: bytes) -> None:
        """Write an object whole, instead of any earlier one."""
        bucket, key = _split(uri)
        with _translated(uri):
            self._client.put_object(Bucket=bucket, Key=key, Body=data, **self._encryption)

    def writer(self, uri: str) -> _S3Writer:
        """Return a writer of a new object, of which nothing is seen before its ``commit``."""
        return _S3Writer(self._client, uri, self._encryption)

    def delete(self, uri: str) -> None:
        """Remove one object; no error where it is gone already."""
        bucket, key = _split(uri)
        with _translated(uri):
            self._client.delete_object(Bucket=bucket, Key=key)

    def delete_folder(self, folder: str) -> None:
        """Remove everything below a folder; no error where it is gone already."""
        bucket, _ = _split(folder)
        keys = [{"Key": _split(entry.uri)[1]} for entry in self.list(folder.rstrip("/") + "/")]
        for first in range(0, len(keys), 1000):
            with _translated(folder):
                answer = self._client.delete_objects(
                    Bucket=bucket, Delete={"Objects": keys[first : first + 1000], "Quiet": True}
                )
            for failure in answer.get("Errors", ()):
                raise StorageError(
                    folder, f"{failure.get('Key')} could not be deleted: {failure.get('Code')}"
                )

    def sweep(self, folder: str) -> None:
        """Remove what interrupted writers left below a folder."""
        bucket, prefix = _split(folder)
        with (
            contextlib.suppress(StorageError),
            _translated(folder),
        ):  # not every user may list uploads; buckets have lifecycle rules for them
            for page in self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=bucket, Prefix=prefix
            ):
                for upload in page.get("Uploads", ()):
                    self._client.abort_multipart_upload(
                        Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )

    def join(self, folder: str, relative: str) -> str:
        """Return the place of ``relative`` (with ``/``) below a folder."""
        return f"{folder.rstrip('/')}/{relative}"

    def public(self, uri: str) -> str:
        """Return the place as a URI in published documents."""
        return uri


class _S3Reader:
    """Bytes from a position on: one streaming request up to the expected end, further ones where a
    line goes on.
    """

    def __init__(
        self, client: Any, uri: str, start: int, end: int | None, etag: str | None
    ) -> None:
        self._client, self._uri, self._etag = client, uri, etag
        self._position, self._expected_end = start, end
        self._size: int | None = None
        self._body: Any = None

    def read(self, size: int, /) -> bytes:
        failures = 0
        while self._size is None or self._position < self._size:
            try:
                if self._body is None:
                    self._request()
                    continue
                data: bytes = self._body.read(size)
            except _BROKEN as error:
                failures += 1
                self.close()
                if failures >= _TRIES:
                    raise StorageError(
                        self._uri,
                        f"reading broke off at byte {self._position:,}: {type(error).__name__}",
                    ) from None
                continue
            if data:
                self._position += len(data)
                return data
            self.close()  # this request's range has ended
        return b""

    def close(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            with contextlib.suppress(*_BROKEN):
                body.close()

    def _request(self) -> None:
        bucket, key = _split(self._uri)
        start, end = self._position, self._expected_end
        last = "" if end is None else str(max(end, start + _WINDOW) - 1)
        pinned = {"IfMatch": self._etag} if self._etag else {}
        try:
            with _translated(self._uri):
                answer = self._client.get_object(
                    Bucket=bucket, Key=key, Range=f"bytes={start}-{last}", **pinned
                )
        except _Beyond:  # an empty object, or nothing from here on
            self._size = start
            return
        if self._etag and answer["ETag"] != self._etag:
            answer["Body"].close()
            raise Changed(self._uri, "the object changed after it was listed")
        self._body = answer["Body"]
        match = _CONTENT_RANGE.fullmatch(answer.get("ContentRange", ""))
        if match:
            if int(match[1]) != start:
                raise StorageError(
                    self._uri,
                    f"the store answered bytes {match[1]} on where {start} on were asked for",
                )
            self._size = int(match[3]) if match[3] != "*" else int(match[2]) + 1
        else:  # some stores answer a range with 200 and the whole object
            self._size = answer["ContentLength"]
            self._skip(start)

    def _skip(self, size: int) -> None:
        while size:
            data = self._body.read(min(size, _WINDOW))
            if not data:
                return
            size -= len(data)


class _S3Writer:
    def __init__(self, client: Any, uri: str, encryption: dict[str, str]) -> None:
        self._client, self._uri, self._encryption = client, uri, encryption
        self._bucket, self._key = _split(uri)
        self._held: list[bytes] = []
        self._size = 0
        self._upload: str | None = None
        self._parts: list[dict[str, object]] = []

    def write(self, data: bytes, /) -> None:
        self._held.append(data)
        self._size += len(data)
        if self._size >= _PART * (1 + len(self._parts) // 1000):
            self._send()

    def commit(self) -> None:
        try:
            if self._upload is None:
                with _translated(self._uri):
                    self._client.put_object(
                        Bucket=self._bucket,
                        Key=self._key,
                        Body=b"".join(self._held),
                        **self._encryption,
                    )
                return
            if self._size:
                self._send()
            with _translated(self._uri):
                self._client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=self._key,
                    UploadId=self._upload,
                    MultipartUpload={"Parts": self._parts},
                )
            self._upload = None
        except StorageError:
            self.abort()
            raise

    def abort(self) -> None:
        self._held, self._size = [], 0
        upload, self._upload = self._upload, None
        if upload is not None:
            with contextlib.suppress(BotoCoreError, ClientError):
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=self._key, UploadId=upload
                )

    def _send(self) -> None:
        data, self._held, self._size = b"".join(self._held), [], 0
        number = len(self._parts) + 1
        with _translated(self._uri):
            if self._upload is None:
                self._upload = self._client.create_multipart_upload(
                    Bucket=self._bucket, Key=self._key, **self._encryption
                )["UploadId"]
            answer = self._client.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload,
                PartNumber=number,
                Body=data,
            )
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})


class _Beyond(StorageError):
    """A range that begins at or after the object's end."""


@contextlib.contextmanager
def _translated(uri: str) -> Iterator[None]:
    """boto3's errors as the engine's."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        text = str(error.response.get("Error", {}).get("Message", "")) or code
        if code in ("404", "NoSuchKey", "NoSuchBucket", "NotFound"):
            raise NotFound(
                uri, "no such bucket" if code == "NoSuchBucket" else "no such object"
            ) from None
        if code in (
            "403",
            "AccessDenied",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "ExpiredToken",
        ):
            raise AccessDenied(uri, f"access denied ({code})") from None
        if code in ("412", "PreconditionFailed"):
            raise Changed(uri, "the object changed after it was listed") from None
        if code in ("416", "InvalidRange"):
            raise _Beyond(uri, "beyond the object's end") from None
        raise StorageError(uri, f"{code}: {text}") from None
    except BotoCoreError as error:
        raise StorageError(uri, str(error)) from None


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
