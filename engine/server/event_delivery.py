"""Event delivery: a thread that tells a target what happened, in its order, at least once."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..jobs import Happening, Outbox, StateError, UnknownJobError
from .event_targets import EventTarget

__all__ = ["EventDelivery"]

_log = logging.getLogger(__name__)

_LOOK: Final = 0.5
"""Seconds between looks: processes of jobs record what happened, and wake nobody."""
_LONGEST: Final = 60.0
"""Seconds until a target that takes nothing is tried again, at the most."""
_AT_THE_END: Final = 5.0
"""Seconds that telling may take once the server is told to stop."""
_KEPT: Final = 24 * 3600.0
"""Seconds for which an event is tried, as EventBridge does by default."""


class EventDelivery:
    """Tells a target what the outbox holds. Neither jobs nor requests wait for it, and none fails
    by it; what could not be told yet is told after the next start.

    document   returns the event of a happening; None for one that nobody is told of
    """

    def __init__(
        self,
        outbox: Outbox,
        target: EventTarget,
        document: Callable[[Happening], Mapping[str, Any] | None],
    ) -> None:
        self._outbox, self._target, self._document = outbox, target, document
        self._stopping = threading.Event()
        self._failed = 0
        self._thread = threading.Thread(target=self._loop, name="bulkfhir-events", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self) -> None:
        """Tell what can be told at once, and no more."""
        self._stopping.set()
        self._thread.join()

    def _loop(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stopping.is_set()
            try:
                self._tell_all(_AT_THE_END if stopping else math.inf)
            except Exception:  # noqa: BLE001  # the state file: the next look may find it well again
                _log.exception("what happened to jobs could not be read")
            self._stopping.wait(min(_LONGEST, _LOOK * 2**self._failed))

    def _tell_all(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (happening := self._outbox.first(time.time())) is not None:
            if not self._tell(happening):
                return
            self._outbox.forget(happening)
            if time.monotonic() > end:
                return

    def _tell(self, happening: Happening) -> bool:
        """Return whether a happening is done with."""
        try:
            event = self._document(happening)
        except (UnknownJobError, StateError):
            return True  # the job was forgotten meanwhile
        if event is None:
            return True
        try:
            self._target.send(json.dumps(event).encode())
        except OSError as error:
            return self._not_told(happening, str(error))
        if self._failed:
            _log.warning("%s takes events again", self._target.name)
        self._failed = 0
        return True

    def _not_told(self, happening: Happening, reason: str) -> bool:
        if self._failed == 0:
            _log.warning("%s takes no event, and is tried again: %s", self._target.name, reason)
        self._failed = min(self._failed + 1, 10)
        if time.time() - happening.at < _KEPT:
            return False
        _log.warning("event %s is given up after a day", happening.id)
        return True
