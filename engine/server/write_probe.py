"""The write probe: HealthLake tries whether it may write to an output when a job is submitted."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from ..errors import Unavailable
from ..job_terms.job_folder import ACCESS_CHECK
from ..storage import S3_ROOT
from ..storage.buckets import BucketFolders
from ..storage.media_types import media_type

__all__ = ["WriteProbe"]

_log = logging.getLogger(__name__)


class WriteProbe:
    """Writes the empty file into an output by which the service tries its access, and leaves it
    there, as the service does.

    environment   variables that jobs get over this process's own: they say where S3 is
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._client: Any = None

    def __call__(self, output: str, encryption_key_id: str) -> None:
        """Raise AccessDenied where the store refuses, NotFound where there is no such bucket.

        A store that does not answer for now is left to the job, which asks again for minutes.
        """
        uri = f"{output.rstrip('/')}/{ACCESS_CHECK}"
        root = self._environment.get(S3_ROOT, os.environ.get(S3_ROOT))
        if root:
            BucketFolders(root).put(uri, b"")
            return
        try:
            self._put(uri, encryption_key_id)
        except Unavailable as error:
            _log.warning("%s: the output could not be tried: %s", output, error.reason)

    def _put(self, uri: str, encryption_key_id: str) -> None:
        from ..storage.s3_errors import translated  # boto3 costs a quarter of a second
        from ..storage.s3_reader import split

        bucket, key = split(uri)
        with translated(uri):
            self._client = self._client or self._new_client()
            self._client.put_object(
                Bucket=bucket,
                Key=key,
                Body=b"",
                ContentType=media_type(key),
                ServerSideEncryption="aws:kms",
                SSEKMSKeyId=encryption_key_id,
            )

    def _new_client(self) -> Any:
        import boto3
        from botocore.config import Config

        from ..storage.aws_session import new_session

        stated = self._environment.get
        session = boto3.session.Session(
            botocore_session=new_session(),
            aws_access_key_id=stated("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=stated("AWS_SECRET_ACCESS_KEY"),
            region_name=stated("AWS_REGION"),
        )
        return session.client(
            "s3",
            endpoint_url=stated("AWS_ENDPOINT_URL_S3"),
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10),
        )
