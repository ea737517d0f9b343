"""Trial process: every trial has a process of its own, so that none profits from what another has
compiled, and CPU time and memory are its own.

    run_apart -> ``python -m bulkfhir.engine.measuring.trial_process`` -> Trial
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from types import FrameType
from typing import Final

from bulkfhir.validators.errors import BulkfhirError

from ..errors import EngineError
from ..process.log_lines import LogFormat, show_logs
from ..process.own_process import end_with_job, end_with_parent
from ..process.temporary import TemporaryFolder
from .job_look import JobLook
from .order import Order
from .sample_job import sampled
from .trial import Trial

__all__ = ["run_apart", "run_trial"]

_PATIENCE: Final = 5.0
"""Seconds in which a trial that is stopped has ended its workers and removed its files."""


def run_apart(order: Order, log_format: LogFormat, log_level: str) -> Trial:
    """Run a trial in a process of its own and return what it took.

    Raises what the job raises, and EngineError where the process comes to no end.
    """
    process = subprocess.Popen(  # noqa: S603  # this interpreter, and a module of our own
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        pickle.dump((order, log_format, log_level), process.stdin)
        process.stdin.flush()  # it stays open: the trial ends where this process does
        answer = process.stdout.read()
        process.wait()
    finally:
        _end(process)
    if not answer:
        raise EngineError(f"the process of a trial has ended with {process.returncode}")
    outcome = pickle.loads(answer)  # noqa: S301  # from a process of our own
    if isinstance(outcome, Exception):
        raise outcome
    trial: Trial = outcome
    return trial


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process: at once where it does not end by itself."""
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def run_trial(order: Order) -> Trial:
    """Run a trial in this process."""
    with ExitStack() as stack:
        output = order.output
        if output is None:
            folder = TemporaryFolder()
            stack.callback(folder.cleanup)
            output = folder.name
        if order.share is not None:
            return sampled(order, output, order.share)
        look = JobLook(order, output)
        return look.trial(look.run())


def main() -> None:
    """Run the trial that is ordered on standard input; write it, or what was raised, to standard
    output.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is the parent's to hear
    signal.signal(signal.SIGTERM, _stop)
    end_with_job()
    stdin = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115  # as long as the process lives
    order, log_format, log_level = pickle.load(stdin)  # noqa: S301  # from a process of our own
    end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    show_logs(log_format, log_level)
    try:
        outcome: Trial | Exception = run_trial(order)
    except BulkfhirError as error:
        outcome = error
    except KeyboardInterrupt:
        return
    with suppress(BrokenPipeError):
        sys.stdout.buffer.write(pickle.dumps(outcome))
        sys.stdout.buffer.flush()


def _stop(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
