"""BenchDocument: trials as JSON, for programs and for a later comparison; names of members are
stable.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from ..figures.stages import START
from .order import Order
from .prediction import Prediction
from .trial import SlotTimes, Trial, summed
from .watched_work import Spent

__all__ = ["bench_document", "speeds"]


def bench_document(
    order: Order, size: int, files: int, workers: Sequence[int], trials: Sequence[Trial]
) -> dict[str, Any]:
    """Return what some trials of the same inputs took.

    size      bytes of all files
    workers   for how many of them a sample predicts the wall time
    """
    return {
        "version": importlib.metadata.version("bulkfhir"),
        "machine": {
            "system": platform.platform(),
            "processors": os.cpu_count(),
            "python": platform.python_version(),
        },
        "sources": list(order.sources),
        "files": files,
        "bytes": size,
        "sample": order.share,
        "seed": order.seed if order.share is not None else None,
        "trials": [_trial(trial, size, workers) for trial in trials],
    }


def speeds(lines: float, size: float, wall: float, cpu: float) -> dict[str, float]:
    """Return how fast lines of so many bytes were, in so many seconds; 0 where these are none."""
    return {
        "linesPerSecond": lines / wall if wall else 0.0,
        "megabytesPerSecond": size / 1e6 / wall if wall else 0.0,
        "linesPerCpuSecond": lines / cpu if cpu else 0.0,
    }


def _trial(trial: Trial, size: int, workers: Sequence[int]) -> dict[str, Any]:
    return {
        "level": trial.level,
        "workers": trial.workers,
        "executor": trial.executor,
        "files": trial.files,
        "bytes": round(trial.size),
        "lines": trial.lines,
        "rejected": trial.rejected,
        "wallSeconds": trial.wall,
        "cpuSeconds": trial.cpu,
        **speeds(trial.lines, trial.size, trial.wall, trial.cpu),
        "listSeconds": trial.listing,
        "workSeconds": trial.working,
        "publishSeconds": trial.publishing,
        "memoryBytes": trial.memory,
        "workerMemoryBytes": trial.worker_memory,
        "waitingSeconds": trial.waiting,
        "stages": _stages(trial.stages),
        "slots": [_slot(slot) for slot in trial.slots],
        "reasons": {
            name: {"lines": reason.lines, **_spent(reason.spent)}
            for name, reason in trial.reasons.items()
        },
        "prediction": trial.prediction and _prediction(trial, trial.prediction, size, workers),
    }


def _slot(slot: SlotTimes) -> dict[str, Any]:
    return {
        "wallSeconds": slot.wall,
        "waitingSeconds": slot.waiting,
        "memoryBytes": slot.memory,
        "stages": _stages(slot.stages),
    }


def _prediction(
    trial: Trial, found: Prediction, size: int, workers: Sequence[int]
) -> dict[str, Any]:
    """Return what the whole will take by one worker, and what of the sample it was told by: that
    without the start.
    """
    warm = sum((spent for name, spent in trial.stages.items() if name != START), Spent())
    wall = found.wall(1)
    return {
        "lines": round(found.lines),
        "bytes": round(found.size),
        "cpuSeconds": found.cpu,
        "spreadSeconds": found.spread,
        "startCpuSeconds": found.start,
        "wallSeconds": wall,
        "wallSecondsByWorkers": {str(count): found.wall(count) for count in workers},
        **speeds(found.lines, size, wall, found.cpu),
        "sampleWallSeconds": warm.wall,
        "sampleCpuSeconds": warm.cpu,
        "stages": _stages(summed([found.stages])),
    }


def _stages(stages: Mapping[str, Spent]) -> dict[str, Any]:
    return {name: _spent(spent) for name, spent in stages.items()}


def _spent(spent: Spent) -> dict[str, float]:
    return {"wallSeconds": spent.wall, "cpuSeconds": spent.cpu}
