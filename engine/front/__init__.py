"""bulkfhir: validates FHIR R4 NDJSON in bulk, as an import job of AWS HealthLake does.

This package imports nothing by itself, so that ``bulkfhir --version`` answers at once. A public
name is imported from ``bulkfhir.engine`` or ``bulkfhir.validators`` when it is first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bulkfhir.engine import JobResult, JobStatus, import_job, validate_files
    from bulkfhir.validators import Issue, Level, Validator, Verdict

    __version__: str

__all__ = [
    "Issue",
    "JobResult",
    "JobStatus",
    "Level",
    "Validator",
    "Verdict",
    "__version__",
    "import_job",
    "validate_files",
]

_ENGINE = ("JobResult", "JobStatus", "import_job", "validate_files")


def __getattr__(name: str) -> object:
    """Return a public name, imported from the package that defines it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object
    if name == "__version__":
        found = importlib.import_module("importlib.metadata").version("bulkfhir")
    else:
        package = "bulkfhir.engine" if name in _ENGINE else "bulkfhir.validators"
        found = getattr(importlib.import_module(package), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
