"""The import job: HealthLake's layout, figures and statuses, for every kind of input."""

from __future__ import annotations

import concurrent.futures
import gzip
import json
import os
import random
import threading
from pathlib import Path

import pytest
import zstandard

from bulkfhir.engine import ConfigurationError, JobStatus, NothingToRead, StorageError, import_job
from bulkfhir.engine.judging import judge as judge_module
from bulkfhir.engine.reading.lines import BLOCK_BYTES

pytestmark = pytest.mark.usefixtures("fork_server", "toys")

DATASTORE = "0" * 32
JOB = "f" * 32


@pytest.fixture
def run(tmp_path):
    """Runs a job of the toy validator in this process and answers (result, job folder)."""

    def job(source, **options):
        options = {"judge": "toy", "workers": 1, "job_id": JOB} | options
        result = import_job(source, tmp_path / "out", **options)
        return result, tmp_path / "out" / f"{DATASTORE}-FHIR_IMPORT-{options['job_id']}"

    return job


def test_a_job_writes_healthlakes_layout_and_nothing_else(run, write, patient, tree, tmp_path):
    write("in/a.ndjson", [patient("1"), patient("2", bad="yes"), b"", patient("3")])
    write("in/sub/b.ndjson", [patient("4")])
    result, folder = run(tmp_path / "in")
    assert result.status == JobStatus.COMPLETED_WITH_ERRORS
    assert sorted(tree(tmp_path / "out")) == [
        *(
            f"{folder.name}/{name}"
            for name in (
                "FAILURE/a.ndjson",
                "Manifest.json",
                "SUCCESS/a.ndjson",
                "SUCCESS/sub/b.ndjson",
            )
        ),
    ]
    assert (folder / "SUCCESS/a.ndjson").read_bytes() == (
        b'{"lineId":1,"resourceId":"1","resourceType":"Patient","UpdateResourceResponse":{"statusCode":200}}\n'
        b'{"lineId":4,"resourceId":"3","resourceType":"Patient","UpdateResourceResponse":{"statusCode":200}}\n'
    )
    assert (folder / "FAILURE/a.ndjson").read_bytes() == (
        b'{"lineId":2,"resourceId":"2","resourceType":"Patient","UpdateResourceResponse":{"jsonBlob":{"resourceType":"OperationOutcome",'
        b'"issue":[{"severity":"error","code":"processing","diagnostics":"yes","location":["Patient.bad"]}]},"statusCode":400}}\n'
    )


def test_the_manifest_has_healthlakes_keys_in_order(run, write, patient, tmp_path):
    lines = [patient("1"), patient("2", bad="yes"), patient("3", crash="x")]
    source = write("in/a.ndjson", lines)
    result, folder = run(tmp_path / "in", encryption_key_id="key")
    size = source.stat().st_size / 1e6
    text = (folder / "Manifest.json").read_text()
    assert list(json.loads(text).items()) == [
        ("inputDataConfig", {"s3Uri": f"{(tmp_path / 'in').as_uri()}/"}),
        ("outputDataConfig", {"s3Uri": f"{folder.as_uri()}/", "encryptionKeyID": "key"}),
        ("successOutput", {"successOutputS3Uri": f"{folder.as_uri()}/SUCCESS/"}),
        ("failureOutput", {"failureOutputS3Uri": f"{folder.as_uri()}/FAILURE/"}),
        ("numberOfScannedFiles", 1),
        ("numberOfFilesImported", 1),
        ("numberOfFilesReadWithSuccess", 1),
        ("numberOfFilesReadWithCustomerError", 0),
        ("numberOfFilesReadWithServerError", 0),
        ("sizeOfScannedFilesInMB", round(size, 6)),
        ("sizeOfDataImportedSuccessfullyInMB", round(len(lines[0]) / 1e6, 6)),
        ("numberOfResourcesScanned", 3),
        ("numberOfResourcesImportedSuccessfully", 1),
        ("numberOfResourcesWithCustomerError", 1),
        ("numberOfResourcesWithServerError", 1),
    ]
    assert text.startswith('{\n  "inputDataConfig": {\n    "s3Uri"')
    assert text.endswith("}\n")
    assert result.manifest.to_json() == json.loads(text)


