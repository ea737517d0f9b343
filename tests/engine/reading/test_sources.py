"""Sources: what a user may name, and what of it is an input."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import threading
from pathlib import Path

import pytest
import zstandard

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


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_inputs_that_differ_by_compression_the_archive_keeps_its_ending(export, order):
    (export / "Patient.ndjson.gz").write_bytes(gzip.compress(b"{}\n"))
    sources = ["data/Patient.ndjson", "data/Patient.ndjson.gz"][::order]
    logs = {file.name: file.log_name for file in find_inputs(sources).inputs}
    assert logs == {
        "data/Patient.ndjson": "Patient.ndjson",
        "data/Patient.ndjson.gz": "Patient.ndjson.gz",
    }


def test_inputs_of_one_name_are_logged_under_what_tells_them_apart(export, tmp_path):
    for folder in ("x/a", "y/a", "z"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "Patient.ndjson").write_bytes(b"{}\n")
    (tmp_path / "z/Group.ndjson").write_bytes(b"{}\n")
    listing = find_inputs(["x/a", "y/a/Patient.ndjson", "z"])
    assert [file.log_name for file in listing.inputs] == [
        "x/a/Patient.ndjson",
        "y/a/Patient.ndjson",
        "Group.ndjson",
        "z/Patient.ndjson",
    ]


def test_a_file_that_two_sources_give_is_read_once(export):
    assert names(find_inputs(["data/Patient.ndjson", "data"])).count("data/Patient.ndjson") == 1


def test_a_validation_needs_no_names_of_logs(export):
    (export / "Patient.ndjson.gz").write_bytes(gzip.compress(b"{}\n"))
    logs = [file.log_name for file in find_inputs("data", logged=False).inputs]
    assert logs.count("Patient.ndjson") == 2


LINE = b'{"resourceType":"Patient","id":"a"}\n'
PRETTY = b'{\n  "resourceType": "Bundle",\n  "id": "a"\n}\n'


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("OBS.NDJSON", LINE),
        ("a.jsonl", LINE),
        ("a.JSONL.GZ", gzip.compress(LINE)),
        ("a.json.gz", gzip.compress(LINE)),
        ("a.ndjson.gzip", gzip.compress(LINE)),
        ("a.ndjson.zstd", zstandard.compress(LINE)),
        ("a.ndjson.bz2", bz2.compress(LINE)),
        ("a.ndjson.xz", lzma.compress(LINE)),
        ("part-00000-af3e.c000.json", LINE),
        ("part-00000", gzip.compress(LINE)),
        ("Patient", LINE),
        ("Patient.0001", LINE),
        ("Patient.json", LINE * 2),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_data_is_known_by_name_or_content(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    assert names(find_inputs(tmp_path)) == [str(tmp_path / name)]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("one.json", LINE, "a single resource, and not an NDJSON file by its name"),
        ("a.json.gz", gzip.compress(PRETTY), "not NDJSON but a Bundle over several lines"),
        ("part-0.snappy.parquet", b"PAR1", "not NDJSON but a Parquet table"),
        ("Patient", b"PK\x03\x04", "not NDJSON but a ZIP archive"),
        ("a.csv", b"id,name\n1,a\n", "not an NDJSON file by its name"),
        ("a.zip", b"PK\x03\x04", "not an NDJSON file by its name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_looks_like_data_is_never_skipped_in_silence(export, caplog, name, data, reason):
    (export / name).write_bytes(data)
    listing = find_inputs("data")
    assert f"data/{name}" not in names(listing)
    assert f"data/{name} is not read: {reason}" in caplog.text
    (skipped,) = [one for one in listing.skipped if one.looks_like_data]
    assert skipped.reason.startswith(reason)


@pytest.mark.parametrize(
    "name",
    [
        "._Patient.ndjson",
        ".old/Patient.ndjson",
        "__MACOSX/Patient.ndjson",
        "log.2024.ndjson",
        "LOG.NDJSON",
        "Patient-error.ndjson",
        "Patient-errors.ndjson.gz",
        "errors/Patient.ndjson",
        "Deleted/Bundle.ndjson",
        "_SUCCESS",
        "_temporary/0/part-00000",
        "LICENSE",
        "notes.md",
    ],
)
def test_what_lies_beside_data_is_skipped_without_a_word(tmp_path, caplog, name):
    for path in (tmp_path / name, tmp_path / "Group.ndjson"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}\n")
    assert names(find_inputs(tmp_path)) == [str(tmp_path / "Group.ndjson")]
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ({"include": ["manifest.*"]}, ["manifest.json"]),
        ({"include": ["2024/*"], "exclude": ["*.gz"]}, ["2024/Condition.ndjson.zst"]),
        ({"exclude": ["2024/"]}, ["Patient.ndjson"]),
        ({"exclude": ["**/Con*", "P*"]}, ["2024/Observation.ndjson.gz"]),
        ({"include": ["log.ndjson"]}, ["log.ndjson"]),
    ],
)
def test_patterns_choose_by_name_folder_or_path(export, patterns, expected):
    assert names(find_inputs("data", **patterns)) == [f"data/{name}" for name in expected]


def test_a_pattern_leaves_out_a_file_that_is_named(export):
    listing = find_inputs(["data/Patient.ndjson", "data/README"], exclude=["READ*"])
    assert names(listing) == ["data/Patient.ndjson"]
    with pytest.raises(NothingToRead, match=r"there lie data/README: not included"):
        find_inputs("data/README", include=["*.ndjson"])


def test_by_the_contract_only_its_endings_are_input(export):
    (export / "OBS.NDJSON").write_bytes(LINE)
    (export / "a.jsonl").write_bytes(LINE)
    (export / "part-0").write_bytes(LINE)
    assert names(find_inputs("data", contract=True)) == [
        "data/2024/Condition.ndjson.zst",
        "data/2024/Observation.ndjson.gz",
        "data/Patient.ndjson",
    ]


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
