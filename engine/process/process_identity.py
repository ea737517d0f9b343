"""Process identity: tells whether a process that was written down earlier still lives; its id alone
may belong to another one by now.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

__all__ = ["alive", "identity_of", "this_process"]


def this_process() -> str:
    """Return the identity of this process: its machine, its id, when it began."""
    return identity_of(os.getpid())


def alive(identity: str) -> bool:
    """Return whether the process with this identity is still there; of another machine's process
    that cannot be known, nor of what is no identity, and the answer is yes.
    """
    machine, _, process = identity.partition(":")
    pid_text = process.partition(":")[0]
    if machine != platform.node() or not pid_text.isdecimal():
        return True
    pid = int(pid_text)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return identity_of(pid) == identity


def identity_of(pid: int) -> str:
    """Return the identity of a process: its machine, its id, when it began."""
    try:
        # The name in parentheses may hold anything; the start time is the 20th field after it
        # (proc(5)).
        began = (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="ascii", errors="replace")
            .rpartition(")")[2]
            .split()[19]
        )
    except OSError:
        began = ""  # no /proc, as on macOS: the id has to do
    return f"{platform.node()}:{pid}:{began}"
