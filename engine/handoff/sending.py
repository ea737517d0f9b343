"""Sending: files become objects of S3, and those that are there already are not sent again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from ..errors import AccessDenied, ConfigurationError, NotFound, StorageError
from ..reading.lines import read_range
from ..reading.sources import find_inputs
from ..sinks.part_files import RESOURCES
from ..storage import S3_ROOT, Writer, is_remote, normal, storage_for
from .bucket_requirements import NO_ENCRYPTION
from .submission import Parcel, Submission

__all__ = ["accepted_parcels", "bucket_folder", "original_parcels", "refuse_unencrypted", "send"]


def bucket_folder(place: str) -> str:
    """Return an ``s3://`` folder without ``/`` at its end. Raises ConfigurationError for any other
    place: HealthLake reads nothing else.
    """
    if not is_remote(place):
        raise ConfigurationError(f"{place}: HealthLake reads from S3 alone: s3://bucket/prefix")
    return normal(place).rstrip("/")


def accepted_parcels(job_folder: str) -> Iterator[Parcel]:
    """Yield the files of accepted lines that a job's sink wrote, as ``<Type>/part-000000.ndjson``
    and so on.
    """
    folder = f"{job_folder.rstrip('/')}/{RESOURCES}/"
    try:
        for found in storage_for(folder).list(folder):
            yield Parcel(found.uri, found.uri[len(folder) :], found.size)
    except NotFound:
        return  # nothing was accepted


def original_parcels(sources: tuple[str, ...], **selection: Any) -> Iterator[Parcel]:
    """Yield the inputs themselves, which ``find_inputs`` finds.

    Raises ConfigurationError for one that HealthLake does not read: it takes plain files whose
    names end in ``.ndjson``.
    """
    with closing(find_inputs(sources, **selection)) as listing:
        for file in listing.inputs:
            if file.compression is not None or not file.log_name.endswith(".ndjson"):
                raise ConfigurationError(
                    f"{file.name}: HealthLake reads plain files that end in .ndjson; without "
                    "--originals the accepted lines are sent as such files"
                )
            yield Parcel(file.uri, file.log_name, file.size)


def refuse_unencrypted(folder: str) -> None:
    """Raise ConfigurationError where the bucket of a folder does not encrypt what is put into it,
    or where nobody may know.
    """
    bucket = folder.removeprefix("s3://").partition("/")[0]
    told = "; --allow-unencrypted sends patient data there all the same"
    if os.environ.get(S3_ROOT):
        raise ConfigurationError(f"{bucket}: a folder that stands for S3 encrypts nothing{told}")
    from ..storage.patience import retry_seconds
    from ..storage.s3_client import S3Client

    try:
        S3Client(retry_seconds()).call(
            f"s3://{bucket}", lambda client: client.get_bucket_encryption(Bucket=bucket)
        )
    except AccessDenied:
        raise ConfigurationError(
            f"{bucket}: whether this bucket encrypts cannot be asked (it takes "
            f"s3:GetEncryptionConfiguration){told}"
        ) from None
    except StorageError as error:
        if not error.reason.startswith(NO_ENCRYPTION):
            raise
        raise ConfigurationError(
            f"{bucket}: this bucket has no default encryption: give it one (aws s3api "
            f"put-bucket-encryption){told}"
        ) from None


def send(submission: Submission, on_file: Callable[[Parcel, bool], None]) -> None:
    """Put every parcel into the submission's folder of S3, encrypted by its key. What is there
    already with the same size, from an earlier try, is not sent again.

    on_file   is told of every parcel, and whether it was sent now

    Raises StorageError; ConfigurationError where a file is not what it was when it was listed.
    """
    there = _sizes(submission.sent_to)
    for parcel in submission.parcels:
        target = submission.sent_to + parcel.relative
        missing = there.get(target) != parcel.size
        if missing:
            _copy(parcel, target, submission.encryption_key_id)
        on_file(parcel, missing)


def _sizes(folder: str) -> dict[str, int]:
    try:
        return {found.uri: found.size for found in storage_for(folder).list(folder)}
    except NotFound:
        return {}


def _copy(parcel: Parcel, target: str, encryption_key_id: str) -> None:
    writer = storage_for(target, encryption_key_id).writer(target)
    try:
        with closing(storage_for(parcel.source).open(parcel.source)) as reader:
            sent = sum(_written(writer, block) for block in read_range(reader, 0, None))
        _refuse_change(parcel, sent)
        writer.commit()
    except BaseException:
        writer.abort()
        raise


def _written(writer: Writer, block: bytes) -> int:
    writer.write(block)
    return len(block)


def _refuse_change(parcel: Parcel, sent: int) -> None:
    if sent != parcel.size:
        raise ConfigurationError(
            f"{parcel.source}: {sent:,} bytes where {parcel.size:,} were checked; begin anew"
        )
