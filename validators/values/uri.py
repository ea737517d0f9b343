"""URIs as HL7's validator judges them, and the base64 that data: URIs carry."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ..economy.lazy_pattern import lazy_pattern

__all__ = ["base64_length", "is_absolute_uri", "link_fault"]

_SCHEME: Final = lazy_pattern(r"[a-z][a-z0-9_\[\]]*")
_ASCII_LINK: Final = lazy_pattern(r"[A-Za-z0-9;?:@&=+$.,/%\-_~#\[\]!'()*|]*")
_MIME: Final = lazy_pattern(r"(?:\w+|\*)/(?:[\w\-+]+|\*)(?:;\s*\w+=\s*\S+)?", re.ASCII)
_OUTSIDE_BASE64: Final = bytes(
    byte for byte in range(128) if not chr(byte).isalnum() and chr(byte) not in "+/="
)
_PIECE: Final = 1 << 20
"""Characters of a long value that are looked at at once."""


def is_absolute_uri(value: str) -> bool:
    """Tell whether the string is absolute as HL7's validator sees it: a lower-case scheme of
    letters, digits and ``_[]``, a colon, something without spaces.
    """
    scheme, colon, rest = value.partition(":")
    return bool(colon and rest) and " " not in rest and _SCHEME.fullmatch(scheme) is not None


def base64_length(value: str) -> int:
    """Count the characters of the string that count as base64: letters, digits, ``+``, ``/`` and
    ``=``; everything else is overlooked.
    """
    if len(value) > _PIECE:  # Binary.data has up to 256 MB, and no copy of it is made
        pieces = range(0, len(value), _PIECE)
        return sum(base64_length(value[start : start + _PIECE]) for start in pieces)
    if value.isascii():
        return len(value.encode().translate(None, _OUTSIDE_BASE64))
    return sum((c.isalpha() or c.isdecimal() or c in "+/=") and c <= "\uffff" for c in value)


def link_fault(value: str) -> str | None:
    """Return what is wrong with the target of a link or the source of an image in a narrative; None
    if nothing is.
    """
    if not value:
        return "it is empty"
    if value.startswith("data:"):
        return _data_fault(value[5:])
    bad = (
        ""
        if _ASCII_LINK.fullmatch(value)
        else "".join(sorted({c for c in value if not _fits_link(c)}))
    )
    return f"it holds {bad!r}" if bad else None


def _fits_link(character: str) -> bool:
    if character.isascii():
        return _ASCII_LINK.fullmatch(character) is not None
    if "\u24b6" <= character <= "\u24e9":  # circled letters: symbols that Unicode calls alphabetic
        return True
    return character <= "\uffff" and unicodedata.category(character) in (
        "Lu",
        "Ll",
        "Lt",
        "Lm",
        "Lo",
        "Nl",
        "Nd",
        "Mc",
    )


def _data_fault(value: str) -> str | None:
    parts = value.rstrip(",").split(",")
    if len(parts) < 2:
        return "it holds no data"
    if len(parts) > 2:
        return "its data holds a comma"
    head, data = parts
    if head.endswith(";base64"):
        if base64_length(data) % 4:
            return "its data is no base64"
        head = head.removesuffix(";base64")
    head = head.lstrip(" ")
    return None if not head or _MIME.fullmatch(head) else f"'{head}' is no media type"
