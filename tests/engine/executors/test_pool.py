"""The local pool: workers end, whatever one that was killed has taken with it."""

from __future__ import annotations

import logging
import subprocess
import sys
from multiprocessing.connection import wait
from pathlib import Path

import pytest

from bulkfhir.engine.executors import pool
from bulkfhir.engine.executors.pool import LocalPool

ORPHAN = """
import os, time
from bulkfhir.engine.executors import pool
if not os.fork():  # as the fork server bears a worker, and is killed
    server = os.getpid()
    if not os.fork():
        while os.getppid() == server:
            time.sleep(0.001)
        pool._begin(None, None, 0, False, None)
        print("took work", flush=True)
    os._exit(0)
"""
KEEPS_THE_LOCK = """
import sys
frame = sys._getframe()
while frame.f_code.co_name != "_process_worker":
    frame = frame.f_back
frame.f_locals["call_queue"]._rlock.acquire()
"""
"""Takes the lock under which workers wait for work, as one that is killed there does. It is text
since a worker knows no module of the tests.
"""


def test_workers_that_nobody_can_tell_of_the_end_are_ended(monkeypatch):
    monkeypatch.setattr(pool, "_PATIENCE", 0.2)
    workers = LocalPool(1)
    for future in workers.ask(exec, KEEPS_THE_LOCK):
        future.result()
    started = [process.pid for process in workers._context.started]
    workers.close()
    assert started
    assert not [pid for pid in started if Path("/proc", str(pid)).exists()]


SAYS_MUCH = """
import logging
logging.getLogger("bulkfhir.last").warning("first")
logging.getLogger("bulkfhir.last").warning("more than a pipe holds".ljust(1 << 20))
"""


@pytest.mark.long
def test_a_worker_ends_after_its_last_log_line_however_slowly_it_is_heard():
    heard, workers = [], LocalPool(1)

    class Slow(logging.Handler):
        def emit(self, record):
            if not heard:
                wait([process.sentinel for process in workers._context.started], 1.0)
            heard.append(record.getMessage().rstrip())

    logger, handler = logging.getLogger("bulkfhir.last"), Slow()
    logger.addHandler(handler)
    for future in workers.ask(exec, SAYS_MUCH):
        future.result()
    workers.close()
    logger.removeHandler(handler)
    assert heard == ["first", "more than a pipe holds"]


def test_a_worker_whose_fork_server_was_killed_at_its_birth_takes_no_work():
    done = subprocess.run(
        [sys.executable, "-c", ORPHAN], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
