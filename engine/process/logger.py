"""Logger: the one above all of the project's, and what may be said in it."""

from __future__ import annotations

import logging
import traceback

__all__ = ["LOGGER", "log_crash"]

LOGGER = "bulkfhir"
"""The logger above all of the project's. What it is told holds no value of any resource."""


def log_crash(what: str, error: BaseException) -> None:
    """Log an exception that nobody expected: its type and where it was raised, but not its text,
    which may quote a resource.
    """
    where = "".join(traceback.format_tb(error.__traceback__))
    logging.getLogger("bulkfhir.engine").error("%s: %s\n%s", what, type(error).__name__, where)
