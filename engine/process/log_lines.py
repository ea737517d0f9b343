"""Log lines on standard error, as text or as one JSON object each: of the endpoint and of the jobs
it runs.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TextIO

from .logger import LOGGER

__all__ = ["LogFormat", "TellingHandler", "others_shown", "show_logs", "show_others"]

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
    "exception",
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
        return json.dumps(line, default=str)  # of others, these may be anything


class _Text(logging.Formatter):
    """A line; of a worker on another machine with the place that it comes from."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        line, said = super().format(record), record.__dict__
        if not {"task", "host"} <= said.keys():
            return line
        return f"{line} (task {said['task']}, host {said['host']}, process {record.process})"


class TellingHandler(logging.Handler):
    """A handler that logs which record it could not write, where Python prints that as text, values
    of the record among it.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Log it, unless the stream is to blame or what could not be written is such a record."""
        kind, _, trace = sys.exc_info()
        if kind and not issubclass(kind, OSError) and "exception" not in record.__dict__:
            what = f"a log line of {record.name} ({record.pathname}:{record.lineno})"
            _log_uncaught(what, kind, trace)


class _JsonLines(TellingHandler, logging.StreamHandler[TextIO]):
    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(_Json())


def show_logs(log_format: LogFormat, level: str) -> None:
    """Send the project's records of ``level`` and above to standard error. As JSON, so is what
    others say there, Python itself among them: each line is an object.
    """
    handler: logging.Handler = _JsonLines()
    if log_format == "text":
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Text())
    logger = logging.getLogger(LOGGER)
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(level)
    if log_format == "json":
        show_others(_JsonLines())


def show_others(handler: logging.Handler) -> None:
    """Send to a handler what libraries log (warnings and worse, as Python shows it by itself),
    Python's own warnings, and, as records of the project, exceptions that nobody catches.
    """
    handler.setLevel(logging.WARNING)
    logging.lastResort = handler  # of loggers that have no other
    logging.captureWarnings(capture=True)
    logging.getLogger("py.warnings").handlers[:] = [handler]
    sys.excepthook = _main_broke
    threading.excepthook = _thread_broke
    sys.unraisablehook = _unraisable


def others_shown() -> bool:
    """Return whether ``show_others`` was called in this process."""
    return sys.unraisablehook is _unraisable


def _main_broke(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    del error
    _log_uncaught("the main thread", kind, trace)


def _thread_broke(hook: threading.ExceptHookArgs) -> None:
    if hook.exc_type is not SystemExit:  # which ends a thread, and is no defect
        name = hook.thread.name if hook.thread else "?"
        _log_uncaught(f"the thread {name}", hook.exc_type, hook.exc_traceback)


def _unraisable(hook: sys.UnraisableHookArgs) -> None:
    name = getattr(hook.object, "__qualname__", type(hook.object).__name__)
    _log_uncaught(f"{name}, where nothing can be raised,", hook.exc_type, hook.exc_traceback)


def _log_uncaught(what: str, kind: type[BaseException], trace: TracebackType | None) -> None:
    """Log an exception without its text, which may quote a resource."""
    where = "".join(["Traceback (most recent call last):\n", *traceback.format_tb(trace)])
    logging.getLogger(LOGGER).error(
        "%s broke: %s", what, kind.__name__, extra={"exception": f"{where}{kind.__name__}"}
    )
