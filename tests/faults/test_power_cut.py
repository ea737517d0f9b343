"""A power cut loses what was not written through to the disk: whatever a job says is done was."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from bulkfhir.engine import JobStatus, import_job
from bulkfhir.engine.storage import local

JOB = "e" * 32
FOLDER = f"{'0' * 32}-FHIR_IMPORT-{JOB}"


@pytest.fixture
def written(monkeypatch):
    """What was written through, in order: paths of files and folders, "all" for a file system."""
    seen: list[str] = []
    fsync, sync_all = os.fsync, local._sync_file_system

    def noted(descriptor):
        fsync(descriptor)
        seen.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    def all_noted(folder):
        sync_all(folder)
        seen.append("all")

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(local, "_sync_file_system", all_noted)
    return seen


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    ("sink", "options"),
    [("ndjson", {}), ("ndjson", {"compression": "gz"}), ("parquet", {})],
    ids=["ndjson", "ndjson, compressed", "parquet"],
)
def test_parts_are_on_the_disk_before_their_record_and_the_logs_before_the_manifest(
    tmp_path, written, monkeypatch, sink, options
):
    lines = b"".join(b'{"resourceType":"Patient","id":"p%d"}\n' % number for number in range(200))
    (tmp_path / "a.ndjson").write_bytes(lines)
    places: dict[str, str] = {}  # a file is written under another name, and those of the work go
    replace = Path.replace

    def noted(path, target):
        places[str(path)] = str(target)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", noted)
    result = import_job(
        tmp_path / "a.ndjson",
        tmp_path / "out",
        level="structure-only",
        workers=1,
        job_id=JOB,
        shard_bytes=2000,
        sink=sink,
        sink_options=options,
    )
    assert result.status is JobStatus.COMPLETED
    files = [places.get(entry, entry) for entry in written if entry in {*places, "all"}]
    order = [name.rpartition(f"{FOLDER}/")[2] for name in files]
    resources = [name for name in order if name.startswith("resources/")]
    assert {str(path.relative_to(tmp_path / "out" / FOLDER)) for path in _resources(tmp_path)} == (
        set(resources)
    )
    records = [place for place, name in enumerate(order) if name[-11:-5].isdigit()]
    assert records
    assert max(map(order.index, resources)) < max(records)
    assert order.index(".work/000000.SUCCESS") < records[0]
    # The Manifest may have the number of a file that was there before it, and is gone.
    assert records[-1] < order.index("all")
    assert "Manifest.json" in order[order.index("all") :]


def _resources(folder):
    found = (folder / "out" / FOLDER / "resources").rglob("*")
    return [path for path in found if stat.S_ISREG(path.stat().st_mode)]
