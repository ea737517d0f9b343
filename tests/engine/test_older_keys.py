"""A job that was begun when a key had 64 bits is gone on with: fixtures/layout-7.

The folder ``job`` was left by the version before layout 8: an import of ``source`` that was stopped
after two of six groups. Paths in it were then replaced by /data; the test puts its own in place of
these.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bulkfhir.engine import JobStatus, import_job
from bulkfhir.engine.sharding.checkpoint import Checkpoint
from bulkfhir.engine.storage import storage_for
from bulkfhir.engine.storage.sealed import sealed
from tests.engine.older_jobs import left_behind

OLD = Path(__file__).resolve().parents[2] / "fixtures/layout-7"
OPTIONS = {"level": "structure-only", "datastore_id": "d" * 32, "job_id": "half"}


@pytest.fixture
def begun(tmp_path):
    """The stopped job's folder in its place; returns (source, output, folder)."""
    source, output, folder = left_behind(OLD, tmp_path)
    path = folder / ".work/plan.json"
    plan = json.loads(path.read_text().replace("/data/", f"{tmp_path}/"))
    del plan["seal"]
    for row in plan["tasks"][0]["inputs"]:
        row[3] = storage_for(row[0]).stat(row[0]).etag
    path.write_bytes(sealed(plan))
    return source, output, folder


@pytest.mark.parametrize("together", [False, True], ids=["apart", "together"])
def test_its_keys_meet_those_of_the_groups_that_were_left(begun, tmp_path, monkeypatch, together):
    """Of ids 6 to 11, that come twice, the stopped run has read 6 to 8 once, and no second one."""
    source, output, folder = begun
    if together:
        monkeypatch.setattr("bulkfhir.engine.job.job_run._FEW_LINES", 1)
        monkeypatch.setattr("bulkfhir.engine.across.key_runs.RUN_KEYS", 5)
    assert Checkpoint(str(folder)).load().settings.layout == 7
    parts = {path: path.stat().st_mtime_ns for path in folder.glob(".work/*.keys")}
    kept = {}
    monkeypatch.setattr(
        Checkpoint,
        "delete",
        lambda *_: kept.update(
            {
                path: (path.stat().st_mtime_ns, path.stat().st_size)
                for path in folder.glob(".work/*.keys")
            }
        ),
    )
    result = import_job(source, output, workers=1 + together, resume=True, **OPTIONS)
    assert result.status is JobStatus.COMPLETED, result.message
    assert {path: kept[path][0] for path in parts} == parts
    assert len(kept) == 6
    assert sum(size - 4 * 256 for _, size in kept.values()) == 12 * 24
    new = import_job(source, tmp_path / "new", workers=1, **OPTIONS)
    assert result.summary.replaced == new.summary.replaced == 6
    assert result.summary.repeated == new.summary.repeated
    for log in ("a.ndjson", "b.ndjson"):
        (fresh,) = (tmp_path / "new").glob(f"*/SUCCESS/{log}")
        assert (folder / "SUCCESS" / log).read_bytes() == fresh.read_bytes()
