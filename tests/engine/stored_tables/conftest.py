"""Tables of both formats, and a way to look at them that is not the project's own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from bulkfhir.engine.job.importing import import_job


@dataclass
class Seen:
    """A table as its own library reads it.

    rows      (id, JSON) of every row, in order
    versions  how many there are that changed rows
    jobs      the ids of the jobs that made them
    """

    rows: list[tuple[str, Any]]
    versions: int
    jobs: list[str]
    arrow: Any


@pytest.fixture(params=["iceberg", "delta"])
def form(request):
    """The format of the tables of a test."""
    return request.param


@pytest.fixture
def run(tmp_path, write, form):
    """Imports lines as a job that writes tables."""

    def job(name, lines, *, output=None, source=None, **options):
        source = source or write(f"{name}.ndjson", lines)
        return import_job(
            source,
            output or tmp_path / "out",
            **{"level": "structure-only", "workers": 1, "job_id": name, "table": form} | options,
        )

    return job


def iceberg_catalog(file, **properties):
    from pyiceberg.catalog import load_catalog

    return load_catalog("bulkfhir", type="sql", uri=f"sqlite:///{file}", **properties)


def see_iceberg(file, name, **properties):
    table = iceberg_catalog(file, **properties).load_table(name)
    arrow = table.scan().to_arrow()
    jobs = [
        snapshot.summary.additional_properties["bulkfhir.job-id"] for snapshot in table.snapshots()
    ]
    return Seen(_rows(arrow), len(jobs), jobs, arrow)


def see_delta(folder, options=None):
    from deltalake import DeltaTable

    table = DeltaTable(str(folder), storage_options=options)
    arrow = table.to_pyarrow_table()
    if options:  # history() lets no other thread of this process answer it, as the S3 server is
        return Seen(_rows(arrow), table.version(), [], arrow)
    jobs = [entry["bulkfhir.job-id"] for entry in table.history() if "bulkfhir.job" in entry]
    return Seen(_rows(arrow), len(jobs), jobs[::-1], arrow)


def _rows(arrow):
    columns = arrow["id"].to_pylist(), arrow["json"].to_pylist()
    return [(key, json.loads(text)) for key, text in sorted(zip(*columns, strict=True))]


@pytest.fixture
def see(tmp_path, form):
    """Reads a table of the output folder ``out``."""

    def table(name="patient"):
        folder = tmp_path / "out/tables"
        if form == "iceberg":
            return see_iceberg(folder / "catalog.db", f"fhir.{name}")
        return see_delta(folder / "fhir" / name)

    return table
