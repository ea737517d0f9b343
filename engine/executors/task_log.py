"""TaskLog: what a task logs in a worker that no queue leads back from, and how that reaches the
handlers of the driver: in the task's reports, a bounded number of lines.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..process.logger import LOGGER

__all__ = ["LogLine", "TaskLog", "collected", "hand_on"]

_MOST: Final = 64 << 10
"""Characters that a task may log, of warnings and worse, and of all that is less: a line that comes
every second must not hide the one that matters.
"""
_LONGEST: Final = 4_000
"""Characters of one line."""

_text = logging.Formatter()


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log record that has left its process.

    logger   its name
    created  seconds since the epoch
    text     its message, and what it says of an exception
    """

    logger: str
    level: int
    created: float
    text: str


class TaskLog:
    """The log lines of one task, as far as there is room for them; ``dropped`` counts the rest."""

    def __init__(self) -> None:
        self._lines: list[LogLine] = []
        self._room = {True: _MOST, False: _MOST}
        self.dropped = 0

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """Return the lines so far."""
        return tuple(self._lines)

    def add(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        text = _text.format(record)[:_LONGEST]
        bad = record.levelno >= logging.WARNING
        if len(text) > self._room[bad]:
            self._room[bad] = 0  # nothing comes after a gap
            self.dropped += 1
            return
        self._room[bad] -= len(text)
        self._lines.append(LogLine(record.name, record.levelno, record.created, text))


class _Collector(logging.Handler):
    """The only handler of the project's logger in a worker while tasks run in it."""

    def __init__(self) -> None:
        super().__init__()
        self._running: list[TaskLog] = []
        self._own = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Give a record to the task of its thread; from a thread that helps one, to the latest."""
        try:
            log = getattr(self._own, "log", None) or self._running[-1]
            log.add(record)
        except Exception:  # noqa: BLE001 a record that cannot be put into words: as logging's own handlers do
            self.handleError(record)

    @contextmanager
    def collecting(self, log: TaskLog, level: int) -> Iterator[None]:
        """Let the records of this thread go to a task's log."""
        self._enter(log, level)
        try:
            yield
        finally:
            self._leave(log)

    def _enter(self, log: TaskLog, level: int) -> None:
        logger = logging.getLogger(LOGGER)
        with _lock:
            if not self._running:
                self._before = (logger.handlers[:], logger.level, logger.propagate)
                logger.handlers[:], logger.propagate = [self], False
            logger.setLevel(level)
            self._running.append(log)
        self._own.log = log

    def _leave(self, log: TaskLog) -> None:
        logger = logging.getLogger(LOGGER)
        self._own.log = None
        with _lock:
            self._running.remove(log)
            if not self._running:
                logger.handlers[:], level, logger.propagate = self._before
                logger.setLevel(level)


_lock = threading.Lock()
_collector = _Collector()
collected = _collector.collecting


def hand_on(lines: Sequence[LogLine], task: int, host: str, process: int) -> None:
    """Give lines to the handlers of this process, under the loggers that they are of. Their records
    say whose they are: ``task``, ``host`` and, as every record does, ``process``.
    """
    for line in lines:
        record = logging.makeLogRecord(
            {
                "name": line.logger,
                "levelno": line.level,
                "levelname": logging.getLevelName(line.level),
                "created": line.created,
                "msecs": line.created % 1 * 1000,
                "msg": line.text,
                "task": task,
                "host": host,
                "process": process,
            }
        )
        logging.getLogger(line.logger).handle(record)
