"""Validation: findings in input order, with the file as named, the line and the byte offset; no
folder is left.
"""

from __future__ import annotations

import gzip
import tempfile
import threading
from pathlib import Path

import pytest

from bulkfhir.engine import Cancelled, ConfigurationError, validate_files

pytestmark = pytest.mark.usefixtures("fork_server", "toys")


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch):
    """Where temporary files go during the test: it must be empty at its end. Its path is short: a
    socket's is made from it, and the system allows that 108 bytes.
    """
    folder = tmp_path_factory.mktemp("t")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("shard_bytes", [None, 100, 1000])
def test_findings_come_in_input_order_with_lines_and_offsets(
    write, patient, tmp_path, monkeypatch, workers, shard_bytes
):
    lines = [
        b"" if number == 5 else patient(str(number), **({"bad": number} if number % 4 == 3 else {}))
        for number in range(60)
    ]
    write("in/a.ndjson", lines)
    write("in/b.ndjson", [patient("1", unknown=1), b"["])
    (tmp_path / "in/c.ndjson.gz").write_bytes(gzip.compress(b"\n".join(lines)))
    monkeypatch.chdir(tmp_path)
    with validate_files("in", judge="toy", workers=workers, shard_bytes=shard_bytes) as validation:
        found = [
            (finding.file, finding.line, finding.offset, finding.verdict.issues[0].rule)
            for finding in validation
        ]
    offsets = [sum(len(line) + 1 for line in lines[:number]) for number in range(60)]
    bad = [(number + 1, offsets[number], "bad") for number in range(3, 60, 4)]
    assert found == [
        *(("in/a.ndjson", *row) for row in bad),
        ("in/b.ndjson", 1, 0, "unknown-element"),
        ("in/b.ndjson", 2, len(patient("1", unknown=1)) + 1, "json"),
        *(("in/c.ndjson.gz", *row) for row in bad),
    ]
    summary = validation.summary
    assert (summary.files, summary.totals.scanned, summary.totals.customer_errors) == (3, 120, 32)
    assert [(rule.rule, rule.count, rule.examples[0].line) for rule in summary.rules] == [
        ("bad", 30, 4),
        ("json", 1, 2),
        ("unknown-element", 1, 1),
    ]


def test_issues_arrive_whole(write, patient):
    with validate_files(
        write("a.ndjson", [patient("1", bad="ü\ud800")]), judge="toy", workers=1
    ) as validation:
        (finding,) = validation
    verdict = finding.verdict
    assert (verdict.resource_type, verdict.resource_id) == ("Patient", "1")
    (issue,) = verdict.issues
    assert (issue.severity, issue.code, issue.location, issue.diagnostics) == (
        "error",
        "value",
        "Patient.bad",
        "ü\ud800",
    )


def test_an_id_is_not_required(write):
    with validate_files(
        write("a.ndjson", [b'{"resourceType":"Patient"}']), judge="toy", workers=1
    ) as validation:
        assert list(validation) == []
    assert validation.summary.totals.imported == 1


def test_a_crash_is_a_finding(write, patient):
    with validate_files(
        write("a.ndjson", [patient("1"), patient("2", crash=1)]), judge="toy", workers=1
    ) as validation:
        assert [(finding.line, finding.verdict.issues[0].rule) for finding in validation] == [
            (2, "validator-crash")
        ]
    assert validation.summary.totals.server_errors == 1


def test_a_broken_archive_is_in_the_summary(tmp_path, patient):
    source = tmp_path / "a.ndjson.gz"
    source.write_bytes(gzip.compress(patient("1", bad=1) + b"\n" + patient("2") + b"\n")[:-4])
    with validate_files(source, judge="toy", workers=1) as validation:
        assert [finding.line for finding in validation] == [1]
    assert [broken.status for broken in validation.summary.broken_files] == [400]


def test_a_killed_worker_changes_nothing(write, patient, tmp_path):
    lines = [
        patient(str(number), **({"bad": 1} if number % 5 == 0 else {})) for number in range(50)
    ]
    lines[17] = patient("17", kill=str(tmp_path / "flag"))
    with validate_files(
        write("in/a.ndjson", lines), judge="toy", workers=2, shard_bytes=300
    ) as validation:
        assert [finding.line for finding in validation] == list(range(1, 51, 5))
    assert (tmp_path / "flag").exists()


@pytest.mark.usefixtures("opened_by_stop")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_reader_may_stop_early(write, held, workers, workers_left):
    source = write("in/a.ndjson", held(100, **{f"n{number}": {"bad": 1} for number in range(100)}))
    with validate_files(source, judge="toy", workers=workers, shard_bytes=300) as validation:
        for finding in validation:
            assert finding.line == 1
            break
    assert workers_left() == []


def test_cancelling_raises(write, patient):
    cancel = threading.Event()
    cancel.set()
    with (
        validate_files(
            write("a.ndjson", [patient("1")] * 4), judge="toy", workers=1, cancel=cancel
        ) as validation,
        pytest.raises(Cancelled),
    ):
        list(validation)


def test_a_wrong_option_is_refused_at_once(write, patient):
    with pytest.raises(ConfigurationError, match="no such level"):
        validate_files(write("a.ndjson", [patient("1")]), level="lax", judge="toy")


def test_standard_input_is_validated_and_its_copy_removed(monkeypatch, patient):
    import io

    class Stdin:
        buffer = io.BytesIO(patient("1", bad=1))

    monkeypatch.setattr("sys.stdin", Stdin)
    with validate_files("-", judge="toy", workers=1) as validation:
        assert [(finding.file, finding.line) for finding in validation] == [("-", 1)]
    assert not Path(validation.listing.inputs[0].uri).exists()
