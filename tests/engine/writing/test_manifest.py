"""Manifest.json: sums of what came of each file."""

from __future__ import annotations

import json

import pytest

from bulkfhir.engine.figures.totals import Totals
from bulkfhir.engine.reading.sources import InputFile
from bulkfhir.engine.sharding.file_outcomes import FilesSum, OutcomesByFile
from bulkfhir.engine.sharding.shard import Break, ShardResult
from bulkfhir.engine.writing.manifest import Manifest

FILES = [
    InputFile(name, name, size, "", name, None)
    for name, size in (("a.ndjson", 1_500_000), ("b.ndjson", 1), ("c.ndjson", 2))
]


def result(index, lines=10, status=None, imported=0):
    broken = Break("why", status) if status else None
    totals = Totals(scanned=imported + 1, imported=imported, customer_errors=1, imported_bytes=8)
    return ShardResult(index, lines, totals, (("SUCCESS", 9),), broken)


def test_lines_of_a_file_are_counted_over_its_shards():
    first, second, third = OutcomesByFile(FILES, [0, 0, 2], [result(0), result(1, 5), result(2)])
    assert (first.bases, first.status) == ((0, 10), 200)
    assert (second.shards, second.status, second.imported) == ((), 200, 0)
    assert third.bases == (0,)


def test_a_customers_break_ends_a_file_and_a_servers_does_not():
    results = [result(0, status=400), result(1), result(2), result(3, status=500), result(4)]
    outcomes = list(OutcomesByFile(FILES, [0, 0, 0, 1, 1], results))
    assert [outcome.status for outcome in outcomes] == [400, 500, 200]
    assert [outcome.dropped for outcome in outcomes] == [(1, 2), (), ()]
    assert [len(outcome.shards) for outcome in outcomes] == [1, 2, 0]
    assert outcomes[1].bases == (0, 10)


@pytest.fixture
def sums():
    results = [result(0, imported=4), result(1, status=400), result(2, status=500)]
    totals = Totals.sum(one.totals for one in results)
    return FilesSum.of(OutcomesByFile(FILES, [0, 1, 2], results), totals)


def test_files_are_counted_by_whose_fault_it_is(sums):
    figures = sums.figures
    assert (figures.scanned, figures.scanned_bytes, figures.imported) == (3, 1_500_003, 1)
    assert (
        figures.read_with_success,
        figures.read_with_customer_error,
        figures.read_with_server_error,
    ) == (1, 1, 1)


def test_the_document_has_healthlakes_members_in_healthlakes_order(sums):
    manifest = Manifest.of("s3://in/", "s3://out/job/", "key", sums)
    document = json.loads(manifest.to_bytes())
    assert list(document.items()) == [
        ("inputDataConfig", {"s3Uri": "s3://in/"}),
        ("outputDataConfig", {"s3Uri": "s3://out/job/", "encryptionKeyID": "key"}),
        ("successOutput", {"successOutputS3Uri": "s3://out/job/SUCCESS/"}),
        ("failureOutput", {"failureOutputS3Uri": "s3://out/job/FAILURE/"}),
        ("numberOfScannedFiles", 3),
        ("numberOfFilesImported", 1),
        ("numberOfFilesReadWithSuccess", 1),
        ("numberOfFilesReadWithCustomerError", 1),
        ("numberOfFilesReadWithServerError", 1),
        ("sizeOfScannedFilesInMB", 1.500003),
        ("sizeOfDataImportedSuccessfullyInMB", 2.4e-05),
        ("numberOfResourcesScanned", 7),
        ("numberOfResourcesImportedSuccessfully", 4),
        ("numberOfResourcesWithCustomerError", 3),
        ("numberOfResourcesWithServerError", 0),
    ]
