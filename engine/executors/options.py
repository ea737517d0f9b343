"""Options of an executor: how its workers run, which decides no byte of any output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import ConfigurationError

__all__ = ["LocalOptions"]

_NICEST = 19
"""The kernel knows no higher niceness."""


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """Options of the executor ``local``.

    nice  how far the worker processes stand back behind other processes, 0 to 19 as in nice(1);
          beyond 0 a single worker is a process too, so that the caller's own keeps its place
    """

    nice: int = 0

    @classmethod
    def of(cls, given: Mapping[str, object]) -> LocalOptions:
        """Read options by name; raise ConfigurationError for one that there is not, or cannot
        be.
        """
        known = [item.name for item in fields(cls)]
        for name in given:
            if name not in known:
                raise ConfigurationError(
                    f"{name}: the executor local has no such option; it has {', '.join(known)}"
                )
        nice = str(given.get("nice", 0))
        if not nice.isdecimal() or int(nice) > _NICEST:
            raise ConfigurationError(f"nice {nice}: a whole number from 0 to {_NICEST} is needed")
        return cls(int(nice))
