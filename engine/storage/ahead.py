"""Ahead: calls that threads make before their results are asked for, a bounded number of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")

_THREADS = 32
"""Calls at the same time: a store takes some 20 ms to answer, and has no more connections for a
process than this by far.
"""


def ahead(call: Callable[[_Given], _Made], given: Iterable[_Given]) -> Generator[_Made, None, None]:
    """Yield the result of each call, in order. No more than twice as many results wait as there are
    threads, whoever takes them may take his time.
    """
    waiting = deque[Future[_Made]]()
    with ThreadPoolExecutor(_THREADS) as threads:
        try:
            for one in given:
                waiting.append(threads.submit(call, one))
                if len(waiting) > 2 * _THREADS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
