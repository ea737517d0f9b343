"""What the program says beside its result: log records of the engine and its workers, on standard error."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from .reports.human import printable

__all__ = ["show_logs"]


class _JsonLines(logging.Formatter):
    """One JSON object a record, for machines that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"time": time, "level": record.levelname.lower(), "logger": record.name, "process": record.process, "message": record.getMessage()})


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(f"bulkfhir: {record.levelname.lower()}: {record.getMessage()}")


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever standard error is at the moment: a progress bar puts its own in place."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def show_logs(*, quiet: bool, verbose: int, log_format: str) -> None:
    """Sends the project's log records to standard error: warnings, with ``-v`` what happens, with ``-vv`` everything, with ``-q`` errors only."""
    logger = logging.getLogger("bulkfhir")
    handler = _Stderr()
    handler.setFormatter(_JsonLines() if log_format == "json" else _Text())
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)])
