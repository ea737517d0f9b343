"""Buckets: where they are, who may see into them, whether they encrypt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .requirement import Requirement, Unasked, asked, met, unknown, unmet

__all__ = ["NO_ENCRYPTION", "bucket_requirements"]

NO_ENCRYPTION: Final = "ServerSideEncryptionConfigurationNotFoundError"
"""Code by which S3 says that a bucket has no default encryption."""

_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def bucket_requirements(s3: Any, bucket: str, region: str) -> Iterator[Requirement]:
    """Yield what HealthLake needs of a bucket. ``s3`` is boto3's client, ``region`` the data
    store's.
    """
    subject = f"bucket {bucket}"
    try:
        with asked():
            found = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
    except Unasked as error:
        if error.code == "NoSuchBucket":
            yield unmet(subject, "there is no such bucket", f"aws s3 mb s3://{bucket}")
        else:
            yield unknown(subject, f"its region: {error}", "needs s3:GetBucketLocation")
        return
    found = "eu-west-1" if found == "EU" else found
    yield (
        met(subject, f"in {region}, as the data store is")
        if found == region
        else unmet(
            subject,
            f"in {found}, the data store in {region}",
            f"take a bucket in {region}, or set the region of the data store (AWS_DEFAULT_REGION)",
        )
    )
    yield _public_access(s3, bucket, subject)
    yield _encryption(s3, bucket, subject)


def _public_access(s3: Any, bucket: str, subject: str) -> Requirement:
    mend = (
        f"aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration "
        + ",".join(f"{name}=true" for name in _BLOCKS)
    )
    try:
        with asked():
            found = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except Unasked as error:
        if error.code == "NoSuchPublicAccessBlockConfiguration":
            return unmet(subject, "public access is not blocked", mend)
        return unknown(
            subject, f"Block Public Access: {error}", "needs s3:GetBucketPublicAccessBlock"
        )
    missing = [name for name in _BLOCKS if not found.get(name)]
    if missing:
        return unmet(subject, f"public access is blocked in part: not {', '.join(missing)}", mend)
    return met(subject, "public access is blocked")


def _encryption(s3: Any, bucket: str, subject: str) -> Requirement:
    try:
        with asked():
            found = s3.get_bucket_encryption(Bucket=bucket)
    except Unasked as error:
        if error.code == NO_ENCRYPTION:
            return unmet(
                subject,
                "what is put into it is not encrypted",
                f"aws s3api put-bucket-encryption --bucket {bucket} ...",
            )
        return unknown(subject, f"encryption: {error}", "needs s3:GetEncryptionConfiguration")
    rules = found["ServerSideEncryptionConfiguration"]["Rules"]
    default = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules else {}
    return met(subject, f"encrypts by {default.get('SSEAlgorithm', 'its default')}")
