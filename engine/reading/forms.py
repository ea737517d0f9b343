"""Forms: what a file is by its first bytes: an archive, lines of resources, or something else that
has a name.
"""

from __future__ import annotations

import json
import re
from itertools import islice

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

from .compression import MARKS

__all__ = ["HEAD", "compression_inside", "fault_inside", "holds_resources"]

HEAD = 1 << 16
"""How many bytes of a file are looked at."""

_BOM = b"\xef\xbb\xbf"

_MARKS = (
    (lazy_pattern(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"), "a ZIP archive: unpack it"),
    (lazy_pattern(rb"7z\xbc\xaf\x27\x1c"), "a 7z archive: unpack it"),
    (lazy_pattern(rb"Rar!\x1a\x07"), "a RAR archive: unpack it"),
    (lazy_pattern(rb"[\s\S]{257}ustar"), "a tar archive: unpack it"),
    (lazy_pattern(rb"\x1f\x9d"), "an archive of the program compress: unpack it"),
    (lazy_pattern(rb"PAR1"), "a Parquet table"),
    (lazy_pattern(rb"Obj\x01"), "an Avro file"),
    (lazy_pattern(rb"%PDF-"), "a PDF document"),
    (
        lazy_pattern(rb"\xff\xfe|\xfe\xff|\0\0\xfe\xff|\{\0|\0\{\0|\0\0\0\{"),
        "UTF-16 or UTF-32 text: convert it to UTF-8",
    ),
)
_HTML = lazy_pattern(rb"<!doctype\s+html|<html", re.IGNORECASE)
_MARKUP = lazy_pattern(rb"<[?!A-Za-z]")
_MEMBER = lazy_pattern(rb'\s*"[^"\\]*"\s*:')
_OPEN = lazy_pattern(rb'[\[{,]\n(?!\s*\{\s*"resourceType")')
_TYPE = lazy_pattern(rb'"resourceType"\s*:\s*"([A-Za-z]+)"')
_HEADER = lazy_pattern(rb'"?[A-Za-z_][\w .-]*"?(?:([,;\t|])"?[\w .-]*"?)(?:\1"?[\w .-]*"?)*')
_LINES = 200
"""Lines of a suspicious file that are read to see whether one of them is a resource."""


def compression_inside(head: bytes, named: str | None) -> str | None:
    """Return by which compression a file is read whose first bytes are ``head`` and whose name says
    ``named``; None for plain text.
    """
    for compression, mark in MARKS.items():
        if mark.match(head):
            return compression
    return None if head.removeprefix(_BOM).lstrip()[:1] == b"{" else named


def fault_inside(head: bytes) -> str | None:
    """Return what a file of such first bytes, decompressed, is in place of NDJSON; None where lines
    can be read from it.

    A file of which any line is a resource is read line by line, however it begins: a bad line fails
    only itself.
    """
    if any(mark.match(head) for mark in MARKS.values()):
        return "an archive within an archive: unpack it once"
    for mark, what in _MARKS:
        if mark.match(head):
            return what
    text = head.removeprefix(_BOM).lstrip()
    fault = _text_fault(text)
    return fault if fault and not _has_resource_line(text) else None


def holds_resources(head: bytes, *, several: bool) -> bool:
    """Return whether the first line of a file opens a resource, or the first two if ``several``."""
    if fault_inside(head):
        return False
    lines = [line for line in head.removeprefix(_BOM).splitlines(keepends=True) if line.strip()]
    cut = len(head) >= HEAD
    wanted = lines[: 2 if several else 1]
    return len(wanted) == (2 if several else 1) and all(
        line.startswith(b"{")
        and b'"resourceType"' in line
        and (line.rstrip().endswith(b"}") or (cut and line is lines[-1]))
        for line in wanted
    )


def _text_fault(text: bytes) -> str | None:
    first, _, rest = text.partition(b"\n")
    first = first.rstrip()
    open_line = _MEMBER.match(rest) or _OPEN.match(first[-1:] + b"\n" + rest)
    if text.startswith(b"{"):
        return _over_lines(text) if rest and not first.endswith(b"}") and open_line else None
    if text.startswith(b"["):
        return _array(first, rest)
    if _HTML.match(text):
        return "an HTML page, as a server sends with an error or to log in"
    if _MARKUP.match(text):
        return "XML: only FHIR's JSON is read"
    if (header := _HEADER.fullmatch(first)) and (header[1] in rest.lstrip().partition(b"\n")[0]):
        return "a table (CSV)"
    return None


def _over_lines(text: bytes) -> str:
    found = _TYPE.search(text)
    if found and found[1] == b"Bundle":
        return (
            "a Bundle over several lines: write the resources of its entries one a line "
            "(jq -c '.entry[].resource')"
        )
    return "JSON over several lines: write each resource in one line (jq -c .)"


def _array(first: bytes, rest: bytes) -> str | None:
    """A bad line of an array is a line; an array of objects, or one over several lines, is a
    file.
    """
    whole = _parsed(first)
    if isinstance(whole, list) and (rest.strip() or not whole or not isinstance(whole[0], dict)):
        return None
    if whole is not None or re.match(rb"\s*(\{|$)", first[1:]):
        return "one JSON array: write its resources one a line (jq -c '.[]')"
    return None


def _has_resource_line(text: bytes) -> bool:
    """Return whether a line is a resource by itself, and not the last element of an array."""
    lines = text.split(b"\n")
    for line, after in zip(islice(lines, _LINES), [*lines[1:], b""], strict=False):
        if line.startswith(b"{") and b'"resourceType"' in line:
            found = _parsed(line)
            if isinstance(found, dict) and "resourceType" in found and after.strip() != b"]":
                return True
    return False


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
