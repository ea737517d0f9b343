"""Rejections: what the logs of a job's folder say of the lines that failed, whoever wrote them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from typing import Any, Final

import orjson

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import ConfigurationError, NotFound
from ..job_terms.job_folder import JOB_FOLDER_MARK, MANIFEST
from ..reading.compression import without_compression
from ..reading.lines import read_lines, read_range
from ..storage import normal, storage_for
from ..writing.outcomes import FAILURE, LOGS

__all__ = ["WHOLE_FILE", "JobLogs", "Rejection"]

WHOLE_FILE: Final = 0
"""Line number of what a log says of a file as a whole: lines count from 1."""

_FAILING: Final = frozenset({"error", "fatal"})


@dataclass(frozen=True, slots=True)
class Rejection:
    """One line of a FAILURE log.

    line      number of the input's line from 1, or ``WHOLE_FILE``
    resource  ``Patient/1``, as far as the log names it
    findings  (diagnostics, location) of what failed it; everything said where nothing is an error
    """

    line: int
    resource: str
    findings: tuple[tuple[str, str], ...]


class JobLogs:
    """The logs in the folder of one import job, of ours or of HealthLake itself."""

    def __init__(self, place: str) -> None:
        """Find the logs in a job's folder, or in the one job folder that lies in an output folder.

        Raises ConfigurationError where there is no such folder or more than one, StorageError
        where it cannot be listed.
        """
        folder = normal(place).rstrip("/")
        self._storage = storage_for(folder)
        try:
            below = [one.uri[len(folder) + 1 :] for one in self._storage.list(folder + "/")]
        except NotFound:
            raise ConfigurationError(f"{place}: there is no such folder") from None
        steps = _steps_to_logs(below, place)
        self.folder = f"{folder}/{steps}".rstrip("/")
        self._failures = dict[str, str]()
        self.names = set[str]()
        for path in below:
            log, _, name = path.removeprefix(steps).partition("/")
            if log in LOGS and path.startswith(steps):
                self.names.add(without_compression(name))
            if log == FAILURE and path.startswith(steps):
                self._failures[without_compression(name)] = f"{folder}/{path}"

    def figures(self) -> dict[str, Any]:
        """Return the Manifest's numbers, by its own names; none where there is no Manifest."""
        try:
            manifest = orjson.loads(self._storage.read(f"{self.folder}/{MANIFEST}"))
        except (NotFound, orjson.JSONDecodeError):
            return {}
        pairs = manifest.items() if isinstance(manifest, dict) else ()
        return {name: value for name, value in pairs if isinstance(value, int | float)}

    def rejected_lines(self, name: str) -> array[int]:
        """Return the numbers of the lines that a file's log names, ascending, each once: eight
        bytes a line. Raises ConfigurationError for what is no line of such a log.
        """
        numbers = array("Q", (one.line for one in self.rejections(name)))
        if any(later <= earlier for earlier, later in pairwise(numbers)):
            return array("Q", sorted(set(numbers)))
        return numbers

    def rejections(self, name: str) -> Iterator[Rejection]:
        """Yield what a file's FAILURE log says, in the log's order."""
        uri = self._failures.get(name)
        if uri is None:
            return
        with closing(self._storage.open(uri)) as reader:
            for lines in read_lines(read_range(reader, 0, None)):
                if lines.too_long:
                    raise ConfigurationError(
                        f"{uri}:{lines.first + 1}: longer than any line of a FAILURE log"
                    )
                for number, text in enumerate(lines.data.split(b"\n"), lines.first + 1):
                    if text.strip():
                        yield _rejection(text, f"{uri}:{number}")


def _steps_to_logs(below: list[str], place: str) -> str:
    """Return the path from a folder to the job folder in it: "" where it is one itself."""
    if any(path == MANIFEST or path.partition("/")[0] in LOGS for path in below):
        return ""
    jobs = {path.partition("/")[0] for path in below if JOB_FOLDER_MARK in path.partition("/")[0]}
    if len(jobs) == 1:
        return f"{jobs.pop()}/"
    if jobs:
        raise ConfigurationError(
            f"{place}: {len(jobs)} jobs lie here, name the folder of one: "
            f"{', '.join(sorted(jobs)[:5])}"
        )
    raise ConfigurationError(
        f"{place}: no folder of an import job: there is neither {MANIFEST} nor one of "
        f"{', '.join(LOGS)} in it"
    )


def _rejection(text: bytes, where: str) -> Rejection:
    try:
        line = orjson.loads(text)
        number = _line_number(line.get("lineId", WHOLE_FILE))
        outcome = line["UpdateResourceResponse"].get("jsonBlob") or {}
        issues = [_finding(issue) for issue in outcome.get("issue") or ()]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            f"{where}: this is no line of a FAILURE log, which has lineId and "
            "UpdateResourceResponse with an OperationOutcome"
        ) from None
    named = (line.get("resourceType"), line.get("resourceId"))
    failing = tuple(found for severity, *found in issues if severity in _FAILING)
    return Rejection(
        number,
        "/".join(part for part in named if isinstance(part, str)),
        tuple((str(what), str(at)) for what, at in failing or (one[1:] for one in issues)),
    )


def _line_number(stated: Any) -> int:
    if type(stated) is not int or not 0 <= stated < 1 << 63:
        raise ValueError(stated)
    return stated


def _finding(issue: dict[str, Any]) -> tuple[str, str, str]:
    """(severity, what was found, where) of an issue; the service has no text beside diagnostics."""
    details = issue.get("details")
    text = issue.get("diagnostics") or (details.get("text") if isinstance(details, dict) else None)
    places = issue.get("location") or issue.get("expression") or [""]
    return str(issue.get("severity")), str(text or ""), str(places[0])
