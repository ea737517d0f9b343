"""TemporaryFolder: a folder for temporary files that outlives its process by no more than the time
until the next of ours begins.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import weakref
from pathlib import Path

__all__ = ["TemporaryFolder", "sweep_temporary"]

_PREFIX = "bulkfhir-tmp-"


class TemporaryFolder:
    """A folder that is locked by this process as long as it is in use.

    The lock ends with the process, however that ends, and tells everybody else that the folder may
    be removed. Without ``cleanup`` it is removed when this object is, or when the interpreter ends.
    """

    def __init__(self) -> None:
        sweep_temporary()
        lock = None
        while lock is None:  # a sweep elsewhere may come between the two
            self.name = tempfile.mkdtemp(prefix=_PREFIX)
            lock = _locked(self.name, unlockable=-1)
        self.cleanup = weakref.finalize(self, _remove, self.name, lock, os.getpid())


def sweep_temporary() -> None:
    """Remove what killed processes of this user left in the folder of temporary files."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            status = path.lstat()
        except OSError:
            continue  # somebody else removed it
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid():
            lock = _locked(str(path), unlockable=None)
            if lock is not None:
                _remove(str(path), lock)


def _locked(folder: str, unlockable: int | None) -> int | None:
    """Lock a folder; return the descriptor that holds the lock, None where somebody else has it.

    unlockable   what is returned where the file system has no locks
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if Path(folder).exists():  # else a sweep had it before
            return descriptor
    except BlockingIOError:
        pass
    except OSError:
        os.close(descriptor)
        return unlockable
    os.close(descriptor)
    return None


def _remove(folder: str, lock: int, owner: int | None = None) -> None:
    if owner not in (None, os.getpid()):
        return  # a process that was forked ends: the folder is its parent's
    shutil.rmtree(folder, ignore_errors=True)
    if lock >= 0:
        os.close(lock)
