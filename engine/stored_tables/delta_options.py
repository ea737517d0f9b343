"""Storage options of deltalake: what boto3 found, since deltalake looks for credentials in fewer
places.
"""

from __future__ import annotations

from ..errors import ConfigurationError
from ..storage import is_remote

__all__ = ["storage_options"]


def storage_options(location: str, encryption_key_id: str | None) -> dict[str, str]:
    """Return the credentials, region, endpoint and key of encryption for a place; none for a
    folder of this machine.

    Raises ConfigurationError where boto3 finds no credentials.
    """
    if not is_remote(location):
        return {}
    from ..storage.aws_session import boto3_session
    from ..storage.s3_errors import settings_used

    with settings_used():
        session = boto3_session()
        client = session.client("s3")
        found = session.get_credentials()
        held = found and found.get_frozen_credentials()
    if held is None:
        raise ConfigurationError(f"{location}: boto3 finds no AWS credentials")
    endpoint = client.meta.endpoint_url
    options = {
        "aws_access_key_id": held.access_key,
        "aws_secret_access_key": held.secret_key,
        "aws_session_token": held.token or "",
        "aws_region": client.meta.region_name or "us-east-1",
        "aws_endpoint_url": endpoint,
        "aws_conditional_put": "etag",
    }
    if endpoint.startswith("http://"):
        options["aws_allow_http"] = "true"
    if encryption_key_id:
        options["aws_server_side_encryption"] = "aws:kms"
        options["aws_sse_kms_key_id"] = encryption_key_id
    return {name: value for name, value in options.items() if value}
