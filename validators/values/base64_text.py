"""Base64 as HL7's validator reads it (RFC 4648, section 4, but for the padding)."""

from __future__ import annotations

import binascii

__all__ = ["decoded"]

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def decoded(text: str) -> bytes | None:
    """Decode base64 (RFC 4648, section 4); None for white space or any other foreign character, and
    for wrong padding, which may be left out.
    """
    try:
        raw = text.encode("ascii")
    except UnicodeEncodeError:
        return None
    body = raw.rstrip(b"=")
    padding = len(raw) - len(body)
    if (
        len(body) % 4 == 1
        or (padding and (len(raw) % 4 or padding > 2))
        or raw.translate(None, _ALPHABET).strip(b"=")
    ):
        return None
    try:
        return binascii.a2b_base64(body + b"=" * (-len(body) % 4))
    except binascii.Error:
        return None
