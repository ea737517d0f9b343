"""Engine: moves lines, knows no FHIR rule.

source -> find_inputs -> plan_shards -> run_groups, on a Runner -> ShardResult: counts, parts
                                            │                          │
              a worker: read_lines -> Judge -> parts                   └─> OutcomesByFile
                                                                           -> publish_logs
                                                                           -> Manifest
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .counting.progress import Progress
    from .counting.summary import Summary
    from .errors import ConfigurationError, EngineError, NothingToRead, StorageError
    from .executors import Cancelled
    from .figures.job_figures import JobProgressReport
    from .job.importing import JobResult, JobStatus, import_job
    from .validation import Finding, Validation, validate_files
    from .writing.manifest import Manifest

__all__ = [
    "Cancelled",
    "ConfigurationError",
    "EngineError",
    "Finding",
    "JobProgressReport",
    "JobResult",
    "JobStatus",
    "Manifest",
    "NothingToRead",
    "Progress",
    "StorageError",
    "Summary",
    "Validation",
    "import_job",
    "validate_files",
]

_MODULES = (
    "errors",
    "executors",
    "job.importing",
    "writing.manifest",
    "figures.job_figures",
    "counting.progress",
    "counting.summary",
    "validation",
)


def __getattr__(name: str) -> object:
    """Imports what is asked for and nothing else: the command line is a part of this package and
    has to start quickly. Raises ImportError on an operating system that the engine does not run on.
    """
    if name in __all__:
        from .process.systems import refused_system

        if (refusal := refused_system()) is not None:
            raise ImportError(refusal)
        for module in _MODULES:
            found = vars(importlib.import_module(f".{module}", __name__))
            if name in found["__all__"]:
                globals()[name] = found[name]
                return found[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
