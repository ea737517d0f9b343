"""Jobs: what was asked for, how far it is, and running it.

Start -> JobStore (SUBMITTED, QUEUED) -> JobRunner -> a process for each job -> JobStore (progress,
                                                                                last state)
an import that the command line runs -> recorded_import -> JobStore
"""

from ..job_terms.job_status import ACTIVE, FINISHED, WAITING, JobStatus
from .database import Database, StateError, default_path
from .datastores import (
    Datastore,
    DatastoreStatus,
    DatastoreStore,
    UnknownDatastoreError,
    default_package,
)
from .exports import ExportJob, ExportStore
from .job_row import ImportJob, Sample
from .next_export import ExportRunner
from .next_job import JobRunner, RunnerBusyError
from .options import RunOptions
from .outbox import Happening, Outbox
from .store import (
    ElsewhereError,
    FinishedJobError,
    JobPage,
    JobStore,
    RunningJobError,
    SupersededError,
    UnknownJobError,
)
from .tokens import ReusedTokenError, once

__all__ = [
    "ACTIVE",
    "FINISHED",
    "WAITING",
    "Database",
    "Datastore",
    "DatastoreStatus",
    "DatastoreStore",
    "ElsewhereError",
    "ExportJob",
    "ExportRunner",
    "ExportStore",
    "FinishedJobError",
    "Happening",
    "ImportJob",
    "JobPage",
    "JobStatus",
    "JobStore",
    "Outbox",
    "ReusedTokenError",
    "RunOptions",
    "JobRunner",
    "RunnerBusyError",
    "RunningJobError",
    "Sample",
    "StateError",
    "SupersededError",
    "UnknownDatastoreError",
    "UnknownJobError",
    "default_package",
    "default_path",
    "once",
]
