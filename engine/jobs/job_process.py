"""JobProcess: the process of one job or export, which one thread awaits and others may signal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

__all__ = ["JobProcess"]

_PAUSE = 0.1
"""Seconds between two looks at a process, where the system cannot tell of its end beforehand."""


class JobProcess:
    """A module of ours, run in a session of its own; a pipe to it stays open until it has ended,
    and ends with this process.

    Only ``wait`` reaps it, and under the guard. Another thread that asked whether it has ended
    (``Popen.poll``, and so ``Popen.send_signal``) would take its end away from the one that waits;
    and once it is reaped, its id may be another's: then nobody signals it any more.
    """

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str]) -> None:
        self._guard = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **environment},
        )
        self.id = self._process.pid

    def tell(self, line: bytes) -> None:
        """Write a line to its standard input; where it died already, ``wait`` says so."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has been reaped."""
        with self._guard:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.id, number)

    def kill_session(self) -> None:
        """Kill it and whatever it has started, unless it has been reaped."""
        with self._guard:
            if self._process.returncode is None:
                self._kill_session()

    def wait(self) -> int:
        """Return its exit code once it has ended, and whatever it has started with it. To be called
        by one thread.
        """
        if hasattr(os, "waitid"):  # macOS has it from Python 3.13 on
            with contextlib.suppress(ChildProcessError):  # the caller's process ignores SIGCHLD
                os.waitid(os.P_PID, self.id, os.WEXITED | os.WNOWAIT)
                self.kill_session()  # it has ended, and is not reaped
        while (code := self._reaped()) is None:
            time.sleep(_PAUSE)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # a line may still be in our buffer
            self._process.stdin.close()
        return code

    def _reaped(self) -> int | None:
        with self._guard:
            code = self._process.poll()
            if code is not None and not hasattr(os, "waitid"):
                self._kill_session()  # as long as anyone is left in it, no other gets its id
            return code

    def _kill_session(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.id, signal.SIGKILL)