def test_the_result_counts_by_type_and_by_rule_with_examples(run, write, patient, tmp_path):
    write("in/a.ndjson", [patient("1"), patient("2", bad=1)] * 3)
    write(
        "in/b.ndjson",
        [patient("1", bad=1), b'{"resourceType":"Group","id":"g"}', b"[", b'{"no":"type"}'],
    )
    result, _ = run(tmp_path / "in", shard_bytes=100)
    assert [
        (count.type, count.accepted, count.rejected, count.crashed)
        for count in result.summary.types
    ] == [
        ("Group", 1, 0, 0),
        ("Patient", 3, 4, 0),
        ("", 0, 2, 0),
    ]
    first = result.summary.rules[0]
    assert (first.severity, first.rule, first.count) == ("error", "bad", 4)
    assert [(Path(example.file).name, example.line) for example in first.examples] == [
        ("a.ndjson", 2),
        ("a.ndjson", 4),
        ("a.ndjson", 6),
    ]
    assert [(rule.rule, rule.examples[0].line) for rule in result.summary.rules[1:]] == [
        ("json", 3),
        ("resource-type", 4),
    ]
    report = result.progress.to_json()
    assert report.pop("Throughput") > 0
    assert report == {
        "TotalNumberOfScannedFiles": 2,
        "TotalSizeOfScannedFilesInMB": round(
            sum(path.stat().st_size for path in (tmp_path / "in").iterdir()) / 1e6, 6
        ),
        "TotalNumberOfImportedFiles": 2,
        "TotalNumberOfResourcesScanned": 10,
        "TotalNumberOfResourcesImported": 4,
        "TotalNumberOfResourcesWithCustomerError": 6,
        "TotalNumberOfFilesReadWithCustomerError": 0,
    }


def test_the_output_is_the_same_for_any_number_of_workers_and_any_shard_size(
    write, patient, tree, tmp_path
):
    lines = [
        patient(
            str(number),
            **({"bad": number} if number % 7 == 0 else {"crash": 1} if number % 31 == 0 else {}),
            text="x" * (number % 200),
        )
        for number in range(600)
    ]
    write("in/a.ndjson", lines)
    write("in/b.ndjson", [b"", *lines[:50], b"not json"], ending=b"\r\n")
    (tmp_path / "in/c.ndjson.gz").write_bytes(gzip.compress(b"\n".join(lines[:99])))
    (tmp_path / "in/empty.ndjson").write_bytes(b"")
    outputs = []
    for workers, shard_bytes in ((1, None), (1, 333), (2, 1000), (2, 20_000)):
        out = tmp_path / f"out-{workers}-{shard_bytes}"
        import_job(
            tmp_path / "in", out, judge="toy", workers=workers, shard_bytes=shard_bytes, job_id=JOB
        )
        files = tree(out)
        manifest = next(name for name in files if name.endswith("Manifest.json"))
        files[manifest] = files[manifest].replace(out.as_uri().encode(), b"")
        outputs.append(files)
    assert outputs[0] == outputs[1] == outputs[2] == outputs[3]
    assert len(outputs[0]) == 1 + 4 + 3


def test_odd_lines_are_lines_like_any_other(run, tmp_path, rows):
    ok = b'{"resourceType":"Patient","id":"%d"}'
    (tmp_path / "a.ndjson").write_bytes(
        b"\xef\xbb\xbf" + ok % 1 + b"\r\n\r\n \t\n" + ok % 4 + b"\n\0\n" + b"\xff\n" + ok % 7
    )
    result, folder = run(tmp_path / "a.ndjson")
    assert [row["lineId"] for row in rows(folder / "SUCCESS/a.ndjson")] == [1, 4, 7]
    assert [row["lineId"] for row in rows(folder / "FAILURE/a.ndjson")] == [5, 6]
    assert result.manifest.imported_bytes == 3 * len(ok % 1)


