"""Regular expressions as FHIRPath has them."""

from __future__ import annotations

import re
from functools import lru_cache

from .errors import EvaluationError

__all__ = ["pattern"]


@lru_cache(maxsize=1024)
def pattern(source: str) -> re.Pattern[str]:
    """``.`` matches line ends, classes such as ``\\d`` are ASCII.

    Raises EvaluationError for what is no regular expression.
    """
    try:
        return re.compile(source, re.DOTALL | re.ASCII)
    except re.error as error:
        raise EvaluationError(f"no regular expression: {error}") from error
