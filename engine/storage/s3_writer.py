"""Writing an object to S3: whole, by one PUT or by a multipart upload that is completed."""

from __future__ import annotations

from typing import Final

from ..errors import StorageError
from .media_types import media_type
from .s3_client import S3Client
from .s3_reader import split
from .s3_upload import abort_upload, begin_upload, checksum, complete_upload, put_part
from .uploads import EQUAL_PARTS, MOST_PART, Upload, UploadedPart, part_size

__all__ = ["S3PartWriter", "S3Writer", "put"]

_GROWING: Final = 125
"""Parts after which a part is twice as large, beyond those of one size: S3's largest object fits
then.
"""


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
        self._kind = kind
        self._part = part_size(size)
        self._held, self._size = list[bytes](), 0
        self._sent = 0
        self._upload: str | None = None
        self._parts: list[UploadedPart] = []

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
            self._complete(self._upload)
        except StorageError:
            self.abort()
            raise

    def abort(self) -> None:
        """Leave nothing of the object. May be called after a failure, and twice."""
        self._held.clear()
        upload, self._upload = self._upload, None
        if upload is not None:
            abort_upload(self._client, self._uri, upload)

    def _part_size(self) -> int:
        grown = max(0, len(self._parts) - EQUAL_PARTS + _GROWING) // _GROWING
        return min(MOST_PART, self._part << grown)

    def _send(self, data: bytes) -> None:
        if self._upload is None:
            self._upload = begin_upload(self._client, self._uri, self._encryption, self._kind)
        number = len(self._parts) + 1
        self._parts.append(put_part(self._client, self._uri, self._upload, number, data))
        self._sent += len(data)

    def _complete(self, upload: str) -> None:
        complete_upload(self._client, self._uri, upload, self._parts, self._sent)
        self._upload = None


class S3PartWriter:
    """One part of an upload, held until it is whole."""

    def __init__(self, client: S3Client, upload: Upload, number: int) -> None:
        self._client, self._upload, self._number = client, upload, number
        self._held = list[bytes]()

    def write(self, data: bytes | memoryview, /) -> None:
        """Add bytes."""
        self._held.append(bytes(data))

    def commit(self) -> UploadedPart:
        """Send the part; return what completing the upload has to know of it."""
        data = b"".join(self._held)
        return put_part(self._client, self._upload.uri, self._upload.name, self._number, data)

    def abort(self) -> None:
        """Hold nothing any more."""
        self._held.clear()


def put(
    client: S3Client, uri: str, data: bytes, encryption: dict[str, str], kind: str | None = None
) -> None:
    """Write an object by one request. Raises StorageError.

    kind   media type; None: by the ending of the name
    """
    bucket, key = split(uri)
    more = {"ContentType": kind or media_type(key), **encryption, **checksum(client, data)}
    client.call(uri, lambda made: made.put_object(Bucket=bucket, Key=key, Body=data, **more))
