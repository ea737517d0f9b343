"""S3's client: a call is tried again while the store does not answer, with fresh credentials."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import botocore.session
from botocore.config import Config

from ..errors import AccessDenied, Unavailable
from .aws_session import boto3_session, new_session
from .patience import Patience
from .s3_errors import settings_used, translated

__all__ = ["S3Client"]

_Answer = TypeVar("_Answer")


class S3Client:
    """boto3's client for S3, made anew whenever its credentials may have lapsed.

    Uses the credentials, region and endpoint that boto3 finds for the user. Raises
    ConfigurationError where boto3 refuses these settings.

    retry_seconds   how long a call is tried again while the store does not answer
    """

    def __init__(self, retry_seconds: float) -> None:
        self.retry_seconds = retry_seconds
        self._lock = threading.Lock()
        self._client = _new_client()

    @property
    def sends_checksums(self) -> bool:
        """Return whether the user lets checksums be sent that the service does not require."""
        config = self._client.meta.config
        return bool(getattr(config, "request_checksum_calculation", "") == "when_supported")

    def call(
        self, uri: str, act: Callable[[Any], _Answer], seconds: float | None = None
    ) -> _Answer:
        """Return what ``act`` does with boto3's client, about one address.

        Raises StorageError; Unavailable only after ``retry_seconds``, or fewer. Credentials are
        fetched anew where they have lapsed, and once where access is denied: they may have been
        exchanged.

        seconds   how long this call is tried again at the most
        """
        patience = Patience(min(self.retry_seconds, seconds or self.retry_seconds))
        renewed = False
        while True:
            client = self._client
            try:
                with translated(uri):
                    return act(client)
            except Unavailable as error:
                patience.wait(error)
                if error.lapsed:
                    self.renew(client)
            except AccessDenied:
                if renewed:
                    raise
                renewed = True
                self.renew(client)

    def renew(self, old: Any) -> None:
        """Make a new client in place of an old one, unless another thread has done so already."""
        with self._lock:
            if self._client is old:
                self._client = _new_client()


def _new_client() -> Any:
    with settings_used():
        session = new_session()
        # Patience tries again, and says so; of botocore's own tries nothing is said.
        chosen = session.get_config_variable("max_attempts")
        once = Config(retries={"total_max_attempts": 1}) if chosen is None else None
        client = boto3_session(session).client("s3", config=once)
        _look_for_token(session)
        return client


def _look_for_token(session: botocore.session.Session) -> None:
    """Raise OSError where the file of a web identity cannot be read: boto3 opens it only with the
    first request, which then seems to have lost its connection.
    """
    credentials = session.get_credentials()
    if credentials is not None and credentials.method == "assume-role-with-web-identity":
        named = session.get_scoped_config().get("web_identity_token_file")
        token = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE", named)
        if token:
            Path(token).read_bytes()
