"""Service: the endpoint, its pages and its runner, put together from what an operator chose."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Literal

from bulkfhir.validators.economy.light_dataclass import dataclass

from ..jobs import (
    Database,
    DatastoreStore,
    ExportRunner,
    ExportStore,
    Happening,
    JobRunner,
    JobStore,
    Outbox,
    RunOptions,
)
from .application import Application
from .datastore_operations import DatastoreOperations
from .endpoint import Endpoint
from .event_delivery import EventDelivery
from .event_document import event_document
from .event_targets import event_target
from .export_operations import ExportOperations
from .import_operations import ImportOperations
from .job_pages import JobPages
from .metrics import Metrics
from .page_access import PageAccess
from .signature import Keyring
from .throttle import SERVICE_RATES, Throttle
from .write_probe import WriteProbe

__all__ = ["Service", "ServiceSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """The choices of an operator.

    state            the SQLite file of jobs
    s3_root          a folder that stands for S3
    datastores       ids of data stores that exist from the start
    datastore_delay  seconds that CREATING and DELETING last
    concurrent       imports that run at once over all data stores
    keys             a file of keys; with it every request must be signed with one of them
    page_token       lets a browser see the pages where there are keys; default: a random one
    local            answer only to addresses and local names (see Application)
    environment      variables for the import processes, over this one's
    exports          imports keep what they accept in the job's folder, and exports are answered
    events           a file or the address of a webhook that is told what happens to jobs and data
                     stores; None: nobody is
    """

    state: Path
    run: RunOptions = field(default_factory=RunOptions)
    s3_root: Path | None = None
    datastores: tuple[str, ...] = ()
    datastore_delay: float = 0.0
    concurrent: int = 4
    throttle: Literal["none", "service"] = "none"
    keys: Path | None = None
    page_token: str | None = None
    local: bool = False
    region: str = "us-east-1"
    account: str = "123456789012"
    events: str | None = None
    exports: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


class Service:
    """``application`` answers requests from the moment the object exists; jobs run between
    ``start`` and ``stop``. ``page_token`` lets a browser in where there are keys.

    Raises StateError for a state file, and ValueError for a file of keys or an address of a
    webhook, that cannot be used.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self.database = Database(settings.state)
        self.jobs = JobStore(self.database)
        self.runner = JobRunner(
            self.jobs,
            _keeping(settings.run) if settings.exports else settings.run,
            concurrent=settings.concurrent,
            environment=settings.environment,
        )
        self._events = self._delivery(settings)
        self._datastores = datastores = DatastoreStore(self.database, settings.datastore_delay)
        self._from_the_start = settings.datastores
        self._ensure_datastores()
        metrics = Metrics(self.jobs)
        keyring = Keyring(os.fspath(settings.keys)) if settings.keys else None
        self.page_token = settings.page_token or secrets.token_urlsafe(32)
        access = PageAccess(self.page_token, keyring) if keyring else None
        throttle = Throttle(SERVICE_RATES) if settings.throttle == "service" else None
        probe = WriteProbe(self.runner.environment)
        imports = ImportOperations(self.jobs, datastores, self.runner.wake, probe)
        self._stores = DatastoreOperations(self.jobs, datastores, settings.region, settings.account)
        self._exporter: ExportRunner | None = None
        endpoint = Endpoint(
            imports,
            self._stores,
            metrics,
            exports=self._exports(imports, settings.run) if settings.exports else None,
            keyring=keyring,
            throttle=throttle,
        )
        self.application = Application(
            endpoint, JobPages(self.jobs), metrics, access=access, local=settings.local
        )

    def _exports(self, imports: ImportOperations, run: RunOptions) -> ExportOperations:
        store = ExportStore(self.database)
        self._exporter = ExportRunner(self.database, store, run, self.runner.environment)
        return ExportOperations(
            self.database, store, self._datastores, self._exporter.wake, imports.try_access
        )

    def _delivery(self, settings: ServiceSettings) -> EventDelivery | None:
        """Return the delivery of events where somebody wants them, and have them recorded."""
        outbox, exports = Outbox(self.database), ExportStore(self.database)
        outbox.watch(wanted=settings.events is not None)
        if settings.events is None:
            return None

        def document(happening: Happening) -> dict[str, Any] | None:
            store = self._stores
            return event_document(
                happening, self.jobs, exports, store.arn, settings.region, settings.account
            )

        return EventDelivery(outbox, event_target(settings.events), document)

    def _ensure_datastores(self) -> None:
        for datastore_id in self._from_the_start:
            self._datastores.ensure(datastore_id)

    def reset(self) -> None:
        """Stop what runs and forget everything but the data stores that exist from the start."""
        self._stop_jobs()
        self.database.clear()
        self._ensure_datastores()
        self._start_jobs()

    def start(self) -> None:
        """Run what waits.

        RunnerBusyError where another process runs the jobs of the same state file.
        """
        self._start_jobs()
        if self._events is not None:
            self._events.start()

    def stop(self) -> None:
        """Interrupt what runs; it is QUEUED and runs again at the next start."""
        self._stop_jobs()
        if self._events is not None:
            self._events.stop()
        self.database.close()

    def _start_jobs(self) -> None:
        self.runner.start()
        if self._exporter is not None:
            self._exporter.start()

    def _stop_jobs(self) -> None:
        if self._exporter is not None:
            self._exporter.stop()
        self.runner.stop()


def _keeping(run: RunOptions) -> RunOptions:
    """Return the options of jobs that keep their accepted lines in the job's folder."""
    return replace(run, choices=replace(run.choices, sink="ndjson"))
