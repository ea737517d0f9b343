"""LocalPool: worker processes from a forkserver that has the validators loaded already.

The workers never see the caller's ``__main__``: a script needs no guard. None of them outlives the
job, nor the parent if it is killed.
"""

from __future__ import annotations

import errno
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError, EngineError
from ..process.process_identity import alive, identity_of
from ..process.temporary import TemporaryFolder, sweep_temporary
from .live_counters import Heartbeat, LiveCounters
from .log_bridge import LogBridge, send_logs_to
from .options import LocalOptions
from .task import run_task

__all__ = ["LocalPool"]

_PRELOAD = ["bulkfhir.engine.dispatching.preload"]
_PRELOAD_WHERE_USED = ["bulkfhir.engine.storage.s3"]
"""What takes long to import, and workers need where this process has needed it."""
_STARTS = 20
"""How often a worker is started, where its fork server is killed meanwhile."""
_LOADED_BY = os.getpid()
"""The process that imported this module: in a worker the fork server, whose child it is."""
_PATIENCE = 5.0
"""Seconds in which workers that have nothing left to do end by themselves."""
_PAUSE = 0.1
"""Seconds between two starts: a killed process passes for alive for a moment, its locks with it."""
_LONGEST_FOLDER = 104 - len("/pymp-xxxxxxxx/listener-xxxxxxxx") - 1
"""Bytes: 104 is what macOS allows a socket's path, the end that a zero byte takes included."""
_LONGEST_SOCKETS = 104 - len("/listener-xxxxxxxx") - 1
"""Bytes of the path of the folder that sockets lie in."""


class LocalPool:
    """A runner of as many worker processes as it has slots."""

    apart = False

    def __init__(self, slots: int, options: LocalOptions | None = None) -> None:
        self.slots = slots
        self._options = options or LocalOptions()
        _refuse_long_paths()
        _server.acquire()
        self._closed = False
        self._context = _Context()
        used = [name for name in _PRELOAD_WHERE_USED if name in sys.modules]
        self._context.set_forkserver_preload(used + _PRELOAD)
        self._executor: ProcessPoolExecutor | None = None
        self._logs: LogBridge | None = None
        try:
            with _refusals_told():
                self._cells = self._context.RawArray("q", LiveCounters.size(slots))
                self._start()
        except BaseException:
            self.close(kill=True)
            raise
        self.counters: LiveCounters | None = LiveCounters(self._cells)

    def submit(self, slot: int, /, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Run ``function(*arguments, beat)`` in the worker of a slot."""
        if self._executor is None:
            raise ValueError("this pool is closed")
        with _refusals_told():
            return self._executor.submit(_run, slot, function, *arguments)

    def ask(self, function: Callable[..., Any], *arguments: object) -> list[Future[Any]]:
        """Run ``function(*arguments)`` in a worker: all are alike."""
        if self._executor is None:
            raise ValueError("this pool is closed")
        return [self._executor.submit(function, *arguments)]

    def lost(self, error: BaseException) -> bool:
        """Return whether a worker died, and the pool with it."""
        return isinstance(error, BrokenExecutor)

    def restart(self) -> bool:
        """Kill what is left of the workers and begin anew; always possible here."""
        self._end(kill=True)
        with _refusals_told():
            self._start()
        return True

    def close(self, *, kill: bool = False) -> None:
        """End the workers; with ``kill`` at once. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._end(kill=kill)
        _server.release()

    def _start(self) -> None:
        with _start_method_kept():
            self._logs = LogBridge(self._context)
        self._executor = ProcessPoolExecutor(
            self.slots,
            mp_context=self._context,
            initializer=_begin,
            initargs=(
                self._cells,
                self._logs.queue,
                self._logs.level,
                self._logs.others,
                self._options,
            ),
        )
        self._executor.submit(os.getpid)  # what the system refuses, it refuses before work begins

    def _end(self, *, kill: bool) -> None:
        started = [process for process in self._context.started if process.pid is not None]
        if kill:
            _end_all(started)
        # A worker that was killed while it waited for work took the lock of the queue with it: the
        # others never hear that there is no more, and concurrent.futures waits for them for ever.
        patience = threading.Timer(_PATIENCE, _end_all, [started])
        patience.start()
        try:
            if self._executor is not None:
                self._executor.shutdown(wait=True, cancel_futures=True)
            for process in started:
                process.join()
        finally:
            patience.cancel()
            patience.join()
        for process in started:
            process.close()
        self._context.started.clear()
        if self._logs is not None:
            self._logs.close()
        self._executor = self._logs = None


class _Process(ForkServerProcess):
    """A worker: started without the caller's ``__main__``, which a forkserver would import
    again.
    """

    def start(self) -> None:
        with _interrupt_held():
            for left in reversed(range(_STARTS)):
                try:
                    super().start()
                    break
                except (EOFError, ConnectionError) as error:  # the fork server was killed meanwhile
                    if not left:
                        raise EngineError(
                            "the fork server of the workers is killed again and again; resume the "
                            "job to go on"
                        ) from error
                    time.sleep(_PAUSE)
        self._known_as = identity_of(self.pid or 0)

    def end(self) -> None:
        """Kill the process, also one whose fork server was killed: that passes for dead, and may
        go on writing. Does not ask multiprocessing, which another thread may be asking.
        """
        if self.pid is not None and alive(self._known_as):
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 multiprocessing's name
        with _main_lock, _start_method_kept():
            main = sys.modules["__main__"]
            sys.modules["__main__"] = types.ModuleType("__main__")
            try:
                return ForkServerProcess._Popen(process_obj)  # noqa: SLF001 what is extended here
            finally:
                sys.modules["__main__"] = main


def _end_all(started: list[_Process]) -> None:
    for process in started:
        process.end()


@contextmanager
def _refusals_told() -> Iterator[None]:
    """Raise ConfigurationError where the system refuses what worker processes need."""
    try:
        yield
    except (OSError, EOFError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number else f"their server has gone ({error!r})"
        need = (
            "raise the limit of open files (ulimit -n)"
            if number in (errno.EMFILE, errno.ENFILE)
            else "they need /dev/shm, and a folder of temporary files (TMPDIR), to write to"
        )
        raise ConfigurationError(
            f"worker processes cannot be started: {reason}; {need}, or choose one worker "
            "(--workers 1)"
        ) from None


_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def _interrupt_held() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until a process has started: half started, it could be neither
    stopped nor awaited.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number)) for number in _ENDING
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
    if came:
        signal.raise_signal(came[0])