def test_an_empty_file_is_read_with_success_and_imports_nothing(run, write, tmp_path):
    write("in/empty.ndjson", [])
    result, folder = run(tmp_path / "in")
    assert result.status == JobStatus.COMPLETED
    assert (result.manifest.files_read_with_success, result.manifest.imported_files) == (1, 0)
    assert (folder / "SUCCESS/empty.ndjson").read_bytes() == b""


def test_lines_longer_than_a_block_are_read_whole(run, write, patient, rows):
    source = write(
        "a.ndjson",
        [patient("1"), patient("2", text="x" * (3 * BLOCK_BYTES)), patient("3", bad="y" * 100)],
    )
    _, folder = run(source, shard_bytes=BLOCK_BYTES)
    assert [row["lineId"] for row in rows(folder / "SUCCESS/a.ndjson")] == [1, 2]
    assert [row["lineId"] for row in rows(folder / "FAILURE/a.ndjson")] == [3]


def test_an_id_is_required(run, write, rows):
    source = write(
        "a.ndjson",
        [
            b'{"resourceType":"Patient"}',
            b'{"resourceType":"Patient","bad":1}',
            b'{"resourceType":"Patient","id":"1"}',
            b"[",
        ],
    )
    _, folder = run(source)
    first, second, third = rows(folder / "FAILURE/a.ndjson")
    assert first == {
        "lineId": 1,
        "resourceType": "Patient",
        "UpdateResourceResponse": {
            "jsonBlob": {
                "resourceType": "OperationOutcome",
                "issue": [
                    {
                        "severity": "error",
                        "code": "processing",
                        "diagnostics": "Missing required id field in resource json",
                    }
                ],
            },
            "statusCode": 400,
        },
    }
    issues = second["UpdateResourceResponse"]["jsonBlob"]["issue"]
    assert [issue["diagnostics"] for issue in issues] == [
        "1",
        "Missing required id field in resource json",
    ]
    assert [
        issue["diagnostics"] for issue in third["UpdateResourceResponse"]["jsonBlob"]["issue"]
    ] == ["Invalid JSON found in input file"]


def test_a_type_that_is_no_word_never_becomes_a_path(run, write, tree, rows):
    source = write(
        "a.ndjson",
        [b'{"resourceType":"../../x","id":"1"}', b'{"resourceType":"Patient123","id":"2"}'],
    )
    _, folder = run(source, sink="ndjson")
    assert not any(name.startswith("resources") for name in tree(folder))
    assert "Value 'Patient123' at 'resourceType' failed to satisfy constraint" in json.dumps(
        rows(folder / "FAILURE/a.ndjson")
    )


@pytest.mark.parametrize("judge", ["toy", "block-toy"])
def test_a_crash_of_a_validator_costs_its_own_line_only(run, write, patient, rows, judge, caplog):
    source = write(
        "a.ndjson", [patient("1"), patient("2", crash="secret"), patient("3", bad=1), patient("4")]
    )
    result, folder = run(source, judge=judge)
    assert [row["lineId"] for row in rows(folder / "SUCCESS/a.ndjson")] == [1, 4]
    crashed, bad = rows(folder / "FAILURE/a.ndjson")
    assert (crashed["lineId"], crashed["UpdateResourceResponse"]["statusCode"]) == (2, 500)
    assert (bad["lineId"], bad["UpdateResourceResponse"]["statusCode"]) == (3, 400)
    assert "KeyError" in json.dumps(crashed)
    assert "secret" not in json.dumps(crashed)
    assert "secret" not in caplog.text
    assert (
        result.manifest.resources_with_server_error,
        result.manifest.resources_with_customer_error,
    ) == (1, 1)


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_truncated_archive_counts_the_lines_before_the_break(run, tmp_path, patient, rows, kind):
    lines = b"".join(
        patient(str(number), text=os.urandom(60).hex()) + b"\n" for number in range(20_000)
    )
    packed = gzip.compress(lines, 1) if kind == "gz" else zstandard.ZstdCompressor().compress(lines)
    (tmp_path / "in").mkdir()
    (tmp_path / f"in/a.ndjson.{kind}").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "in/b.ndjson").write_bytes(patient("1") + b"\n")
    result, folder = run(tmp_path / "in")
    assert result.status == JobStatus.COMPLETED_WITH_ERRORS
    success = rows(folder / "SUCCESS/a.ndjson")
    assert 1000 < len(success) < 19_000
    assert [row["lineId"] for row in success] == list(range(1, len(success) + 1))
    (failure,) = rows(folder / "FAILURE/a.ndjson")
    assert "lineId" not in failure
    assert failure["UpdateResourceResponse"]["statusCode"] == 400
    manifest = result.manifest
    assert (
        manifest.files_read_with_success,
        manifest.files_read_with_customer_error,
        manifest.imported_files,
    ) == (1, 1, 2)
    assert result.progress.files_read_with_customer_error == 1
    assert [(Path(broken.name).name, broken.status) for broken in result.summary.broken_files] == [
        (f"a.ndjson.{kind}", 400)
    ]


