"""The process of one export: ``python -m bulkfhir.engine.jobs.export_child STATE JOB FORMAT LEVEL``
(of log lines). It ends when its standard input does.
"""

from __future__ import annotations

import logging
import os
import sys

from ..errors import EngineError
from ..job_terms.job_status import JobStatus
from ..process.log_lines import LogFormat, show_logs
from ..process.own_process import end_with_parent
from ..storage import storage_for
from .database import Database
from .export_files import write_export
from .exports import ExportStore
from .store import JobStore

_log = logging.getLogger(__name__)


def main(state: str, job_id: str, log_format: LogFormat, log_level: str) -> None:
    """Write the export, and record its end."""
    show_logs(log_format, log_level)
    end_with_parent(lambda: os._exit(1))
    database = Database(state)
    exports = ExportStore(database)
    job = exports.job(job_id)
    imports = JobStore(database).completed(job.datastore_id)
    try:
        storage_for(job.output_uri, job.kms_key_id).delete_folder(job.output_uri)
        write_export((one.output_uri for one in imports), job.output_uri, job.kms_key_id)
    except EngineError as error:
        exports.finish(job_id, JobStatus.FAILED, str(error))
    except Exception as error:  # noqa: BLE001  # the wall around one job: it FAILED, the log says why
        _log.exception("export %s failed", job_id)
        exports.finish(job_id, JobStatus.FAILED, f"internal error: {type(error).__name__}")
    else:
        exports.finish(job_id, JobStatus.COMPLETED)


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]  # from ExportRunner
