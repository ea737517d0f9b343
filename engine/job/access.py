"""Access: what a job may do where it writes, tried before its work begins."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from ..errors import AccessDenied, NotFound
from ..job_terms.job_folder import ACCESS_CHECK
from ..job_terms.settings import Settings
from ..storage import Storage, is_remote, storage_for

__all__ = ["Access", "policy"]

_WORK_CHECK: Final = "access-check"
"""Name of the file by which access to a work folder is tried."""

_PUT, _GET, _LIST, _DELETE = "s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:DeleteObject"

_log = logging.getLogger("bulkfhir.engine")


class Access:
    """The places where one job writes: its output and its work folder.

    output       the folder in which the job's own folder is made
    keep_check   the file by which the output was tried stays in it
    """

    def __init__(self, output: str, settings: Settings, *, keep_check: bool) -> None:
        self._output, self._work = output, settings.work_folder
        self._choices, self._keep_check = settings.choices, keep_check

    def check(self) -> None:
        """Try every kind of access that the job needs.

        Raises AccessDenied, with the policy that is needed, where the job cannot come to its end;
        logs a warning where something will stay that should be deleted. Other StorageErrors pass.
        """
        self._check_output()
        self._check_work()

    def _check_output(self) -> None:
        actions = (_PUT,) if self._keep_check else (_PUT, _DELETE)
        refused = self._refused(self._output, ACCESS_CHECK, actions)
        if _PUT in refused:
            raise _denied(self._output, refused, (_PUT,))
        if _DELETE not in refused:
            return
        _log.warning("%s: %s stays: %s", self._output, ACCESS_CHECK, refused[_DELETE].reason)
        if self._choices.sink is not None:
            _log.warning(
                "%s: the sink cannot take back the lines of a file that cannot be read to its end; "
                "a job with such a file will be FAILED, and can be resumed with %s",
                self._output,
                policy(self._output, (_DELETE, _LIST)),
            )

    def _check_work(self) -> None:
        refused = self._refused(self._work, _WORK_CHECK, (_PUT, _GET, _LIST, _DELETE))
        kept = refused.pop(_DELETE, None)
        if refused:
            advice = "; or let --work-folder name another place: the output then needs no more than"
            raise _denied(
                self._work,
                refused,
                (_PUT, _GET, _DELETE, _LIST),
                f"{advice} {_PUT}" if self._choices.work_folder is None else "",
            )
        if kept is not None:
            _log.warning(
                "%s will stay when the job is done: %s; it is deleted with %s",
                self._work,
                kept.reason,
                policy(self._work, (_DELETE,)),
            )

    def _refused(self, folder: str, name: str, actions: Sequence[str]) -> dict[str, AccessDenied]:
        """Try actions on a file of a folder; return what was refused, in their order."""
        storage = storage_for(folder, self._choices.encryption_key_id)
        attempts = _attempts(storage, folder, storage.join(folder, name))
        refused = {}
        for action in actions:
            try:
                attempts[action]()
            except AccessDenied as error:
                refused[action] = error
        return refused


def policy(folder: str, actions: Sequence[str]) -> str:
    """Return the statements of an IAM policy that allow actions below a folder of S3, as JSON."""
    bucket = "arn:aws:s3:::" + folder.removeprefix("s3://").partition("/")[0]
    below = "arn:aws:s3:::" + folder.removeprefix("s3://").rstrip("/") + "/*"
    objects = [name for name in actions if name != _LIST]
    buckets = [name for name in actions if name == _LIST]
    return json.dumps(
        [
            {"Effect": "Allow", "Action": names, "Resource": resource}
            for names, resource in ((objects, below), (buckets, bucket))
            if names
        ]
    )


def _attempts(storage: Storage, folder: str, uri: str) -> Mapping[str, Callable[[], Any]]:
    def get() -> None:
        with suppress(NotFound):  # where it could not be put
            storage.read(uri)

    def listed() -> None:
        with suppress(NotFound):
            next(storage.list(folder.rstrip("/") + "/"), None)

    return {
        _PUT: lambda: storage.put(uri, b""),
        _GET: get,
        _LIST: listed,
        _DELETE: lambda: storage.delete(uri),
    }


def _denied(
    folder: str, refused: Mapping[str, AccessDenied], needed: Sequence[str], advice: str = ""
) -> AccessDenied:
    """Return an error that says what was refused, and what is needed instead."""
    first = next(iter(refused.values()))
    if not is_remote(folder):
        return first
    missing = ", ".join(refused)
    return AccessDenied(
        folder,
        f"{first.reason}; the job lacks {missing} here; it needs {policy(folder, needed)}{advice}",
    )
