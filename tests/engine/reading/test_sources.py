"""Sources: what a user may name, and what of it is an input."""

from __future__ import annotations

import gzip
import io
import os
import threading
from pathlib import Path

import pytest

from bulkfhir.engine.errors import ConfigurationError, NotFound, NothingToRead
from bulkfhir.engine.reading.sources import find_inputs


@pytest.fixture
def export(tmp_path, monkeypatch):
    """A bulk export as exporters leave it, and an earlier job's output in its midst."""
    for name in (
        "Patient.ndjson",
        "2024/Observation.ndjson.gz",
        "2024/Condition.ndjson.zst",
        "log.ndjson",
        "run.log.ndjson",
        "error/OperationOutcome.ndjson",
        "deleted/Bundle.ndjson",
        "manifest.json",
        "README",
        "x-FHIR_IMPORT-1/SUCCESS/Patient.ndjson",
        ".healthlake_write_access_check_file.temp",
    ):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def names(listing):
    return [file.name for file in listing.inputs]


@pytest.mark.parametrize("source", ["data", "data/"])
def test_a_folder_gives_its_ndjson_in_order(export, source):
    listing = find_inputs(source)
    assert names(listing) == [
        "data/2024/Condition.ndjson.zst",
        "data/2024/Observation.ndjson.gz",
        "data/Patient.ndjson",
    ]
    assert [file.log_name for file in listing.inputs] == [
        "2024/Condition.ndjson",
        "2024/Observation.ndjson",
        "Patient.ndjson",
    ]
    assert [file.compression for file in listing.inputs] == ["zst", "gz", None]
    assert listing.uri == export.as_uri() + "/"


def test_what_an_export_keeps_beside_its_data_is_skipped_with_the_reason(export):
    reasons = {
        skipped.name.removeprefix("data/"): skipped.reason
        for skipped in find_inputs("data").skipped
    }
    assert reasons == {
        "README": "not an NDJSON file by its name",
        "manifest.json": "not an NDJSON file by its name",
        "log.ndjson": "log of the export",
        "run.log.ndjson": "log of the export",
        "error/OperationOutcome.ndjson": "error or deleted folder of the export",
        "deleted/Bundle.ndjson": "error or deleted folder of the export",
        "x-FHIR_IMPORT-1/SUCCESS/Patient.ndjson": "output of an import job",
    }


def test_include_all_reads_logs_and_errors_but_never_a_jobs_output(export):
    found = names(find_inputs("data", include_all=True))
    assert "data/error/OperationOutcome.ndjson" in found
    assert "data/log.ndjson" in found
    assert not any("FHIR_IMPORT" in name for name in found)


@pytest.mark.parametrize("source", ["data/Patient.ndjson", "data/log.ndjson", "data/README"])
def test_a_file_that_is_named_is_read_whatever_its_name(export, source):
    listing = find_inputs(source)
    assert names(listing) == [source]
    assert listing.inputs[0].log_name == Path(source).name


def test_a_glob_is_relative_to_its_fixed_part(export):
    listing = find_inputs("data/20*/*.ndjson*")
    assert names(listing) == ["data/2024/Condition.ndjson.zst", "data/2024/Observation.ndjson.gz"]
    assert [file.log_name for file in listing.inputs] == [
        "2024/Condition.ndjson",
        "2024/Observation.ndjson",
    ]


def test_a_deep_glob_reaches_every_folder(export):
    assert names(find_inputs("data/**/*.ndjson")) == ["data/Patient.ndjson"]


def test_a_file_with_the_letters_of_a_glob_is_that_file(export):
    (export / "a[1].ndjson").write_bytes(b"{}\n")
    assert names(find_inputs("data/a[1].ndjson")) == ["data/a[1].ndjson"]


def test_several_sources_keep_the_users_order(export):
    listing = find_inputs(["data/Patient.ndjson", export / "2024"])
    assert names(listing)[0] == "data/Patient.ndjson"
    assert len(listing.inputs) == 3
    assert listing.uri == f"{(export / 'Patient.ndjson').as_uri()}, {(export / '2024').as_uri()}/"


def test_file_addresses_are_paths(export):
    (export / "with space.ndjson").write_bytes(b"")
    assert find_inputs((export / "with space.ndjson").as_uri()).inputs[0].uri == str(
        export / "with space.ndjson"
    )


def test_two_inputs_with_one_log_are_refused(export):
    (export / "Patient.ndjson.gz").write_bytes(gzip.compress(b"{}\n"))
    with pytest.raises(
        ConfigurationError,
        match=r"data/Patient.ndjson and data/Patient.ndjson.gz would both log to Patient.ndjson",
    ):
        find_inputs("data")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("nowhere", NotFound),
        ("nowhere/*.ndjson", NothingToRead),
        ("ftp://host/x", ConfigurationError),
    ],
)
def test_a_source_that_is_not_there_is_an_error(export, source, error):
    with pytest.raises(error):
        find_inputs(source)


def test_a_folder_without_ndjson_says_what_was_skipped(export):
    (export / "empty").mkdir()
    (export / "empty" / "notes.txt").write_text("x")
    with pytest.raises(NothingToRead, match=r"notes.txt: not an NDJSON file by its name"):
        find_inputs("data/empty")


def test_standard_input_is_a_file_of_its_own(monkeypatch):
    class Stdin:
        buffer = io.BytesIO(b'{"a":1}\n')

    monkeypatch.setattr("sys.stdin", Stdin)
    listing = find_inputs("-")
    (file,) = listing.inputs
    assert (file.name, file.log_name, file.size) == ("-", "stdin.ndjson", 8)
    assert Path(file.uri).read_bytes() == b'{"a":1}\n'
    listing.close()
    assert not Path(file.uri).exists()


def test_a_pipe_is_read_like_a_file(tmp_path):
    pipe = tmp_path / "pipe.ndjson"
    os.mkfifo(pipe)
    thread = threading.Thread(target=pipe.write_bytes, args=(b"{}\n",))
    thread.start()
    listing = find_inputs(pipe)
    thread.join()
    assert Path(listing.inputs[0].uri).read_bytes() == b"{}\n"
    listing.close()


def test_linked_folders_are_read_once_and_a_circle_ends(export, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/Group.ndjson").write_bytes(b"{}\n")
    (export / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(export)
    found = names(find_inputs("data"))
    assert found.count("data/linked/Group.ndjson") == 1
    assert len(found) == 4


def test_a_link_that_leads_nowhere_is_not_lost(export):
    (export / "TaskFailure.ndjson").symlink_to(export / "gone.ndjson")
    assert "data/TaskFailure.ndjson" in names(find_inputs("data"))


def test_a_spooled_pipe_is_removed_when_another_source_fails(tmp_path, monkeypatch):
    class Stdin:
        buffer = io.BytesIO(b"{}\n")

    monkeypatch.setattr("sys.stdin", Stdin)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(NotFound):
        find_inputs(["-", "nowhere"])
    assert list(tmp_path.iterdir()) == []
