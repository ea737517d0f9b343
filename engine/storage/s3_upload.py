"""S3 upload: the requests of a multipart upload, each of which may be made by another process."""

from __future__ import annotations

import base64
import contextlib
import zlib
from collections.abc import Sequence
from typing import Any

from ..errors import NotFound, StorageError
from .media_types import media_type
from .s3_client import S3Client
from .s3_reader import split
from .uploads import UploadedPart

__all__ = ["abort_upload", "begin_upload", "checksum", "complete_upload", "put_part"]


def begin_upload(
    client: S3Client, uri: str, encryption: dict[str, str], kind: str | None = None
) -> str:
    """Begin an upload; return its id. Raises StorageError.

    kind   media type; None: by the ending of the name
    """
    bucket, key = split(uri)
    # Stores refuse the checksum of a part where the upload was begun without its kind.
    named = {"ChecksumAlgorithm": "CRC32"} if client.sends_checksums else {}
    answer = client.call(
        uri,
        lambda made: made.create_multipart_upload(
            Bucket=bucket, Key=key, ContentType=kind or media_type(key), **encryption, **named
        ),
    )
    return str(answer["UploadId"])


def put_part(client: S3Client, uri: str, upload: str, number: int, data: bytes) -> UploadedPart:
    """Write a part, instead of any earlier one of its number, which counts from 1.

    Raises StorageError.
    """
    bucket, key = split(uri)
    sums = checksum(client, data)
    answer = client.call(
        uri,
        lambda made: made.upload_part(
            Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=data, **sums
        ),
    )
    return {"PartNumber": number, "ETag": answer["ETag"], **sums}


def complete_upload(
    client: S3Client, uri: str, upload: str, parts: Sequence[UploadedPart], size: int
) -> None:
    """Make one object of all parts, which are in order and have so many bytes together.

    Raises StorageError.
    """
    (bucket, key), tries = split(uri), 0

    def complete(made: Any) -> None:
        nonlocal tries
        tries += 1
        made.complete_multipart_upload(
            Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": list(parts)}
        )

    try:
        client.call(uri, complete)
    except NotFound:
        # An earlier try may have reached the store, and its answer been lost.
        if tries == 1 or not _is_there(client, uri, size):
            raise


def abort_upload(client: S3Client, uri: str, upload: str) -> None:
    """Leave nothing of an upload, as far as the store lets that be done."""
    bucket, key = split(uri)
    with contextlib.suppress(StorageError):
        client.call(
            uri,
            lambda made: made.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload),
        )


def checksum(client: S3Client, data: bytes) -> dict[str, str]:
    """Return the checksum of some bytes, for a header.

    Left to itself botocore sends it behind the data over HTTPS, which stores other than AWS's do
    not all read (Ceph RGW 16, versitygw 1.8).
    """
    if not client.sends_checksums:
        return {}
    crc = zlib.crc32(data).to_bytes(4, "big")
    return {"ChecksumCRC32": base64.b64encode(crc).decode()}


def _is_there(client: S3Client, uri: str, size: int) -> bool:
    bucket, key = split(uri)
    head = client.call(uri, lambda made: made.head_object(Bucket=bucket, Key=key))
    return bool(head["ContentLength"] == size)
