"""Executors: where shards run. Every one of them is a Runner: a few slots, each of which holds one
task at a time.

tasks -> run_all -> Runner.submit(slot, …) -> worker: function(…, beat) -> result
                    InThread (one worker) | LocalPool (processes) | FollowedRunner, which stands
                    before an engine's: DaskRunner | RayRunner | SparkRunner | Foreign (any
                    concurrent.futures.Executor)
"""

from __future__ import annotations

import concurrent.futures
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..errors import ConfigurationError
from ..plugins import EXECUTORS, check_options, load, names
from ..process.own_process import ends_with_job
from .driver import no_tick, run_all
from .interface import Runner
from .live_counters import Cancelled, Heartbeat, LiveCounters
from .options import LocalOptions
from .probe import probe_workers
from .task import Task, TaskFailure

__all__ = [
    "Heartbeat",
    "LiveCounters",
    "Cancelled",
    "TaskFailure",
    "Runner",
    "Task",
    "Executor",
    "check_executor",
    "default_workers",
    "followed",
    "is_local",
    "no_tick",
    "open_runner",
    "probe_workers",
    "run_all",
    "working",
]


_log = logging.getLogger("bulkfhir.engine")

_PATIENCE = 3.0
"""Seconds: SIGTERM, Ctrl-C and a cancelled job end a command within five."""


Executor = str | concurrent.futures.Executor | Callable[..., "Runner | concurrent.futures.Executor"]
"""``local``, the name of an entry point, an executor of the user's, or what makes a runner or an
executor of the options.
"""


def is_local(executor: Executor) -> bool:
    """Return whether the workers are this machine's, started by this process."""
    return executor == "local"


def check_executor(executor: Executor, options: Mapping[str, object] | None = None) -> None:
    """Raise ConfigurationError for an executor that nobody knows, and for options that it does not
    take.
    """
    if isinstance(executor, concurrent.futures.Executor):
        for name in options or ():
            raise ConfigurationError(f"{name}: an executor of your own takes no options from here")
    elif executor == "local":
        LocalOptions.of(options or {})
    elif isinstance(executor, str):
        if executor not in names(EXECUTORS):
            raise ConfigurationError(
                f"{executor}: no such executor; known: local, {', '.join(names(EXECUTORS))}, or "
                "any concurrent.futures.Executor"
            )
        check_options(EXECUTORS, executor, options or ())


def _may_have_no_children() -> bool:
    import multiprocessing  # one worker needs none of it

    return multiprocessing.current_process().daemon


def default_workers() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_runner(
    executor: Executor,
    workers: int | None,
    options: Mapping[str, object] | None = None,
    *,
    plug_ins: bool = False,
) -> Runner:
    """Return the runner for what the user asked for: ``local`` with its options, an engine by name,
    or an executor of the user's own, which stays the user's to shut down.

    workers     tasks at once; None: as many as the engine has room for
    plug_ins    whether code that is not ours runs in the workers. A plug-in may hang, and hold the
                interpreter's lock while it does: a command runs it in a process that can be killed,
                with one worker too. Our own code is bounded, and starts sooner in a thread.
    """
    check_executor(executor, options)
    if executor != "local":
        return _engine(executor, workers, options or {})
    workers = workers or default_workers()
    local = LocalOptions.of(options or {})
    if workers > 1 and _may_have_no_children():
        _log.warning(
            "this process is a daemonic one of multiprocessing (as Celery's are), which may have "
            "no children: there is one worker, inside it"
        )
        from .thread import InThread

        return InThread()
    if workers == 1 and not local.nice and not (plug_ins and ends_with_job()):
        from .thread import InThread

        return InThread(_PATIENCE if ends_with_job() else None)
    from .pool import LocalPool  # multiprocessing, which no other runner needs, nor any worker

    return LocalPool(workers, local)


def _engine(executor: Executor, workers: int | None, options: Mapping[str, object]) -> Runner:
    made: Any
    if isinstance(executor, str):
        made = load(EXECUTORS, executor)(workers, **options)
    elif isinstance(executor, concurrent.futures.Executor):
        made = executor
    else:
        made = executor(**options)
    if isinstance(made, concurrent.futures.Executor):
        from .foreign import Foreign

        return Foreign(made, workers)
    runner: Runner = made
    return runner


def followed(runner: Runner, work_folder: str, encryption_key_id: str | None = None) -> Runner:
    """Return a runner whose tasks show their figures, log here and hear of a stop, by objects in
    the work folder where they have no memory in common with this process; raise StorageError where
    nothing can be written there.
    """
    if runner.counters is not None:
        return runner
    from .followed_runner import FollowedRunner  # no local job needs it

    return FollowedRunner(runner, work_folder, encryption_key_id)


@contextmanager
def working(runner: Runner) -> Iterator[Runner]:
    """Hold a runner whose workers are gone at the end, however it comes; killed where it is an
    exception.
    """
    try:
        yield runner
    except BaseException:
        runner.close(kill=True)
        raise
    runner.close()
