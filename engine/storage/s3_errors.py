"""S3's errors as the engine's: whose fault each is, and whether asking again may help."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from configparser import Error as ConfigFileError
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004  # botocore's, the root of what cannot reach an endpoint
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    ResponseStreamingError,
    TokenRetrievalError,
)
from urllib3.exceptions import HTTPError

from ..errors import (
    AccessDenied,
    Changed,
    ConfigurationError,
    NotFound,
    StorageError,
    Unavailable,
)

__all__ = ["BROKEN", "BeyondEnd", "settings_used", "translated"]

BROKEN: Final = (BotoCoreError, HTTPError, OSError)
"""What reading the body of an answer may raise."""

_OUT_OF_REACH: Final = (
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    ResponseStreamingError,
    HTTPError,
)
_CREDENTIALS: Final = (CredentialRetrievalError, TokenRetrievalError)

_LAPSED: Final = frozenset(
    "ExpiredToken ExpiredTokenException RequestExpired RequestTimeTooSkewed TokenRefreshRequired "
    "401 Unauthorized".split()
)
"""Codes that credentials fetched anew, or a clock set right, may cure."""
_BUSY: Final = frozenset(
    "500 502 503 504 429 InternalError InternalFailure ServiceUnavailable ServiceFailure SlowDown "
    "SlowDownRead SlowDownWrite Throttling ThrottlingException ThrottledException "
    "RequestLimitExceeded RequestThrottled RequestThrottledException TooManyRequestsException "
    "BandwidthLimitExceeded "
    "ProvisionedThroughputExceededException PriorRequestNotComplete EC2ThrottledException "
    "RequestTimeout RequestTimeoutException XAmzContentChecksumMismatch BadDigest".split()
)
"""Codes of a store that has too much to do, or that lost what was sent."""
_DENIED: Final = frozenset(
    "403 AccessDenied AllAccessDisabled AccountProblem Forbidden InvalidAccessKeyId InvalidToken "
    "SignatureDoesNotMatch".split()
)
_MISTAKEN: Final = frozenset(
    "301 PermanentRedirect AuthorizationHeaderMalformed IllegalLocationConstraintException".split()
)
"""Codes of a wrong region or endpoint."""
_ABSENT: Final = {
    "404": "no such object",
    "NoSuchKey": "no such object",
    "NotFound": "no such object",
    "NoSuchBucket": "no such bucket",
    "NoSuchUpload": "no such upload",
}
_CHECKSUM: Final = frozenset({"MissingContentLength", "BadRequest", "NotImplemented"})
"""Codes of stores that cannot read a checksum behind the data."""
_ADVICE: Final = (
    "; if the store does not know checksums, set AWS_REQUEST_CHECKSUM_CALCULATION=when_required"
)


class BeyondEnd(StorageError):
    """A range that begins at or after the object's end."""


@contextlib.contextmanager
def settings_used() -> Iterator[None]:
    """Raise what boto3 refuses while it makes a client as a ConfigurationError: a profile that
    there is not, a file that it cannot read, an endpoint that is none.
    """
    try:
        yield
    except (BotoCoreError, ConfigFileError, ValueError, OSError) as error:
        raise ConfigurationError(f"the AWS settings cannot be used: {error}") from None


@contextlib.contextmanager
def translated(uri: str) -> Iterator[None]:
    """Raise boto3's errors, and those of a connection, as StorageErrors about an address.

    Unavailable stands for whatever is not the object's fault and may pass by itself.
    """
    try:
        yield
    except ClientError as error:
        raise _of_code(uri, error) from None
    except _CREDENTIALS as error:
        raise Unavailable(uri, str(error), lapsed=True) from None
    except _OUT_OF_REACH as error:
        raise Unavailable(uri, f"the store cannot be reached: {error}") from None
    except BotoCoreError as error:
        raise AccessDenied(uri, f"the AWS settings do not work: {error}") from None
    except OSError as error:
        raise Unavailable(uri, f"the connection broke: {error}") from None


def _of_code(uri: str, error: ClientError) -> StorageError:
    said = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = str(said.get("Code") or status)
    text = f"{code}: {said.get('Message') or 'the store says no more'}"
    if code in _ABSENT:
        return NotFound(uri, _ABSENT[code])
    if code in _LAPSED:
        return Unavailable(uri, text, lapsed=True)
    if code in _DENIED:
        return AccessDenied(uri, f"access denied ({code})")
    if code in _MISTAKEN:
        return AccessDenied(uri, f"the AWS settings do not work: {text}")
    if code in ("412", "PreconditionFailed"):
        return Changed(uri, "the object changed after it was listed")
    if code in ("416", "InvalidRange"):
        return BeyondEnd(uri, "beyond the object's end")
    if code in _CHECKSUM:
        return StorageError(uri, f"{text}{_ADVICE}")
    if code in _BUSY or status >= 500:
        return Unavailable(uri, text)
    return StorageError(uri, text)
