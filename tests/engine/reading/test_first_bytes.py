"""First bytes say how a file is read, whatever its name, its size and the way it comes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma

import pytest
import zstandard

from bulkfhir.engine import JobStatus, import_job, validate_files

pytestmark = pytest.mark.usefixtures("toys")

PACKED = {
    "gz": gzip.compress,
    "zst": zstandard.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.fixture
def data(patient):
    return b"".join(patient(str(number)) + b"\n" for number in range(300))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", PACKED)
def test_an_archive_is_read_whatever_its_name(tmp_path, data, kind, workers):
    if workers == 2 and kind != "gz":
        pytest.skip("one kind shows it")
    (tmp_path / "a.ndjson").write_bytes(PACKED[kind](data))
    job = import_job(
        tmp_path / "a.ndjson", tmp_path / "out", judge="toy", workers=workers, shard_bytes=100
    )
    assert job.status is JobStatus.COMPLETED
    assert job.progress.resources_imported == 300


@pytest.mark.parametrize("kind", PACKED)
def test_standard_input_may_be_an_archive(monkeypatch, data, kind):
    class Stdin:
        buffer = io.BytesIO(PACKED[kind](data))

    monkeypatch.setattr("sys.stdin", Stdin)
    with validate_files("-", judge="toy", workers=1) as validation:
        assert list(validation) == []
    assert validation.summary.totals.imported == 300


def test_plain_lines_in_a_file_that_is_called_an_archive_are_read(tmp_path, data):
    (tmp_path / "a.ndjson.gz").write_bytes(data)
    job = import_job(tmp_path / "a.ndjson.gz", tmp_path / "out", judge="toy", workers=1)
    assert job.progress.resources_imported == 300


@pytest.mark.parametrize("shard_bytes", [None, 50])
def test_what_is_no_ndjson_is_one_sentence_for_the_file(tmp_path, rows, shard_bytes):
    (tmp_path / "a.ndjson").write_bytes(b"<Bundle>\n" + b"<entry/>\n" * 100 + b"</Bundle>\n")
    (tmp_path / "b.ndjson.gz").write_bytes(gzip.compress(b'{\n  "resourceType": "Patient"\n}\n'))
    job = import_job(
        [tmp_path / "a.ndjson", tmp_path / "b.ndjson.gz"],
        tmp_path / "out",
        judge="toy",
        workers=1,
        shard_bytes=shard_bytes,
    )
    assert job.status is JobStatus.COMPLETED_WITH_ERRORS
    assert job.progress.resources_scanned == 0
    assert job.progress.files_read_with_customer_error == 2
    said = [
        row["UpdateResourceResponse"]["jsonBlob"]["issue"][0]["diagnostics"]
        for log in sorted((tmp_path / "out").glob("*/FAILURE/*"))
        for row in rows(log)
    ]
    lines = "JSON over several lines: write each resource in one line (jq -c .)"
    assert said == [
        "The file is not NDJSON but XML: only FHIR's JSON is read",
        f"The file is not NDJSON but {lines}",
    ]
