"""Share: what one of N processes does, and how things in a row are cut into N shares."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern
from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import ConfigurationError

__all__ = ["Share"]

_TEXT = lazy_pattern(r"(\d{1,9})/(\d{1,9})", re.ASCII)
_NUMBER = lazy_pattern(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Share:
    """The share ``number``, from 0, of ``count``."""

    number: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.count:
            raise ConfigurationError(f"share {self}: the shares of {self.count} count from 0")

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def of(cls, text: str) -> Share:
        """Read ``I/N``; raise ConfigurationError for another form."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ConfigurationError(f"{text}: a share is given as I/N, I from 0")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of_scheduler(cls, environment: Mapping[str, str], count: int | None) -> Share | None:
        """Return the share that an array scheduler names in the environment; None where it names
        none.

        count   of all shares, where the scheduler does not say
        """
        for index, said, first, step in _SCHEDULERS:
            if index not in environment:
                continue
            number = _number(environment, index) - _number(environment, first, 0)
            total = _number(environment, said, count)
            return cls(number // max(1, _number(environment, step, 1)), total)
        return None

    def cut(self, weights: Iterable[int]) -> range:
        """Return which of the things with these weights are this share's: shares weigh about the
        same, and none is empty while there are things enough.
        """
        sums = array("Q", accumulate(weights))
        whole, begin, end = sums[-1] if sums else 0, 0, 0
        for number in range(1, self.number + 2):
            fair = bisect_right(sums, whole * number // self.count)
            left = len(sums) - (self.count - number)  # one at least for each share that follows
            begin, end = end, min(max(fair, end + 1), max(left, end), len(sums))
            if len(sums) < self.count:
                end = min(begin + 1, len(sums))
        return range(begin, end)


_SCHEDULERS = (
    ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", "", ""),
    (
        "SLURM_ARRAY_TASK_ID",
        "SLURM_ARRAY_TASK_COUNT",
        "SLURM_ARRAY_TASK_MIN",
        "SLURM_ARRAY_TASK_STEP",
    ),
    ("JOB_COMPLETION_INDEX", "", "", ""),
)
"""Variables of AWS Batch, Slurm and Kubernetes: a process's index, how many there are, the first
index, and the step from one to the next.
"""


def _number(environment: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = environment.get(name)
    if text is None and default is not None:
        return default
    if text is None:
        raise ConfigurationError(
            "the scheduler names a share, but not how many there are: --shares"
        )
    if not _NUMBER.fullmatch(text):
        raise ConfigurationError(f"{name} is {text!r}, where a whole number is needed")
    return int(text)
