"""The Parquet sink: accepted resources by type, their bytes untouched, and columns to find them."""

from __future__ import annotations

import dataclasses
import functools
import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyarrow import parquet

from bulkfhir.engine import import_job
from bulkfhir.engine.errors import ConfigurationError
from bulkfhir.engine.sinks import Accepted, ParquetSink
from bulkfhir.engine.sinks import parquet as sink_module
from bulkfhir.engine.storage import LocalStorage

SAMPLE = Path(__file__).parents[3] / "fixtures/sample"
PROFILE = "http://a/p"
LINES = [
    (
        b'{"resourceType":"Patient","id":"a","meta":{"versionId":"3","profile":["http://a/p"],'
        b'"lastUpdated":"2020-01-01T01:00:00.1234567+01:00"}}'
    ),
    b'{"resourceType":"Observation","id":"b","valueDecimal":1.50}',
    b'{"resourceType":"Patient","id":"c","m\\u0065ta":{"versionId":"1"}}',
    b'{"resourceType":"Patient","id":"a","meta":{"lastUpdated":"2020-12-31T23:59:60Z"}}',
]


def block(lines: list[bytes] = LINES, first: int = 0) -> Accepted:
    data = b"\n".join(lines)
    ends = [sum(map(len, lines[: n + 1])) + n for n in range(len(lines))]
    starts = [end - len(line) for end, line in zip(ends, lines, strict=True)]
    types = ["Observation" if b"Observation" in line else "Patient" for line in lines]
    ids = [line.split(b'"id":"')[1][:1].decode() for line in lines]
    return Accepted(data, starts, ends, types, ids, source="/in/x.ndjson", first=first)


def rows(folder: Path) -> list[dict[str, object]]:
    """All rows of a job's data sets, in the order of the input."""
    found = [
        row for part in folder.rglob("*.parquet") for row in parquet.read_table(part).to_pylist()
    ]
    return sorted(found, key=lambda row: (row["source_file"], row["line_offset"]))


def test_a_row_says_what_finds_its_resource(tmp_path: Path) -> None:
    writer = ParquetSink(str(tmp_path), LocalStorage()).open(7)
    writer.write(block(first=1000))
    writer.commit()
    assert sorted(
        part.relative_to(tmp_path).as_posix() for part in tmp_path.rglob("*.parquet")
    ) == [
        "resources/Observation/part-000007.parquet",
        "resources/Patient/part-000007.parquet",
    ]
    first, second, third, last = rows(tmp_path)
    assert [row["json"].encode() for row in (first, second, third, last)] == LINES
    assert [row["line_offset"] for row in (first, second)] == [1000, 1001 + len(LINES[0])]
    assert first["last_updated"] == datetime(2020, 1, 1, 0, 0, 0, 123456, UTC)
    assert (first["version_id"], first["profiles"]) == ("3", [PROFILE])
    assert (second["version_id"], second["last_updated"], second["profiles"]) == (None, None, [])
    assert third["version_id"] == "1"
    assert last["last_updated"] is None


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job over the sample, with two workers."""
    out = tmp_path_factory.mktemp("parquet")
    result = import_job(SAMPLE, out, level="structure-only", sink="parquet", workers=2)
    return Path(result.job_folder.removeprefix("file://"))


def test_a_job_leaves_every_accepted_line_as_it_stood(job: Path, tmp_path: Path) -> None:
    plain = import_job(SAMPLE, tmp_path, level="structure-only", sink="ndjson", workers=1)
    lines = [
        line
        for part in Path(plain.job_folder.removeprefix("file://")).rglob("resources/*/*.ndjson")
        for line in part.read_bytes().splitlines()
    ]
    found = rows(job)
    assert len(lines) > 5_000
    assert sorted(row["json"].encode() for row in found) == sorted(lines)
    read = functools.cache(
        lambda file: (
            gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        )
    )
    for row in found:
        data = read(Path(str(row["source_file"])))
        assert data[row["line_offset"] :].startswith(row["json"].encode())


def test_a_second_run_leaves_the_same_bytes(job: Path, tmp_path: Path) -> None:
    again = import_job(SAMPLE, tmp_path, level="structure-only", sink="parquet", workers=1)

    def bytes_of(folder: Path) -> dict[str, bytes]:
        parts = (folder / "resources").rglob("*.parquet")
        return {part.relative_to(folder).as_posix(): part.read_bytes() for part in parts}

    assert len(bytes_of(job)) == 13
    assert bytes_of(job) == bytes_of(Path(again.job_folder.removeprefix("file://")))


def test_what_waits_is_bounded_over_all_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink_module, "_PENDING", 2_000)
    writer = ParquetSink(str(tmp_path), LocalStorage()).open(0)
    for first in range(0, 50_000, 1_000):
        writer.write(block(first=first))
        assert sum(part.size for part in writer._parts.values()) <= 2_000
    writer.commit()
    assert len(rows(tmp_path)) == 50 * len(LINES)
    assert parquet.ParquetFile(next(tmp_path.rglob("Patient/*.parquet"))).num_row_groups > 5


def test_a_source_whose_name_is_no_utf_8_is_named_with_escapes(tmp_path: Path) -> None:
    writer = ParquetSink(str(tmp_path), LocalStorage()).open(0)
    writer.write(dataclasses.replace(block(), source="/in/\udcff.ndjson"))
    writer.commit()
    assert {row["source_file"] for row in rows(tmp_path)} == {"/in/\\udcff.ndjson"}


def test_what_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    writer = ParquetSink(str(tmp_path), LocalStorage()).open(0)
    writer.write(block())
    writer.abort()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_parts_of_a_shard_that_does_not_count_are_removed(tmp_path: Path) -> None:
    sink = ParquetSink(str(tmp_path), LocalStorage())
    sink.discard(0)
    for index in (0, 1):
        writer = sink.open(index)
        writer.write(block())
        writer.commit()
    sink.discard(0)
    assert {path.name for path in tmp_path.rglob("*.parquet")} == {"part-000001.parquet"}


@pytest.mark.parametrize(
    ("option", "codec"), [("zstd", "ZSTD"), ("snappy", "SNAPPY"), ("none", "UNCOMPRESSED")]
)
def test_parts_are_compressed_as_asked(tmp_path: Path, option: str, codec: str) -> None:
    writer = ParquetSink(str(tmp_path), LocalStorage(), compression=option).open(0)
    writer.write(block())
    writer.commit()
    metadata = parquet.ParquetFile(next(tmp_path.rglob("*.parquet"))).metadata
    assert metadata.row_group(0).column(6).compression == codec


def test_an_unknown_compression_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="compression of parts is zstd or snappy or none"):
        import_job(SAMPLE, tmp_path, sink="parquet", sink_options={"compression": "lz4"})
    assert list(tmp_path.iterdir()) == []


def test_duckdb_polars_and_pandas_read_a_job(job: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is in the extra 'analysis'")
    duckdb = pytest.importorskip("duckdb", reason="duckdb is in the extra 'analysis'")
    polars = pytest.importorskip("polars", reason="polars is in the extra 'analysis'")
    pattern = f"{job}/resources/*/*.parquet"
    count = len(rows(job))
    assert duckdb.sql(f"SELECT count(*) FROM '{pattern}'").fetchall() == [(count,)]
    assert polars.scan_parquet(pattern).select(polars.len()).collect().item() == count
    read = [pandas.read_parquet(folder) for folder in (job / "resources").iterdir()]
    assert sum(map(len, read)) == count
    assert sorted(text for frame in read for text in frame["json"]) == sorted(
        row["json"] for row in rows(job)
    )
