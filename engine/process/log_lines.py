"""Log lines on standard error, as text or as one JSON object each: of the endpoint and of the jobs
it runs.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

__all__ = ["LogFormat", "show_logs"]

LogFormat = Literal["text", "json"]

_EXTRA = (
    "request_id",
    "operation",
    "status",
    "error",
    "ms",
    "job_id",
    "process_id",
    "task",
    "host",
)
"""What our own records carry beside their text. None of it is a value of a resource."""


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        line |= {
            name: record.__dict__[name]
            for name in _EXTRA
            if record.__dict__.get(name) not in (None, "")
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _Text(logging.Formatter):
    """A line; of a worker on another machine with the place that it comes from."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        line, said = super().format(record), record.__dict__
        if not {"task", "host"} <= said.keys():
            return line
        return f"{line} (task {said['task']}, host {said['host']}, process {record.process})"


def show_logs(log_format: LogFormat, level: str) -> None:
    """Send the project's records of ``level`` and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if log_format == "json" else _Text())
    logger = logging.getLogger("bulkfhir")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(level)
