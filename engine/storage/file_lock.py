"""FileLock: a file that one process holds by a lock of the operating system, which ends with the
process, however that ends.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
from pathlib import Path

from ..errors import Held

__all__ = ["FileLock"]

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
"""What a file system answers that has no locks."""

_log = logging.getLogger("bulkfhir.engine")


class FileLock:
    """A Claim on this machine. The file holds its owner's name, for whoever is refused.

    Raises Held where another process has it, and OSError.
    """

    lost: str | None = None

    def __init__(self, path: str, owner: str) -> None:
        self._path = Path(path)
        self._made = _missing_folders(self._path.parent)
        self._descriptor = -1
        while self._descriptor < 0:
            self._open()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, owner.encode(), 0)

    def _open(self) -> None:
        """Open and lock the file; nothing is open where it was removed in between."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        _open_locks.add(descriptor)
        self._descriptor = descriptor
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 200, 0).decode(errors="replace")
            self._close()
            raise Held(str(self._path), _described(owner)) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                self._close()
                raise
            _log.warning(
                "%s: this file system has no locks: nobody notices if two processes run this job",
                self._path,
            )
        if not self._is_in_place():
            self._close()

    def confirm(self) -> None:
        """Raise Held where the file was removed or replaced: another process may hold it by now."""
        if not self._is_in_place():
            raise Held(str(self._path), "the lock of this job was removed while it ran")

    def release(self) -> None:
        """Remove the file, and the folders that were made for it and hold nothing else."""
        if self._descriptor < 0:
            return
        with contextlib.suppress(OSError):
            if self._is_in_place():  # while it is locked: afterwards it may be another's
                self._path.unlink()
            for folder in self._made:
                folder.rmdir()
        self._close()

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        _open_locks.discard(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1


_open_locks: set[int] = set()
"""Descriptors of this process's locks. A forked child inherits them, and would keep the locks
beyond its parent's end.
"""


def _leave_locks() -> None:
    while _open_locks:
        os.close(_open_locks.pop())


os.register_at_fork(after_in_child=_leave_locks)


def _missing_folders(folder: Path) -> list[Path]:
    """The folders that are to be made, the deepest first."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    return missing


def _described(owner: str) -> str:
    machine, _, process = owner.rpartition(":")[0].rpartition(":")
    return f"process {process} of {machine} runs it" if process else "another process runs it"
