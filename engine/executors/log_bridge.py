"""LogBridge: records of worker processes reach the handlers of the parent, through
multiprocessing-logging.
"""

from __future__ import annotations

import logging
from logging.handlers import QueueHandler
from multiprocessing.context import BaseContext
from typing import Any

from multiprocessing_logging import MultiProcessingHandler

from ..process.log_lines import TellingHandler, others_shown, show_others
from ..process.logger import LOGGER

__all__ = ["LogBridge", "send_logs_to"]


class _Forward(logging.Handler):
    """Hands a worker's record to the parent's logger of the same name, so that the user's
    configuration holds for it too.
    """

    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger(record.name).handle(record)


class _Handler(MultiProcessingHandler):  # type: ignore[misc]  # the library has no types
    """The library's handler; one that could not be made, for want of files, closes all the same:
    logging closes every handler there ever was when the process ends.
    """

    _is_closed = True


class _Told(TellingHandler, QueueHandler):
    """Sends records, and what is wrong with one that cannot be sent."""


class LogBridge:
    """The parent's end: a queue for the workers and a thread that empties it."""

    def __init__(self, context: BaseContext) -> None:
        self._handler = _Handler("bulkfhir-logs", sub_handler=_Forward())
        self._handler.queue = context.Queue(
            -1
        )  # the handler's own queue is of the default context, which forkserver workers cannot use
        self.level = logging.getLogger(LOGGER).getEffectiveLevel()
        self.others = others_shown()

    @property
    def queue(self) -> Any:
        """Return the queue that workers put their records into."""
        return self._handler.queue

    def close(self) -> None:
        """Stop, after every record that has arrived is handled."""
        self._handler.close()


def send_logs_to(queue: Any, level: int, *, others: bool) -> None:
    """Send this worker's records to the parent: the worker's end. With ``others``, what is not the
    project's too (``show_others``).
    """
    logger = logging.getLogger(LOGGER)
    logger.handlers[:] = [_Told(queue) if others else QueueHandler(queue)]
    logger.setLevel(level)
    logger.propagate = False
    if others:
        show_others(_Told(queue))
