"""Sealed: JSON that says of itself how long it is and what its digest is, so that a file that was
cut, zeroed or changed is never taken for what was written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

__all__ = ["Damaged", "is_sealed", "parsed", "sealed", "unsealed"]

_SEAL = lazy_pattern(rb'\{"seal":"(\d+) ([0-9a-f]{64})",')


class Damaged(ValueError):
    """These bytes are not what was sealed."""


def sealed(data: Mapping[str, Any]) -> bytes:
    """Return an object as JSON whose first member is its seal: the length and the SHA-256 of the
    JSON without it.
    """
    body = json.dumps(data, separators=(",", ":")).encode()
    seal = f'{{"seal":"{len(body)} {hashlib.sha256(body).hexdigest()}",'.encode()
    return seal + body[1:]


def is_sealed(raw: bytes) -> bool:
    """Return whether these bytes have a seal that holds."""
    match = _SEAL.match(raw)
    if match is None:
        return False
    body = b"{" + raw[match.end() :]
    return int(match[1]) == len(body) and match[2].decode() == hashlib.sha256(body).hexdigest()


def parsed(raw: bytes) -> dict[str, Any]:
    """Return the object without its seal, which is not looked at. Raises Damaged."""
    try:
        data = json.loads(raw)
    except ValueError:
        raise Damaged("it is no JSON") from None
    if not isinstance(data, dict):
        raise Damaged("it is no object")
    data.pop("seal", None)
    return data


def unsealed(raw: bytes) -> dict[str, Any]:
    """Return the object without its seal. Raises Damaged, where the seal is broken too.

    What has no seal is taken as it stands: version 0.1.0 wrote none.
    """
    data = parsed(raw)
    if b'"seal"' in raw[:8] and not is_sealed(raw):
        raise Damaged("its seal is broken")
    return data
