"""Moments as a person gives them: 2026-11-01, 2026-11-01T08:30, or how long ago: 90m, 12h, 7d."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

import click

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

__all__ = ["moment"]

_AGE: Final = lazy_pattern(r"(\d{1,6})([mhd])")
_SECONDS: Final = {"m": 60, "h": 3_600, "d": 86_400}


def moment(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    """Return what an option was given as seconds since 1970: the callback of such an option.

    A date without a zone is one of this machine's. Raises click.BadParameter for what is neither.
    """
    if text is None:
        return None
    if age := _AGE.fullmatch(text):
        return time.time() - int(age[1]) * _SECONDS[age[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(f"{text}: a date (2026-11-01), or an age (90m, 12h, 7d)") from None
