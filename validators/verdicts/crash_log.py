"""Crash log: where validation itself broke, for whoever has to mend it, and nothing of the data."""

from __future__ import annotations

import logging
import traceback
from collections import Counter

__all__ = ["log_crash_of"]

_log = logging.getLogger("bulkfhir.validators")

_seen: Counter[tuple[str, str, int]] = Counter()
"""How often something was raised at a place of the code, in this process."""


def log_crash_of(resource_type: str | None, error: Exception) -> None:
    """Log an exception that the validation of a resource raised: its type and where it was raised,
    but not its text, which may quote the resource.

    What is raised at one place is logged the first time, the tenth, the hundredth and so on: the
    lines themselves are counted elsewhere.
    """
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    place = (type(error).__name__, last.filename if last else "", (last and last.lineno) or 0)
    _seen[place] += 1
    count = _seen[place]
    if str(count).strip("0") == "1":
        _log.error(
            "the validation of a %s broke, %d time(s) at this place: %s\n%s",
            resource_type or "line",
            count,
            type(error).__name__,
            "".join(traceback.format_list(frames)),
        )
