"""Attachments (FHIR R4, section 2.24.0.5): data and hash that decode, a size and a hash that are
those of the data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..checks.check import Check, Issues
from ..checks.rule import Reads, Rule, Twin
from ..checks.surroundings import Scope
from ..schema import TypeSchema
from ..values.base64_text import decoded
from ..verdicts.declaration import Declaration
from ..verdicts.issue import Issue

if TYPE_CHECKING:
    from ..checks.compilation import Compilation

__all__ = ["RULE"]

BASE64 = Declaration(
    "attachment-base64",
    "error",
    "structure",
    "The base64 content in the {element} element is not valid base64",
    "data and hash of an Attachment are base64",
    section="2.24.0.5",
    reference=("TYPE_SPECIFIC_CHECKS_DT_ATT_B64_DECODE_FAIL",),
)
SIZE = Declaration(
    "attachment-size",
    "error",
    "structure",
    "Stated Attachment Size {stated} does not match actual attachment size {actual}",
    "the size of an Attachment is that of its data",
    section="2.24.0.5",
    reference=(
        "TYPE_SPECIFIC_CHECKS_DT_ATT_SIZE_CORRECT",
        "TYPE_SPECIFIC_CHECKS_DT_ATT_SIZE_INVALID",
    ),
    quotes=("stated",),
)
HASH = Declaration(
    "attachment-hash",
    "error",
    "structure",
    "The hash of the data did not match the data",
    "the hash of an Attachment is that of its data",
    section="2.24.0.5",
    reference=("TYPE_SPECIFIC_CHECKS_DT_ATT_HASH_MISMATCH",),
)


def _sha1(content: bytes) -> bytes:
    import hashlib  # OpenSSL takes milliseconds to load, and hardly any data have hashes

    return hashlib.sha1(content, usedforsecurity=False).digest()


def build(schema: TypeSchema, compilation: Compilation) -> Check | None:
    """Return the check of Attachments (FHIR R4, section 2.24.0.5): data and hash are base64, and
    size and hash are those of the data. None for any other type.
    """
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
            issues.append(Issue.of(BASE64(element="hash")))
        if type(data) is str and content is None:
            issues.append(Issue.of(BASE64(element="data")))
        if content is not None and type(size) is int and size != len(content):
            issues.append(Issue.of(SIZE(stated=size, actual=len(content))))
        if content is not None and expected is not None and _sha1(content) != expected:
            issues.append(Issue.of(HASH()))
        return issues or None

    return check


RULE = Rule(
    "attachments",
    ("object",),
    build,
    Twin("attachment", asks=("hash",)),
    Reads(("data", "size", "hash")),
)