@contextmanager
def _start_method_kept() -> Iterator[None]:
    """Starting a process or making a queue settles the program's default start method for good,
    which is the caller's to choose.
    """
    undecided = multiprocessing.get_start_method(allow_none=True) is None
    try:
        yield
    finally:
        if undecided:
            multiprocessing.set_start_method(None, force=True)


class _Context(ForkServerContext):
    """A forkserver context that knows the processes it has started."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[_Process] = []

    def Process(self, *arguments: Any, **options: Any) -> _Process:  # type: ignore[override]  # noqa: N802 multiprocessing's name
        process = _Process(*arguments, **options)
        self.started.append(process)
        return process


def _refuse_long_paths() -> None:
    """Raise ConfigurationError where a socket in the folder of temporary files has no room.

    The system allows a socket's path some 108 bytes; multiprocessing's own failure names neither.
    """
    folder = tempfile.gettempdir()
    if len(os.fsencode(folder)) > _LONGEST_FOLDER:
        raise ConfigurationError(
            f"{folder}: the folder of temporary files (TMPDIR) has a path of more than "
            f"{_LONGEST_FOLDER} bytes, which is too long for the sockets of worker processes: "
            "choose another, or one worker"
        )


class _Server:
    """The forkserver process is shared by all pools of this process: the last one that needed it
    stops it, if a pool started it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._ours = False
        self._sockets: TemporaryFolder | None = None

    def acquire(self) -> None:
        with self._lock:
            if not self._users:
                self._ours = getattr(_forkserver(), "_forkserver_pid", None) is None
                self._keep_sockets()
            self._users += 1

    def _keep_sockets(self) -> None:
        """Give multiprocessing a folder for its sockets that is removed even after this process was
        killed; one that it has already stays, and so does its own way where the path has no room.
        """
        if self._ours and _configuration().get("tempdir") is None:
            folder = TemporaryFolder()
            if len(os.fsencode(folder.name)) > _LONGEST_SOCKETS:
                folder.cleanup()
                return
            self._sockets = folder
            _configuration()["tempdir"] = folder.name

    def _drop_sockets(self) -> None:
        """Remove the folder, unless multiprocessing has put sockets of others there meanwhile: then
        it stays as long as this process, as multiprocessing's own would.
        """
        if self._sockets is not None and not any(Path(self._sockets.name).iterdir()):
            _configuration()["tempdir"] = None
            self._sockets.cleanup()
            self._sockets = None

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and self._ours:
                stop = getattr(
                    _forkserver(), "_stop", None
                )  # there is no public way; without it the server leaves with this process
                if stop:
                    stop()
                self._drop_sockets()


def _configuration() -> dict[str, Any]:
    """Return what multiprocessing knows of this process, the folder of its sockets among it."""
    found: dict[str, Any] = getattr(multiprocessing.current_process(), "_config", {})
    return found


def _forkserver() -> Any:
    return getattr(multiprocessing.forkserver, "_forkserver", None)


_server = _Server()
_main_lock = threading.Lock()
_counters: LiveCounters | None = None
"""In a worker: where it shows its figures."""


def _begin(cells: Any, queue: Any, level: int, others: bool, options: LocalOptions) -> None:
    """Runs once in every worker.

    One whose fork server was killed at its birth is known to nobody, while another is started in
    its place: it must not take work, nor the lock that goes with it.
    """
    if _LOADED_BY not in (os.getpid(), os.getppid()):
        os._exit(1)
    global _counters  # noqa: PLW0603 an initializer has nowhere else to leave what its process needs
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the parent decides
    threading.Thread(target=_leave_with_parent, name="bulkfhir-parent", daemon=True).start()
    os.nice(options.nice)
    send_logs_to(queue, level, others=others)
    _counters = LiveCounters(cells)


def _leave_with_parent() -> None:
    """A killed parent cannot stop its workers, and they would wait for their next shard for
    ever; nor can it remove its temporary files.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        time.sleep(_PAUSE)  # until all that it held is free
        sweep_temporary()
        os._exit(1)


def _run(slot: int, function: Callable[..., Any], *arguments: object) -> Any:
    return run_task(function, *arguments, Heartbeat(_counters, slot))
