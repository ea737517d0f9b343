"""Regression: what has become slower or larger between two measurements of the same inputs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..errors import ConfigurationError
from ..executors import is_local
from ..figures.amount import amount
from .order import Order

__all__ = ["Change", "changes", "check_comparable", "read_measurement"]

_TOLD: Final = ("files", "bytes", "sample", "seed")
"""What two measurements have in common where they can be compared."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of one trial, earlier and now.

    worse   by what part it has become worse; below 0 it has become better
    """

    level: str
    workers: int
    executor: str
    figure: str
    before: float
    now: float
    worse: float


def read_measurement(path: Path) -> dict[str, Any]:
    """Read an earlier measurement. Raise ConfigurationError for what is none."""
    try:
        document = json.loads(path.read_bytes())
        list(_figures(document))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError):
        raise ConfigurationError(f"{path}: this is no result of `bulkfhir bench --json`") from None
    measured: dict[str, Any] = document
    return measured


def check_comparable(
    earlier: Mapping[str, Any], now: Mapping[str, Any], planned: Collection[Order]
) -> None:
    """Raise ConfigurationError where two measurements are not of the same inputs, or where none of
    the trials that are planned is in the earlier one.
    """
    _check_inputs(earlier, now)
    if not any(_is_of(trial, order) for trial in earlier["trials"] for order in planned):
        before = (_name(one["level"], one["workers"], one["executor"]) for one in earlier["trials"])
        wanted = (_name(one.choices.level, one.workers, one.executor) for one in planned)
        raise ConfigurationError(
            f"the earlier measurement is of {'; '.join(before) or 'nothing'}, this one of "
            f"{'; '.join(wanted)}: no trial is in both"
        )


def _is_of(trial: Mapping[str, Any], order: Order) -> bool:
    """Tell whether an earlier trial may be of the same kind. How many workers a cluster has shows
    when it is used.
    """
    same = (trial["level"], trial["executor"]) == (order.choices.level, order.executor)
    return same and (trial["workers"] == order.workers or not is_local(order.executor))


def _name(level: str, workers: int | None, executor: str) -> str:
    where = "" if is_local(executor) else f" on {executor}"
    return f"{level}, {amount(workers, 'worker') if workers else 'any workers'}{where}"


def _check_inputs(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for name in _TOLD:
        if earlier.get(name) != now[name]:
            raise ConfigurationError(
                f"the earlier measurement has {name} {earlier.get(name)}, this one {now[name]}: "
                "only measurements of the same inputs can be compared"
            )


def changes(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Return how the figures of all trials that both have have changed.

    Raises ConfigurationError where the inputs are not the same, or no trial is in both.
    """
    _check_inputs(earlier, now)
    before = {(*key, figure): value for key, figure, value, _ in _figures(earlier)}
    found = [
        Change(*key, figure, before[*key, figure], value, _worse(before[*key, figure], value, more))
        for key, figure, value, more in _figures(now)
        if (*key, figure) in before
    ]
    if not found:
        raise ConfigurationError("the two measurements have no trial in common")
    return found


def _figures(
    document: Mapping[str, Any],
) -> Iterator[tuple[tuple[str, int, str], str, float, bool]]:
    """Yield (trial, name of a figure, its value, whether more of it is better)."""
    for trial in document["trials"]:
        key = trial["level"], trial["workers"], trial["executor"]
        whole = trial["prediction"] or trial
        of_whole = ", predicted" if trial["prediction"] else ""
        yield key, f"lines a second{of_whole}", whole["lines"] / whole["wallSeconds"], True
        yield key, f"lines a CPU second{of_whole}", whole["lines"] / whole["cpuSeconds"], True
        memory = max(trial["memoryBytes"], trial["workerMemoryBytes"])
        yield key, "memory of the largest process", float(memory), False


def _worse(before: float, now: float, more: bool) -> float:
    if not before or not now:
        return 0.0
    return before / now - 1 if more else now / before - 1
