"""Share marks: what each share of an array job has written of itself into the work folder: that it
was begun, and which logs it has published. That it is done its shards' records say.

shares/3-of-100      a share of the shards
published/3-of-100   a share of the logs
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import NotFound
from ..storage import storage_for
from ..storage.ahead import ahead
from ..storage.sealed import Damaged, sealed, unsealed
from .array_job import ArrayJob
from .share import Share

__all__ = ["ShareMark", "ShareMarks"]

_SHARES: Final = "shares"
_PUBLISHED: Final = "published"


@dataclass(frozen=True, slots=True)
class ShareMark:
    """A share that was begun, by the latest process that did it.

    first, stop     its shards: from the one up to, and without, the other
    host, process   where it runs or ran
    began           seconds since the epoch
    """

    share: Share
    first: int
    stop: int
    host: str
    process: int
    began: float

    @classmethod
    def now(cls, share: Share, within: range) -> ShareMark:
        """Return the mark of a share that this process begins."""
        return cls(share, within.start, within.stop, platform.node(), os.getpid(), time.time())


class ShareMarks:
    """The marks of one job."""

    def __init__(self, job: ArrayJob) -> None:
        self._folder = job.settings.work_folder
        self._storage = storage_for(self._folder, job.settings.choices.encryption_key_id)

    def put(self, mark: ShareMark) -> None:
        """Say that a share is begun. Raise StorageError."""
        self._put(_SHARES, mark.share, asdict(mark))

    def shares(self) -> list[ShareMark]:
        """Return what is known of every share that was begun, by how many they are, then in order.
        A mark that is damaged is left out.
        """
        marks = list[ShareMark]()
        for data in self._all(_SHARES):
            try:
                marks.append(ShareMark(**{**data, "share": Share(**data["share"])}))
            except (KeyError, TypeError):
                continue
        return sorted(marks, key=lambda mark: (mark.share.count, mark.share.number))

    def begun(self) -> bool:
        """Return whether any share was begun."""
        try:
            listed = self._storage.list(self._storage.join(self._folder, f"{_SHARES}/"))
            return next(iter(listed), None) is not None
        except NotFound:
            return False

    def publish(self, share: Share, digests: Iterable[str]) -> None:
        """Say which logs a share has published, by their digests. Raise StorageError."""
        self._put(_PUBLISHED, share, {"share": asdict(share), "logs": list(digests)})

    def published(self) -> tuple[list[Share], frozenset[str]]:
        """Return which shares have published their logs, and the digests of all of those. A log of
        which nothing can be read is published again.
        """
        shares, digests = list[Share](), set[str]()
        for data in self._all(_PUBLISHED):
            digests.update(data.get("logs", ()))
            if "share" in data:  # a version before did not write it
                shares.append(Share(**data["share"]))
        return sorted(shares, key=lambda share: (share.count, share.number)), frozenset(digests)

    def _put(self, kind: str, share: Share, data: dict[str, Any]) -> None:
        place = self._storage.join(self._folder, f"{kind}/{share.number}-of-{share.count}")
        self._storage.put(place, sealed(data), durable=True)

    def _all(self, kind: str) -> Iterator[dict[str, Any]]:
        try:
            listed = self._storage.list(self._storage.join(self._folder, f"{kind}/"))
            places = [entry.uri for entry in listed]
        except NotFound:
            return
        yield from filter(None, ahead(self._read, places))

    def _read(self, place: str) -> dict[str, Any]:
        try:
            return unsealed(self._storage.read(place))
        except (Damaged, NotFound):
            return {}
