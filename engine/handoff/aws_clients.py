"""Clients of AWS's services, all of one region: that of the data store."""

from __future__ import annotations

import os
from typing import Any

from botocore.config import Config

from ..storage.aws_session import boto3_session
from ..storage.s3_errors import settings_used

__all__ = ["AwsClients"]


class AwsClients:
    """Makes boto3's clients with the credentials that boto3 finds. Raises ConfigurationError where
    boto3 refuses these settings.

    region   boto3's own, or else that of AWS_REGION, which services of AWS set; None: there is none
    """

    def __init__(self) -> None:
        with settings_used():
            self._session = boto3_session()
            found = self._session.region_name
        self.region: str | None = found or os.environ.get("AWS_REGION")

    def make(self, service: str, attempts: int) -> Any:
        """Return the client of a service, which is asked so often while it does not answer."""
        config = Config(retries={"mode": "standard", "total_max_attempts": attempts})
        with settings_used():
            return self._session.client(service, region_name=self.region, config=config)
