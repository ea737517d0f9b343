"""Choices: one record, whole wherever it is carried, and refused where it cannot work."""

from __future__ import annotations

import concurrent.futures
import gzip
import inspect
import itertools
import json
import os
import pickle
from dataclasses import fields
from typing import get_args

import pytest
import zstandard

from bulkfhir.engine import ConfigurationError, JobStatus, import_job, validate_files
from bulkfhir.engine.cli.import_job import command as import_command
from bulkfhir.engine.cli.validate import command as validate_command
from bulkfhir.engine.job_terms.job_choices import LEVELS, Choices
from bulkfhir.engine.jobs import RunOptions
from bulkfhir.validators import Level

CHOSEN = Choices(
    level="minimal",
    packages=("a#1",),
    validators=("x", "y"),
    sink="ndjson",
    sink_options=(("compression", "gz"),),
    values=False,
)
NAMES = {item.name for item in fields(Choices)}
OUTPUT_ONLY = {
    "sink",
    "sink_options",
    "table",
    "table_options",
    "rejected",
    "limits",
    "encryption_key_id",
    "work_folder",
}


@pytest.fixture
def run(tmp_path, toys):
    """Runs a job and answers its result and its folder."""
    numbers = itertools.count()

    def import_it(source, **options):
        output = tmp_path / f"out{next(numbers)}"
        result = import_job(source, output, **{"judge": "toy", "workers": 1} | options)
        (folder,) = output.glob("*-FHIR_IMPORT-*")
        return result, folder

    return import_it


def test_levels_are_those_of_the_validators():
    assert get_args(Level) == LEVELS


def test_every_choice_is_a_keyword_of_the_calls_and_an_option_of_the_commands():
    assert set(inspect.signature(import_job).parameters) >= NAMES
    assert set(inspect.signature(validate_files).parameters) >= NAMES - OUTPUT_ONLY
    options = {parameter.name for parameter in import_command.params}
    assert options >= NAMES - {"values"} | {"no_values"}
    options = {parameter.name for parameter in validate_command.params}
    assert options >= NAMES - OUTPUT_ONLY - {"values"} | {"no_values"}


@pytest.mark.parametrize("record", [Choices(), CHOSEN], ids=["defaults", "chosen"])
def test_choices_cross_a_process_boundary_whole(record):
    assert pickle.loads(pickle.dumps(record)) == record
    assert Choices.from_json(json.loads(json.dumps(record.to_json()))) == record
    hash(record)
    run = RunOptions(workers=2, choices=record)
    assert RunOptions.from_json(json.loads(json.dumps(run.to_json()))) == run


@pytest.mark.parametrize(
    ("choices", "foreign"),
    [
        pytest.param(Choices(), False, id="no sink"),
        pytest.param(Choices(sink="ndjson"), False, id="ndjson"),
        pytest.param(Choices(sink="parquet"), False, id="parquet"),
        pytest.param(Choices(table="delta"), False, id="table"),
        pytest.param(Choices(sink="toy"), True, id="toy sink"),
        pytest.param(Choices(judge="toy"), True, id="toy judge"),
        pytest.param(Choices(validators=("toy",)), True, id="toy beside"),
    ],
)
def test_only_what_others_have_written_runs_in_a_process_that_can_be_killed(choices, foreign):
    assert choices.plug_ins is foreign


def test_a_choice_that_an_older_plan_does_not_have_is_as_it_was_then():
    assert Choices.from_json({"level": "minimal"}) == Choices(level="minimal")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": "lax"}, "lax: no such level; levels are strict, structure-only, minimal"),
        ({"unknown_profile": "panic"}, "panic: an unknown profile can be an error"),
        ({"limits": "some"}, "some: limits are healthlake or none"),
        ({"sink_options": {"compression": "gz"}}, "compression: an option of no sink"),
        ({"table_options": {"mode": "append"}}, "mode: an option of no table"),
        ({"table": "hudi"}, "hudi: tables are iceberg or delta"),
        ({"table": "delta", "sink": "ndjson"}, "ndjson: a table is made of the parts of the sink"),
        (
            {"table": "delta", "table_options": {"sqlite": "x"}},
            "sqlite: delta tables have no such option; they have mode, location, namespace, prefix",
        ),
        (
            {"table": "iceberg", "table_options": {"mode": "merge"}},
            "merge: the mode of a table is upsert or append",
        ),
        (
            {"table": "iceberg", "table_options": {"prefix": "A'B"}},
            "A'B: the prefix of tables is made of up to 64 of a to z, 0 to 9 and _",
        ),
        (
            {"table": "iceberg", "table_options": {"sqlite": "x", "catalog": "y"}},
            "catalog and sqlite both say where the catalogue is: give one",
        ),
        (
            {"table": "iceberg", "table_options": {"sqlite": "s3://bucket/x.db"}},
            "s3://bucket/x.db: SQLite's file lies on this machine",
        ),
        (
            {"sink": "ndjson", "sink_options": {"compress": "gz"}},
            "compress: the sink ndjson has no such option; it has compression",
        ),
        (
            {"sink": "ndjson", "sink_options": {"compression": "lz4"}},
            "the sink ndjson: lz4: the compression of parts is none or gz or zst",
        ),
        (
            {"executor_options": {"speed": 3}},
            "speed: the executor local has no such option; it has nice",
        ),
        ({"executor_options": {"nice": -1}}, "nice -1: a whole number from 0 to 19 is needed"),
        (
            {
                "executor": concurrent.futures.ThreadPoolExecutor(1),
                "executor_options": {"nice": 1},
            },
            "nice: an executor of your own takes no options from here",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_work_is_refused_in_one_sentence(write, patient, tmp_path, options, message):
    source = write("a.ndjson", [patient("1")])
    with pytest.raises(ConfigurationError) as refused:
        import_job(source, tmp_path / "out", **options)
    assert str(refused.value).startswith(message)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("compression", "read"),
    [
        ("none", lambda data: data),
        ("gz", gzip.decompress),
        ("zst", lambda data: zstandard.ZstdDecompressor().stream_reader(data).read()),
    ],
    ids=["none", "gz", "zst"],
)
def test_the_ndjson_sink_compresses_its_parts(run, write, patient, compression, read):
    lines = [patient(str(number)) for number in range(50)]
    source = write("a.ndjson", lines)
    options = {"sink": "ndjson", "sink_options": {"compression": compression}}
    _, folder = run(source, shard_bytes=1000, **options)
    _, again = run(source, shard_bytes=1000, **options)
    ending = "" if compression == "none" else f".{compression}"
    parts = sorted((folder / "resources/Patient").iterdir())
    assert len(parts) > 1
    assert [part.name for part in parts] == [
        f"part-{number:06d}.ndjson{ending}" for number in range(len(parts))
    ]
    assert b"".join(read(part.read_bytes()) for part in parts) == b"".join(
        line + b"\n" for line in lines
    )
    assert [part.read_bytes() for part in parts] == [
        part.read_bytes() for part in sorted((again / "resources/Patient").iterdir())
    ]


def test_workers_stand_back_as_far_as_they_are_told(run, write, patient, tmp_path):
    source = write("a.ndjson", [patient("1", nice=str(tmp_path / "nice"))])
    result, _ = run(source, judge="toy", workers=1, executor_options={"nice": 7})
    assert result.status is JobStatus.COMPLETED
    pid, niceness = (tmp_path / "nice").read_text().split()
    assert int(pid) != os.getpid()
    assert int(niceness) == min(os.nice(0) + 7, 19)
