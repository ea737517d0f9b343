"""Conventions: which of the files of a folder are data, by their names, and where these leave it
open by their first bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern
from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import StorageError
from ..job_terms.job_folder import JOB_FOLDER_MARK
from ..storage import StoredObject
from .compression import compression_of, without_compression
from .contents import look_inside
from .forms import fault_inside, holds_resources
from .key_globs import KeyGlob

__all__ = ["NOT_BY_NAME", "SourceSelection"]

_CONTRACT: Final = (".ndjson", ".ndjson.gz", ".ndjson.zst")
_DATA: Final = (".ndjson", ".jsonl")
_JOB_FOLDER: Final = lazy_pattern(JOB_FOLDER_MARK + r"[^/]*(/|$)")
_LOG: Final = lazy_pattern(r"(.*\.)?log(\..*)?")
_ERRORS: Final = lazy_pattern(r".*-errors?")
_BESIDE: Final = frozenset({"error", "errors", "deleted"})
_PART: Final = lazy_pattern(r"part-.*|[^.]+|.*\.(json|\d+)")
"""Names that may be those of data: Spark's, without an ending, numbered, or only JSON."""

_OTHER_DATA: Final = lazy_pattern(
    r".*\.(csv|tsv|xml|parquet|avro|orc|zip|tar|tgz|tbz2?|txz|7z|rar|z)"
)

NOT_BY_NAME: Final = "not an NDJSON file by its name"


@dataclass(frozen=True, slots=True)
class SourceSelection:
    """The choice of what is read of the sources.

    include_all  the logs, errors and deletions of a bulk export too
    include      patterns: only files that match one are read, whatever they are called
    exclude      patterns: files that match one are not read
    contract     only what HealthLake's contract calls an input, and no glob is one

    A pattern without ``/`` is about a file's name, one that ends in ``/`` about folders at any
    depth, another about the path below the source; ``*`` and ``?`` stop at ``/``, ``**`` does not.
    """

    include_all: bool = False
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    contract: bool = False

    def refused(self, relative: str) -> str | None:
        """Return why the patterns leave a file out, given its path below the source."""
        if _matches(self.exclude, relative):
            return "excluded"
        if self.include and not _matches(self.include, relative):
            return "not included"
        return None

    def reason_to_skip(self, relative: str, entry: StoredObject) -> tuple[str, bool] | None:
        """Return why a file of a folder is no input, and whether it looks like data all the same,
        which nobody may miss; None where it is an input.
        """
        if _JOB_FOLDER.search(relative):
            return "output of an import job", False
        if reason := self.refused(relative):
            return reason, False
        if self.include:
            return None
        folders, _, name = relative.rpartition("/")
        if self.contract:
            return _by_contract(folders, name)
        if any(map(_is_hidden, relative.split("/"))):
            return "hidden", False
        stem, is_data = _stem(name.lower())
        if not self.include_all and (reason := _beside(folders, stem, is_data)):
            return reason, False
        if is_data:
            return None
        if name.startswith("_") or "_temporary" in folders.split("/"):
            return "beside Spark's data", False
        plain = without_compression(name).lower()
        if _PART.fullmatch(plain):
            return _by_content(plain, name, entry)
        return NOT_BY_NAME, bool(_OTHER_DATA.fullmatch(plain)) or plain != name.lower()


def _matches(patterns: Sequence[str], relative: str) -> bool:
    name = relative.rpartition("/")[2]
    for pattern in patterns:
        if pattern.endswith("/"):
            found = KeyGlob(f"**/{pattern.lstrip('/')}**").matches(relative)
        elif "/" in pattern:
            found = KeyGlob(pattern.lstrip("/")).matches(relative)
        else:
            found = KeyGlob(pattern).matches(name)
        if found:
            return True
    return False


def _is_hidden(step: str) -> bool:
    """A key of S3 may have a step that is one dot or two, which hides nothing."""
    return step == "__MACOSX" or (step.startswith(".") and step not in (".", ".."))


def _by_contract(folders: str, name: str) -> tuple[str, bool] | None:
    if not name.endswith(_CONTRACT):
        return NOT_BY_NAME, False
    plain = without_compression(name)
    if plain == "log.ndjson" or plain.endswith(".log.ndjson"):
        return "log of the export", False
    if {"error", "deleted"} & set(folders.split("/")):
        return "error or deleted folder of the export", False
    return None


def _stem(name: str) -> tuple[str, bool]:
    """The name without the endings of data, and whether it has them."""
    plain = without_compression(name)
    for ending in _DATA:
        if plain.endswith(ending):
            return plain.removesuffix(ending), True
    return plain, False


def _beside(folders: str, stem: str, is_data: bool) -> str | None:
    if is_data and _LOG.fullmatch(stem):
        return "log of the export"
    if is_data and _ERRORS.fullmatch(stem):
        return "errors of the export"
    if _BESIDE & set(folders.lower().split("/")):
        return "error or deleted folder of the export"
    return None


def _by_content(plain: str, name: str, entry: StoredObject) -> tuple[str, bool] | None:
    """A single resource in a .json file is a document beside the data; two lines are data."""
    several = plain.endswith(".json") and plain == name.lower() and not plain.startswith("part-")
    try:
        _, head = look_inside(entry.uri, entry.etag, compression_of(name))
    except StorageError as error:
        return f"cannot be looked at: {error.reason}", True
    if holds_resources(head, several=several):
        return None
    if several and holds_resources(head, several=False):
        return f"a single resource, and {NOT_BY_NAME}", True
    what = fault_inside(head)
    if what is None:
        return NOT_BY_NAME, False
    is_other_json = head.lstrip()[:1] in (b"{", b"[") and b'"resourceType"' not in head
    return f"not NDJSON but {what}", not is_other_json