LEVELS_OF_GZIP = {"gz": (1, 9), "zst": (3,)}


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_of_an_archive_with_a_flipped_bit_no_line_is_accepted(run, tmp_path, patient, rows, kind):
    """Wherever the bit is, and however the archive then breaks."""
    lines = [patient(f"p{number}", text=f"{number:x}") for number in range(300)]
    whole = b"\n".join([*lines, b""])
    (tmp_path / "in").mkdir()
    for seed in range(40):
        chosen = random.Random(seed)
        level = chosen.choice(LEVELS_OF_GZIP[kind])
        archive = bytearray(
            gzip.compress(whole, level)
            if kind == "gz"
            else zstandard.ZstdCompressor(level, write_checksum=True).compress(whole)
        )
        archive[chosen.randrange(10, len(archive))] ^= 1 << chosen.randrange(8)
        (tmp_path / f"in/{seed:02d}.ndjson.{kind}").write_bytes(archive)
    result, folder = run(tmp_path / "in", sink="ndjson", judge="toy")
    stored = sorted((folder / "resources").rglob("*.ndjson")) if result.manifest else []
    kept = {line for path in stored for line in path.read_bytes().splitlines()}
    assert kept <= set(lines)
    manifest = result.manifest
    assert manifest.files_read_with_customer_error >= 39
    assert manifest.resources_scanned == (
        manifest.resources_imported + manifest.resources_with_customer_error
    )
    withdrawn = 0
    for seed in range(40):
        success = rows(folder / f"SUCCESS/{seed:02d}.ndjson")
        assert [row["resourceId"] for row in success] == [f"p{n}" for n in range(len(success))]
        failures = folder / f"FAILURE/{seed:02d}.ndjson"
        said = json.dumps(rows(failures)[-1]) if failures.exists() else ""
        if "none of its lines can be trusted" in said:
            withdrawn += 1
            assert (success, len(rows(failures))) == ([], 1)
    assert withdrawn > 30


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_an_empty_archive_is_broken_and_trailing_garbage_is_named(
    run, tmp_path, patient, rows, kind
):
    (tmp_path / "in").mkdir()
    (tmp_path / f"in/empty.ndjson.{kind}").write_bytes(b"")
    line = patient("1") + b"\n"
    packed = gzip.compress(line) if kind == "gz" else zstandard.ZstdCompressor().compress(line)
    (tmp_path / f"in/longer.ndjson.{kind}").write_bytes(packed + b"garbage")
    result, folder = run(tmp_path / "in")
    assert result.manifest.files_read_with_customer_error == 2
    assert result.manifest.resources_imported == 1
    said = json.dumps(
        rows(folder / "FAILURE/empty.ndjson") + rows(folder / "FAILURE/longer.ndjson")
    )
    assert f"broken {kind} archive: it is empty" in said
    assert f"(trailing garbage from byte {len(packed):,} on)" in said


