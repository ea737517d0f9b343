"""Attachments (FHIR R4, section 2.24.0.5): data and hash that decode, a size and a hash that are
those of the data.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.rule import only_with
from ..checks.surroundings import Scope
from ..issue import Issue
from ..schema import TypeSchema

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["build", "decoded", "when_present"]

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def decoded(text: str) -> bytes | None:
    """The bytes of base64 without white space or any other foreign character; padding may be left
    out, but not be wrong. None otherwise.
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


def _error(rule: str, text: str) -> Issue:
    return Issue("error", "structure", rule, "", text)


when_present = only_with("data", "hash")


def _sha1(content: bytes) -> bytes:
    import hashlib  # OpenSSL takes milliseconds to load, and hardly any data have hashes

    return hashlib.sha1(content, usedforsecurity=False).digest()


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    if schema.name != "Attachment":
        return None

    def check(value: Any, scope: Scope) -> Issues:
        size, data, digest = value.get("size"), value.get("data"), value.get("hash")
        if data is None and digest is None:
            return None
        issues: list[Issue] = []
        content = decoded(data) if type(data) is str else None
        expected = decoded(digest) if type(digest) is str else None
        if type(digest) is str and expected is None:
            issues.append(
                _error(
                    "attachment-base64",
                    "The base64 content in the hash element is not valid base64",
                )
            )
        if type(data) is str and content is None:
            issues.append(
                _error(
                    "attachment-base64",
                    "The base64 content in the data element is not valid base64",
                )
            )
        if content is not None and type(size) is int and size != len(content):
            issues.append(
                _error(
                    "attachment-size",
                    f"Stated Attachment Size {size} does not match actual attachment size "
                    f"{len(content)}",
                )
            )
        if content is not None and expected is not None and _sha1(content) != expected:
            issues.append(_error("attachment-hash", "The hash of the data did not match the data"))
        return issues or None

    return check
