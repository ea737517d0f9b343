"""Writing an object to S3: whole, by one PUT or by a multipart upload that is completed."""

from __future__ import annotations

import base64
import contextlib
import zlib
from typing import Any, Final

from ..errors import NotFound, StorageError
from .media_types import media_type
from .s3_client import S3Client
from .s3_reader import split

__all__ = ["S3Writer", "checksum", "put"]

_LEAST: Final = 8 << 20
"""Bytes of a part of a multipart upload at the least; S3 takes 5 MiB to 5 GiB."""
_MOST: Final = 5 << 30

_EQUAL_PARTS: Final = 8_000
"""Parts of one size, but for the last, which some stores require. An upload has no more than 10,000
parts: these hold all where the size is known beforehand, and 62 GiB else.
"""
_GROWING: Final = 125
"""Parts after which a part is twice as large, beyond those: S3's largest object fits then."""


class S3Writer:
    """One object in the making; nobody sees any of it before ``commit``.

    size   about how many bytes it will have, where that is known: its parts are of one size then
    """

    def __init__(
        self,
        client: S3Client,
        uri: str,
        encryption: dict[str, str],
        kind: str | None = None,
        size: int | None = None,
    ) -> None:
        self._client, self._uri, self._encryption = client, uri, encryption
        self._bucket, self._key = split(uri)
        self._kind = kind or media_type(self._key)
        self._part = max(_LEAST, -(-(size or 0) // _EQUAL_PARTS))
        self._held, self._size = list[bytes](), 0
        self._sent = 0
        self._upload: str | None = None
        self._parts: list[dict[str, object]] = []

    def write(self, data: bytes, /) -> None:
        """Add bytes. Raises StorageError."""
        self._held.append(bytes(data))
        self._size += len(data)
        if self._size < self._part_size():
            return
        whole, at = b"".join(self._held), 0  # of a single piece that is this one, not a copy
        while len(whole) - at >= (size := self._part_size()):
            self._send(whole if len(whole) == size else whole[at : at + size])
            at += size
        self._held, self._size = [whole[at:]], len(whole) - at

    def commit(self, *, durable: bool = False) -> None:
        """Put the object in its place, whole. Raises StorageError, and then nothing is left."""
        del durable  # S3 answers when an object is durable
        try:
            if self._upload is None:
                data = b"".join(self._held)
                put(self._client, self._uri, data, self._encryption, self._kind)
                return
            if self._size:
                self._send(b"".join(self._held))
            self._complete()
        except StorageError:
            self.abort()
            raise

    def abort(self) -> None:
        """Leave nothing of the object. May be called after a failure, and twice."""
        self._held.clear()
        upload, self._upload = self._upload, None
        if upload is not None:
            with contextlib.suppress(StorageError):
                self._client.call(
                    self._uri,
                    lambda client: client.abort_multipart_upload(
                        Bucket=self._bucket, Key=self._key, UploadId=upload
                    ),
                )

    def _part_size(self) -> int:
        grown = max(0, len(self._parts) - _EQUAL_PARTS + _GROWING) // _GROWING
        return min(_MOST, self._part << grown)

    def _send(self, data: bytes) -> None:
        if self._upload is None:
            self._upload = self._client.call(self._uri, self._create)["UploadId"]
        number, sums = len(self._parts) + 1, checksum(self._client, data)
        answer = self._client.call(
            self._uri,
            lambda client: client.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload,
                PartNumber=number,
                Body=data,
                **sums,
            ),
        )
        self._sent += len(data)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"], **sums})

    def _create(self, client: Any) -> Any:
        # Stores refuse the checksum of a part where the upload was begun without its kind.
        named = {"ChecksumAlgorithm": "CRC32"} if self._client.sends_checksums else {}
        return client.create_multipart_upload(
            Bucket=self._bucket,
            Key=self._key,
            ContentType=self._kind,
            **self._encryption,
            **named,
        )

    def _complete(self) -> None:
        tries = 0

        def complete(client: Any) -> None:
            nonlocal tries
            tries += 1
            client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload,
                MultipartUpload={"Parts": self._parts},
            )

        try:
            self._client.call(self._uri, complete)
        except NotFound:
            # An earlier try may have reached the store, and its answer been lost.
            if tries == 1 or not self._is_there():
                raise
        self._upload = None

    def _is_there(self) -> bool:
        head = self._client.call(
            self._uri, lambda client: client.head_object(Bucket=self._bucket, Key=self._key)
        )
        return bool(head["ContentLength"] == self._sent)


def put(
    client: S3Client, uri: str, data: bytes, encryption: dict[str, str], kind: str | None = None
) -> None:
    """Write an object by one request. Raises StorageError.

    kind   media type; None: by the ending of the name
    """
    bucket, key = split(uri)
    more = {"ContentType": kind or media_type(key), **encryption, **checksum(client, data)}
    client.call(uri, lambda made: made.put_object(Bucket=bucket, Key=key, Body=data, **more))


def checksum(client: S3Client, data: bytes) -> dict[str, str]:
    """Return the checksum of some bytes, for a header.

    Left to itself botocore sends it behind the data over HTTPS, which stores other than AWS's do
    not all read (Ceph RGW 16, versitygw 1.8).
    """
    if not client.sends_checksums:
        return {}
    crc = zlib.crc32(data).to_bytes(4, "big")
    return {"ChecksumCRC32": base64.b64encode(crc).decode()}
