"""Engine: moves lines, knows no FHIR rule.

source -> find_inputs -> plan_shards -> run_shards (on a Runner) -> ShardResult: counts, names of parts
                                              │                          │
                              worker: read_lines -> Judge -> parts       └─> outcomes_by_file -> publish_logs -> Manifest
"""

from .errors import ConfigurationError, EngineError, NothingToRead, StorageError
from .executors import Cancelled
from .job import JobResult, JobStatus, import_job
from .manifest import JobProgressReport, Manifest
from .progress import Progress
from .summary import Summary
from .validation import Finding, Validation, validate_files

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