def test_a_file_that_changes_while_it_is_read_is_reported(run, write, patient, held, gate, rows):
    source = write("a.ndjson", held(40))
    size = source.stat().st_size
    changed = []

    def change(progress):
        if not changed and progress.report.resources_scanned:
            changed.append(progress)
            with source.open("ab") as file:
                file.write(patient("late") + b"\n")
            gate.touch()

    result, folder = run(source, shard_bytes=size // 4, on_progress=change, sink="ndjson")
    assert changed
    failure = rows(folder / "FAILURE/a.ndjson")[-1]
    assert "changed" in json.dumps(failure)
    assert result.manifest.files_read_with_customer_error == 1
    success = rows(folder / "SUCCESS/a.ndjson")
    assert 0 < len(success) < 40
    stored = b"".join(path.read_bytes() for path in folder.glob("resources/Patient/*"))
    assert stored.count(b"\n") == len(success)


def test_a_file_that_vanishes_after_the_listing_is_a_customer_error(
    run, write, patient, held, gate, tmp_path
):
    first = write("in/a.ndjson", held(8))
    last = write("in/b.ndjson", [patient("1")])

    def vanish(_progress):
        last.unlink(missing_ok=True)
        gate.touch()

    result, _ = run(
        tmp_path / "in",
        on_progress=vanish,
        shard_bytes=first.stat().st_size // 4,
    )
    assert [(Path(broken.name).name, broken.message) for broken in result.summary.broken_files] == [
        ("b.ndjson", "The file could not be read to its end: no such file or folder")
    ]
    assert result.manifest.imported_files == 1


def test_minimal_stores_what_fails_search_validation_and_says_so(run, write, patient, rows):
    source = write("a.ndjson", [patient("1"), patient("2", warn=1), patient("3", bad=1, warn=1)])
    result, folder = run(source, level="minimal", sink="ndjson")
    assert [row["lineId"] for row in rows(folder / "SUCCESS/a.ndjson")] == [1]
    (warned,) = rows(folder / "SUCCESS_WITH_SEARCH_VALIDATION_FAILURES/a.ndjson")
    assert (warned["lineId"], warned["UpdateResourceResponse"]["statusCode"]) == (2, 200)
    assert warned["UpdateResourceResponse"]["jsonBlob"]["issue"][0]["diagnostics"] == "a warning"
    assert [row["lineId"] for row in rows(folder / "FAILURE/a.ndjson")] == [3]
    assert result.manifest.resources_imported == 2
    plain, audited = (folder / "resources/Patient/part-000000.ndjson").read_bytes().splitlines()
    assert plain == patient("1")
    (extension,) = json.loads(audited)["extension"]
    assert (
        extension["url"]
        == "http://healthlake.amazonaws.com/fhir/StructureDefinition/validation-issue"
    )
    assert json.loads(extension["valueString"])["issue"][0]["diagnostics"] == "a warning"


def test_at_other_levels_a_warning_is_a_success(run, write, patient, tree):
    _, folder = run(write("a.ndjson", [patient("1", warn=1)]), level="structure-only")
    assert sorted(tree(folder)) == ["Manifest.json", "SUCCESS/a.ndjson"]


def test_the_sink_keeps_every_accepted_line_byte_by_byte(run, write, patient, tmp_path):
    odd = b'{ "resourceType" : "Observation","id":"o" , "value":70.50 }'
    lines = [patient("1"), odd, patient("2", bad=1), patient("3")]
    source = write("a.ndjson", lines)
    _, folder = run(source, sink="ndjson", shard_bytes=60)
    parts = {path.parent.name: b"" for path in folder.glob("resources/*/*")}
    for path in sorted(folder.glob("resources/*/*")):
        parts[path.parent.name] += path.read_bytes()
    assert parts == {"Patient": lines[0] + b"\n" + lines[3] + b"\n", "Observation": odd + b"\n"}


def test_a_second_opinion_is_counted_and_decides_nothing(run, write, patient):
    source = write(
        "a.ndjson", [patient("1"), patient("2", warn=1), patient("3", bad=1), patient("4", crash=1)]
    )
    result, _ = run(source, validators=["strict-toy"])
    assert result.summary.opinions == {
        "strict-toy": {"agrees": 1, "rejects": 1, "accepts": 1, "crashes": 1}
    }
    assert result.manifest.resources_imported == 2


def test_another_judge_decides(run, write, patient):
    source = write("a.ndjson", [patient("1", warn=1), patient("2", bad=1)])
    result, _ = run(source, judge="strict-toy", validators=["toy"])
    assert [rule.rule for rule in result.summary.rules] == ["warned"]
    assert (result.manifest.resources_imported, result.manifest.resources_with_customer_error) == (
        1,
        1,
    )


def test_the_default_judge_is_bulkfhirs_own(tmp_path, write, rows):
    source = write(
        "a.ndjson",
        [b'{"resourceType":"Patient","id":"1"}', b'{"resourceType":"Patient","id":"2","fooBar":1}'],
    )
    result = import_job(source, tmp_path / "out", level="structure-only", workers=1, job_id=JOB)
    assert (result.progress.resources_imported, result.progress.resources_with_customer_error) == (
        1,
        1,
    )


def test_an_existing_job_folder_is_refused(run, write, patient):
    source = write("a.ndjson", [patient("1")])
    run(source)
    with pytest.raises(ConfigurationError, match="exists already"):
        run(source)
    with pytest.raises(ConfigurationError, match="it is complete"):
        run(source, resume=True)


def test_resuming_what_never_began_begins_it(run, write, patient):
    result, _ = run(write("a.ndjson", [patient("1")]), resume=True)
    assert result.status == JobStatus.COMPLETED


def test_a_job_never_reads_its_own_or_anothers_output(run, write, patient, tmp_path):
    write("out/a.ndjson", [patient("1")])
    run(tmp_path / "out", job_id="1" * 32)
    result, _ = run(tmp_path / "out", job_id="2" * 32)
    assert result.manifest.scanned_files == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": "lax"}, "no such level"),
        ({"workers": 0}, "at least one worker"),
        ({"shard_bytes": 0}, "at least one byte"),
        ({"judge": "nobody"}, "no such validator; installed: .*toy"),
        ({"validators": ["nobody"]}, "no such validator"),
        ({"sink": "nowhere"}, "no such sink; installed: .*ndjson"),
        ({"unknown_profile": "maybe"}, "unknown profile"),
        ({"limits": "some"}, "limits are"),
        ({"job_id": "../x"}, "an id is made of"),
        ({"datastore_id": ""}, "an id is made of"),
        ({"executor": "cloud"}, "no such executor"),
    ],
)
def test_options_that_cannot_work_are_refused_before_anything_is_written(
    run, write, patient, tmp_path, options, message
):
    source = write("a.ndjson", [patient("1")])
    with pytest.raises(ConfigurationError, match=message):
        run(source, **options)
    assert not (tmp_path / "out").exists()


