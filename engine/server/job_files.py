"""A job's Manifest, report and outcome files, as the job page offers them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import NotFound, StorageError
from ..job_terms.job_folder import MANIFEST, REPORT_JSON, REPORT_PAGE
from ..jobs import ImportJob
from ..storage import normal, storage_for
from .exchange import Response, as_json

__all__ = ["file_response", "listing_response"]

_FOLDERS = ("SUCCESS/", "FAILURE/", "SUCCESS_WITH_SEARCH_VALIDATION_FAILURES/")
_FILES = (MANIFEST, REPORT_PAGE, REPORT_JSON)
_SHOWN = 500
"""Files that the page lists; a job may have twenty thousand."""

_INLINE = 2 << 20
"""Larger files are saved by the browser, not shown."""

_PIECE = 1 << 18


def listing_response(job: ImportJob) -> Response:
    """Return names below the job's folder and sizes in bytes: the Manifest first, then the logs."""
    folder = normal(job.output_uri)
    try:
        entries = [
            (entry.uri.removeprefix(folder), entry.size)
            for entry in storage_for(folder).list(folder)
        ]
    except NotFound:
        entries = []
    except StorageError as error:
        return as_json(502, {"message": str(error)})
    files: list[dict[str, Any]] = [
        {"name": name, "size": size} for name, size in entries if _offered(name)
    ]
    files.sort(
        key=lambda file: (
            file["name"] not in _FILES,
            file["name"] != MANIFEST,
            not file["name"].startswith("FAILURE/"),
            file["name"],
        )
    )
    return as_json(200, {"files": files[:_SHOWN], "more": max(0, len(files) - _SHOWN)})


def file_response(job: ImportJob, name: str) -> Response:
    """Return one of the job's files: as plain text, whatever it holds, the report as the page that
    it is. The browser runs nothing of either, and loads nothing for it.
    """
    if not _offered(name):
        return as_json(404, {"message": "The job has no such file"})
    folder = normal(job.output_uri)
    storage = storage_for(folder)
    try:
        entry = storage.stat(storage.join(folder, name))
        if entry is None:
            return as_json(404, {"message": "The job has no such file"})
        reader = storage.open(entry.uri, etag=entry.etag)
    except StorageError as error:
        return as_json(502, {"message": str(error)})
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(entry.size),
        "Content-Disposition": "inline" if entry.size <= _INLINE else "attachment",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
    if name == REPORT_PAGE:
        headers["Content-Type"] = "text/html; charset=utf-8"
        headers["Content-Security-Policy"] += "; style-src 'unsafe-inline'; img-src data:"
    return Response(200, headers, _pieces(reader))


def _offered(name: str) -> bool:
    """Only the Manifest, the report and the logs, and no name with a step that leads elsewhere."""
    steps = name.split("/")
    return (
        (name in _FILES or name.startswith(_FOLDERS))
        and not {"", ".", ".."} & set(steps)
        and "\0" not in name
        and "\\" not in name
    )


def _pieces(reader: Any) -> Iterator[bytes]:
    try:
        while piece := reader.read(_PIECE):
            yield piece
    finally:
        reader.close()
