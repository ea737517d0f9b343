"""Signature Version 4: whether a request was signed with a key that this endpoint knows.

botocore computes, nothing is written down again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.client import HTTPMessage
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.configloader import raw_config_parse
from botocore.credentials import Credentials

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

from .errors import access_denied

__all__ = ["Keyring"]

_AUTHORIZATION = lazy_pattern(
    r"AWS4-HMAC-SHA256 +Credential=(?P<credential>[^, ]+), *SignedHeaders=(?P<headers>[^, ]+), "
    r"*Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW = timedelta(minutes=15)
"""How far a request's clock may be off, as at AWS."""


class _AsSigned(SigV4Auth):  # type: ignore[misc]  # botocore is untyped
    """botocore's signer, over exactly the headers that the client says it signed: clients differ in
    which they choose.
    """

    def headers_to_sign(self, request: AWSRequest) -> HTTPMessage:
        message = HTTPMessage()
        for name, value in request.headers.items():
            message[name] = value
        return message


class Keyring:
    """The keys of a file in the AWS shared-credentials format: every profile in it is let in."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        profiles: dict[str, dict[str, Any]] = raw_config_parse(os.fspath(path))
        self._keys = {
            keys["aws_access_key_id"]: Credentials(
                keys["aws_access_key_id"],
                keys["aws_secret_access_key"],
                keys.get("aws_session_token"),
            )
            for keys in profiles.values()
            if "aws_access_key_id" in keys and "aws_secret_access_key" in keys
        }
        if not self._keys:
            raise ValueError(f"{path} holds no aws_access_key_id with its aws_secret_access_key")

    def knows(self, access_key: str, secret_key: str) -> bool:
        """Return whether the pair is one of the file's: how a browser, which cannot sign, is let
        in.
        """
        key = self._keys.get(access_key)
        return key is not None and hmac.compare_digest(key.secret_key.encode(), secret_key.encode())

    def verify(
        self, headers: Mapping[str, str], body: bytes, path: str = "/", now: datetime | None = None
    ) -> str:
        """Return the access key that signed the request. AccessDeniedException, saying why, for
        anything else.

        headers   names in lower case
        """
        match = _AUTHORIZATION.fullmatch(headers.get("authorization", "").strip())
        if match is None:
            raise access_denied(
                "Missing Authentication Token"
                if "authorization" not in headers
                else "The Authorization header is no AWS4-HMAC-SHA256 signature"
            )
        access_key, _, scope = match["credential"].partition("/")
        date, region = self._scope(scope, headers, now or datetime.now(UTC))
        key = self._keys.get(access_key)
        if key is None or (key.token or "") != headers.get("x-amz-security-token", ""):
            raise access_denied("The security token included in the request is invalid.")
        digest = hashlib.sha256(body).hexdigest()
        if headers.get("x-amz-content-sha256", digest) != digest:
            raise access_denied(
                "The provided x-amz-content-sha256 header does not match what was computed."
            )
        names = match["headers"].split(";")
        must = {"host", *(name for name in headers if name.startswith("x-amz-"))}
        if not must <= set(names) <= set(headers):
            raise access_denied(
                "The signed headers must be part of the request and name 'host' and every x-amz- "
                "header."
            )
        request = AWSRequest(
            "POST",
            f"http://{headers['host']}{path}",
            data=body,
            headers={name: headers[name] for name in names},
        )
        request.context["timestamp"] = date
        signer = _AsSigned(key, "healthlake", region)
        expected = signer.signature(
            signer.string_to_sign(request, signer.canonical_request(request)), request
        )
        if not hmac.compare_digest(expected, match["signature"]):
            raise access_denied(
                "The request signature we calculated does not match the signature you provided. "
                "Check your secret access key and signing method."
            )
        return access_key

    @staticmethod
    def _scope(scope: str, headers: Mapping[str, str], now: datetime) -> tuple[str, str]:
        """(x-amz-date, region) of a credential scope that fits service and clock."""
        date = headers.get("x-amz-date", "")
        parts = scope.split("/")
        if len(parts) != 4 or parts[2:] != ["healthlake", "aws4_request"]:
            raise access_denied("Credential should be scoped to correct service: 'healthlake'.")
        try:
            signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise access_denied("x-amz-date must be a date as in 20261122T101500Z.") from None
        if parts[0] != date[:8]:
            raise access_denied("Date in Credential scope does not match the date of the request.")
        if abs(now - signed_at) > _SKEW:
            raise access_denied(
                f"Signature expired: {date} is more than {_SKEW.seconds // 60} minutes away from "
                f"{now:%Y%m%dT%H%M%SZ}."
            )
        return date, parts[1]
