"""Rejected lines are kept, bytes untouched, beside what was found; and read again when mended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bulkfhir.engine import ConfigurationError, import_job
from bulkfhir.engine.jobs.rejected_of import rejected_of

GOOD = b'{"resourceType":"Patient","id":"good"}'
BAD = [
    b'{"resourceType": "Patient",  "id":"b1","gender":"m"}',
    b'{"resourceType":"Basic","id":"b2"}',
    b'{"resourceType":"Patient","id":"b3","active":"no"}',
    b"{",
    b'{"resourceType":"Nobody","id":"b4"}',
]


@pytest.fixture
def source(write):
    return write("in.ndjson", [GOOD, BAD[0], BAD[1], b"", GOOD, BAD[2], BAD[3], GOOD, BAD[4]])


def run(source, output, **options):
    given = {"level": "structure-only", "workers": 1, "rejected": "ndjson"} | options
    return import_job(source, output, **given)


def kept(tree, output):
    """Kind -> (lines, outcomes), parts joined in their order."""
    found = {}
    for name, data in tree(output).items():
        if "/rejected/" in name:
            _, _, kind, part = name.split("/")
            ending = part.partition(".")[2]
            found.setdefault(kind, {}).setdefault(ending, []).append(data)
    return {
        kind: tuple(b"".join(parts[e]).splitlines() for e in ("ndjson", "outcomes.ndjson"))
        for kind, parts in found.items()
    }


def test_lines_are_kept_by_type_with_their_bytes(source, tmp_path, tree):
    run(source, tmp_path / "out")
    lines = {kind: pair[0] for kind, pair in kept(tree, tmp_path / "out").items()}
    assert lines == {"Basic": [BAD[1]], "Patient": [BAD[0], BAD[2]], "unknown": [BAD[3], BAD[4]]}


def test_each_line_has_its_outcome_with_the_place_that_it_stood_in(source, tmp_path, tree):
    run(source, tmp_path / "out")
    data = source.read_bytes()
    for lines, outcomes in kept(tree, tmp_path / "out").values():
        for line, row in zip(lines, map(json.loads, outcomes), strict=True):
            assert data[row["offset"] :].startswith(line + b"\n")
            assert row["source"].endswith("in.ndjson")
            assert row["outcome"]["issue"][0]["severity"] in ("error", "fatal")


@pytest.mark.parametrize(
    "options", [{"workers": 2}, {"shard_bytes": 60}], ids=["two workers", "small shards"]
)
def test_the_bytes_are_the_same_however_the_work_is_spread(source, tmp_path, tree, options):
    run(source, tmp_path / "one")
    run(source, tmp_path / "other", **options)
    assert kept(tree, tmp_path / "one") == kept(tree, tmp_path / "other")


def test_nothing_is_kept_unless_that_is_asked(source, tmp_path, tree):
    run(source, tmp_path / "out", rejected=None)
    assert kept(tree, tmp_path / "out") == {}


def test_mended_lines_are_run_again(source, tmp_path):
    first = run(source, tmp_path / "out")
    folder = rejected_of(first.job_folder)
    again = run(folder, tmp_path / "again", exclude=["*.outcomes.ndjson"])
    assert again.summary.totals.scanned == 5
    for path in Path(folder).rglob("part-000000.ndjson"):
        path.write_bytes(GOOD + b"\n")
    mended = run(folder, tmp_path / "mended", exclude=["*.outcomes.ndjson"])
    assert (mended.summary.totals.imported, mended.summary.totals.customer_errors) == (3, 0)


def test_a_job_that_kept_nothing_is_said(source, tmp_path):
    result = run(source, tmp_path / "out", rejected=None)
    with pytest.raises(ConfigurationError, match="kept no rejected lines"):
        rejected_of(result.job_folder)


def test_another_form_is_refused(source, tmp_path):
    with pytest.raises(ConfigurationError, match="kept as ndjson"):
        run(source, tmp_path / "out", rejected="csv")


def test_on_s3_they_lie_beside_the_logs(source, bucket, s3_client):
    run(source, f"{bucket}/out")
    listed = s3_client.list_objects_v2(Bucket=bucket.removeprefix("s3://"))["Contents"]
    keys = [entry["Key"] for entry in listed if "/rejected/Patient/" in entry["Key"]]
    assert [key.rpartition("/")[2] for key in keys] == [
        "part-000000.ndjson",
        "part-000000.outcomes.ndjson",
    ]