def test_nothing_to_read_leaves_nothing(run, tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(NothingToRead):
        run(tmp_path / "in")
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_is_said_at_once(write, patient, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        import_job(
            write("a.ndjson", [patient("1")]), tmp_path / "file" / "out", judge="toy", workers=1
        )


def test_healthlakes_limits_fail_the_job_before_a_byte_is_read(run, write, patient, tmp_path):
    source = write("big.ndjson", [])
    os.truncate(source, (5 << 30) + 1)  # sparse: it takes no room
    result, folder = run(source, limits="healthlake")
    assert result.status == JobStatus.FAILED
    assert "5,368,709,121 bytes; HealthLake's limit for a file is 5,368,709,120" in result.message
    assert not folder.exists()


def test_healthlakes_limit_for_a_binary_fails_its_own_line(run, write, patient, rows, monkeypatch):
    monkeypatch.setattr(judge_module, "MAX_BINARY", 100)
    big = b'{"resourceType":"Binary","id":"big","data":"%s"}' % (b"a" * 100)
    source = write(
        "a.ndjson", [big, b'{"resourceType":"Binary","id":"small"}', patient("1", text="x" * 200)]
    )
    _, folder = run(source, limits="healthlake")
    (failure,) = rows(folder / "FAILURE/a.ndjson")
    (issue,) = failure["UpdateResourceResponse"]["jsonBlob"]["issue"]
    assert (failure["lineId"], issue["diagnostics"]) == (
        1,
        f"The Binary has {len(big)} bytes; HealthLake's limit is 100",
    )
    assert run(source, job_id="2")[0].manifest.resources_imported == 3


def test_messages_of_foreign_validators_are_left_out_where_values_are_not_wanted(
    run, write, patient, rows
):
    """Nobody knows what they quote, whatever their rules are called."""
    _, folder = run(
        write(
            "a.ndjson",
            [patient("1", bad="secret"), patient("2", unknown=1), patient("3", crash="secret")],
        ),
        values=False,
    )
    texts = [
        row["UpdateResourceResponse"]["jsonBlob"]["issue"][0]["diagnostics"]
        for row in rows(folder / "FAILURE/a.ndjson")
    ]
    assert texts == [
        "bad (message left out, it may quote values)",
        "unknown-element (message left out, it may quote values)",
        "the validator failed: KeyError",  # our own words: the exception's text is not in them
    ]


@pytest.mark.usefixtures("opened_by_stop")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_cancelled_job_stops_soon_and_can_be_resumed(
    run, write, held, gate, workers_left, workers
):
    source = write("a.ndjson", held(200))
    cancel = threading.Event()

    def enough(progress):
        if progress.report.resources_scanned:
            cancel.set()

    result, folder = run(
        source, workers=workers, shard_bytes=500, cancel=cancel, on_progress=enough
    )
    assert result.status == JobStatus.CANCEL_COMPLETED
    assert 0 < result.progress.resources_scanned < 200
    assert not (folder / "Manifest.json").exists()
    assert not list(folder.rglob("*.partial"))
    assert workers_left() == []
    gate.touch()
    result, folder = run(source, resume=True, workers=workers)
    assert result.status == JobStatus.COMPLETED
    assert result.manifest.resources_imported == 200


def test_progress_is_shown_while_a_shard_is_read(run, write, patient, gate):
    lines = [patient(str(number), text="x" * 20_000) for number in range(250)]
    lines[-1] = patient("last", **{"await": str(gate)})
    seen = []

    def go_on(progress):
        seen.append(progress)
        if 0 < progress.report.resources_scanned < 250:
            gate.touch()

    run(write("a.ndjson", lines), on_progress=go_on)  # it would not end if nothing were shown
    reading = [progress for progress in seen if progress.phase == "reading"]
    assert any(0 < progress.report.resources_scanned < 250 for progress in reading)
    assert any(0 < progress.bytes_done < progress.bytes_total for progress in reading)
    assert seen[-1].phase == "done"
    assert seen[-1].report.resources_imported == 250


def test_a_sloppy_plug_in_that_hands_on_a_wrong_id_or_type_breaks_nothing(run, write, rows):
    bad = [
        b'{"resourceType":"Patient","id":7}',
        b'{"resourceType":["Patient"],"id":"x"}',
        b'{"resourceType":null,"id":{}}',
    ]
    _, folder = run(write("a.ndjson", [*bad, b'{"resourceType":"Patient","id":"ok"}']))
    assert [row["resourceId"] for row in rows(folder / "SUCCESS/a.ndjson")] == ["ok"]
    assert [row["lineId"] for row in rows(folder / "FAILURE/a.ndjson")] == [1, 2, 3]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bug_in_a_sink_costs_its_own_shard_and_is_counted(run, write, patient, workers, rows):
    """The sink of the toys breaks on one id: what it raises is no word of the storage's."""
    lines = [patient(str(number)) for number in range(40)]
    size = sum(len(line) + 1 for line in lines)
    result, folder = run(
        write("a.ndjson", lines), sink="broken", workers=workers, shard_bytes=size // 4
    )
    assert result.status == JobStatus.COMPLETED_WITH_ERRORS
    assert 10 <= result.manifest.resources_with_server_error <= 12
    assert result.manifest.resources_imported + result.manifest.resources_with_server_error == 40
    assert "ZeroDivisionError in the engine" in json.dumps(rows(folder / "FAILURE/a.ndjson"))


def test_any_executor_of_the_users_can_run_it(run, write, patient):
    source = write("a.ndjson", [patient(str(number)) for number in range(100)])
    with concurrent.futures.ThreadPoolExecutor(3) as executor:
        result, _ = run(source, executor=executor, workers=3, shard_bytes=300)
        assert executor.submit(int, "7").result() == 7
    assert result.manifest.resources_imported == 100
