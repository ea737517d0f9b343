"""A job is one commit to each of its tables: on disk, by the libraries themselves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pyarrow as pa
import pytest

from bulkfhir.engine.arrays import Share, merge_array, plan_array, run_share
from bulkfhir.engine.cli.program import run as run_command
from bulkfhir.engine.errors import ConfigurationError, EngineError
from bulkfhir.engine.job import job_run
from bulkfhir.engine.job.importing import import_job
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.job_terms.job_status import JobStatus
from bulkfhir.engine.stored_tables import publication
from tests.engine.stored_tables.conftest import iceberg_catalog
from tests.late import Late

duckdb, pl = Late("duckdb"), Late("polars")

pytestmark = pytest.mark.long


def genders(seen):
    return {key: resource.get("gender") for key, resource in seen.rows}


def test_the_last_line_of_an_id_wins_within_a_job_and_across_jobs(run, see, patient):
    lines = [patient(str(number), gender="male") for number in range(6)]
    run("one", [*lines, patient("3", gender="female")], shard_bytes=100)
    assert genders(see()) == dict.fromkeys("01245", "male") | {"3": "female"}
    run("two", [patient("0", gender="other"), patient("9"), patient("0", gender="unknown")])
    seen = see()
    assert len(seen.rows) == 7
    assert genders(seen)["0"] == "unknown"
    assert seen.jobs == ["one", "two"]


def test_a_table_for_each_type(run, see, patient):
    run(
        "one",
        [
            patient("1"),
            json.dumps({"resourceType": "Basic", "id": "1", "code": {"text": "x"}}).encode(),
        ],
    )
    assert [key for key, _ in see("patient").rows] == ["1"]
    assert see("basic").rows == [("1", {"resourceType": "Basic", "id": "1", "code": {"text": "x"}})]


def test_what_is_already_there_makes_no_version(run, see, patient):
    lines = [patient(str(number)) for number in range(5)]
    run("one", lines)
    run("two", lines[:3])
    assert see().versions == 1
    run("three", [*lines[1:4], patient("new")])
    seen = see()
    assert (seen.versions, len(seen.rows)) == (2, 6)


def test_a_job_without_accepted_lines_makes_no_table(run, tmp_path):
    assert run("one", [b"no json"]).status is JobStatus.COMPLETED_WITH_ERRORS
    assert not (tmp_path / "out/tables").exists() or not [
        *(tmp_path / "out/tables").rglob("*.parquet")
    ]


def test_publishing_again_makes_no_version(run, see, write, patient, monkeypatch):
    lines = [patient(str(number)) for number in range(5)]
    source = write("a.ndjson", lines)
    with monkeypatch.context() as patch:

        def stopped(*_):
            raise EngineError("the machine stops here")

        patch.setattr(job_run.Manifest, "of", stopped)
        assert run("one", [], source=source).status is JobStatus.FAILED
    before = see()
    assert before.versions == 1
    result = run("one", [], source=source, resume=True)
    assert result.status is JobStatus.COMPLETED
    assert see() == before


def test_a_job_whose_folder_was_deleted_does_not_count_as_done(run, patient, tmp_path):
    result = run("one", [patient("1")])
    shutil.rmtree(result.job_folder.removeprefix("file://"))
    with pytest.raises(ConfigurationError, match=r"has this job already: choose another job id$"):
        run("one", [patient("2")])


def test_append_keeps_all_and_current_has_the_last(run, see, patient):
    options = {"table_options": {"mode": "append"}}
    run(
        "one", [patient("1", gender="male"), patient("2"), patient("1", gender="female")], **options
    )
    run("two", [patient("1", gender="other")], **options)
    assert [key for key, _ in see("patient").rows] == ["1", "1", "1", "2"]
    assert genders(see("patient_current")) == {"1": "other", "2": None}
    assert see("patient").versions == see("patient_current").versions == 2


def test_names_of_tables_are_chosen(run, form, patient, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {"location": "lake", "namespace": "ours", "prefix": "raw_"}
    run("one", [patient("1")], table_options=options)
    if form == "iceberg":
        table = iceberg_catalog(tmp_path / "lake/catalog.db").load_table("ours.raw_patient")
        assert table.location() == str(tmp_path / "lake/ours/raw_patient")
    else:
        assert (tmp_path / "lake/ours/raw_patient/_delta_log").is_dir()


def add_column(form, tmp_path, name, kind):
    """Add a column to the table, as another program would."""
    folder = tmp_path / "out/tables"
    if form == "iceberg":
        from pyiceberg.types import IntegerType, StringType

        kinds = {"string": StringType(), "int": IntegerType()}
        table = iceberg_catalog(folder / "catalog.db").load_table("fhir.patient")
        with table.update_schema() as update:
            update.add_column(name, kinds[kind])
    else:
        from deltalake import DeltaTable, Field
        from deltalake.schema import PrimitiveType

        kinds = {"string": "string", "int": "integer"}
        table = DeltaTable(str(folder / "fhir/patient"))
        table.alter.add_columns([Field(name, PrimitiveType(kinds[kind]), True)])


def test_a_column_of_others_stays(run, see, form, patient, tmp_path):
    run("one", [patient("1"), patient("2")])
    add_column(form, tmp_path, "tenant", "string")
    run("two", [patient("1", gender="male")])
    seen = see()
    assert genders(seen) == {"1": "male", "2": None}
    assert seen.arrow["tenant"].to_pylist() == [None, None]


def with_column(monkeypatch, name, kind):
    """Let the sink have a column more."""
    from bulkfhir.engine.sinks import parquet, parquet_rows

    plain, table = parquet_rows.schema, parquet_rows.ParquetRows.table

    def more():
        return plain().append(pa.field(name, kind))

    def rows(self):
        with monkeypatch.context() as patch:
            patch.setattr(parquet_rows, "schema", plain)
            made = table(self)
        return made.append_column(pa.field(name, kind), pa.array(range(len(made)), kind))

    monkeypatch.setattr(parquet, "schema", more)
    monkeypatch.setattr(publication, "schema", more)
    monkeypatch.setattr(parquet_rows.ParquetRows, "table", rows)


def test_a_new_column_is_added(run, see, patient, monkeypatch):
    run("one", [patient("1"), patient("2")])
    with_column(monkeypatch, "score", pa.int64())
    run("two", [patient("2", gender="male"), patient("3")])
    seen = see()
    scores = dict(zip(seen.arrow["id"].to_pylist(), seen.arrow["score"].to_pylist(), strict=True))
    assert scores == {"1": None, "2": 0, "3": 1}
    assert seen.versions == 2


def test_a_type_that_changed_is_one_sentence_before_the_job_begins(
    run, see, form, write, patient, tmp_path, monkeypatch, capsys
):
    run("one", [patient("1")])
    add_column(form, tmp_path, "score", "int")
    with_column(monkeypatch, "score", pa.string())
    source = write("b.ndjson", [patient("2")])
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    arguments = ["import", str(source), "--output", str(tmp_path / "out"), "--table", form]
    assert run_command([*arguments, "--job-id", "two"]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"bulkfhir: the {form} table fhir.patient: column score is int")
    assert said.endswith(" there, and string in what is imported")
    assert not [*(tmp_path / "out").glob("*-two")]
    assert see().versions == 1


def test_both_jobs_land_when_another_one_commits_between(run, see, patient, tmp_path, monkeypatch):
    run("one", [patient("1", gender="male"), patient("2", gender="male")])
    compared, others = publication.RowChanges, iter(["two", "three"])

    class Disturbed(compared):
        def __exit__(self, *raised):
            super().__exit__(*raised)
            if name := next(others, None):
                monkeypatch.setattr(publication, "RowChanges", compared)
                run(name, [patient("1", gender="female"), patient(name)])
                monkeypatch.setattr(publication, "RowChanges", Disturbed)

    monkeypatch.setattr(publication, "RowChanges", Disturbed)
    run("late", [patient("1", gender="other"), patient("4")])
    seen = see()
    assert genders(seen) == {"1": "other", "2": "male", "two": None, "three": None, "4": None}
    assert seen.jobs == ["one", "two", "three", "late"]
    kept = [*(tmp_path / "out/tables").rglob("kept-*.parquet")]
    assert len(kept) == 3, "what was written for a commit that came too late is deleted"


def test_duckdb_and_polars_read_it(run, see, form, patient, tmp_path):
    run("one", [patient("1", gender="male"), patient("2")])
    run("two", [patient("1", gender="female")])
    folder = tmp_path / "out/tables"
    if form == "iceberg":
        table = iceberg_catalog(folder / "catalog.db").load_table("fhir.patient")
        frame = pl.scan_iceberg(table).select("id").collect()
        rows = (
            table.scan().to_duckdb("patient").sql("SELECT id FROM patient ORDER BY id").fetchall()
        )
    else:
        frame = pl.scan_delta(str(folder / "fhir/patient")).select("id").collect()
        patients = see().arrow  # noqa: F841 DuckDB finds it by its name
        rows = duckdb.sql("SELECT id FROM patients ORDER BY id").fetchall()
    assert sorted(frame["id"]) == ["1", "2"]
    assert rows == [("1",), ("2",)]


def referring(*keys):
    """Return lines, each of which refers to a Patient of that id."""
    return [
        json.dumps(
            {
                "resourceType": "Basic",
                "id": key,
                "code": {"text": "x"},
                "subject": {"reference": f"Patient/{key}"},
            }
        ).encode()
        for key in keys
    ]


@pytest.fixture(scope="module")
def referred(tmp_path_factory):
    """The folder of tables of either format, which nobody changes: two Patients, and a Basic that
    refers to one.
    """
    made = {}

    def of(form):
        if form not in made:
            folder = tmp_path_factory.mktemp(form)
            patients = [
                json.dumps({"resourceType": "Patient", "id": key}).encode() for key in ("1", "2")
            ]
            for name, lines in (("one", patients), ("one-more", referring("2"))):
                (folder / f"{name}.ndjson").write_bytes(b"\n".join(lines))
                options = {"level": "structure-only", "workers": 1, "job_id": name, "table": form}
                import_job(folder / f"{name}.ndjson", folder / "out", **options)
            made[form] = folder / "out/tables"
        return made[form]

    return of


@pytest.mark.parametrize("place", ["out/tables", "out/tables/fhir", "out/tables/fhir/patient"])
def test_checks_read_ids_from_a_table(run, referred, form, place):
    options = {"checks": True, "targets": [referred(form).parents[1] / place], "table": None}
    result = run("two", referring("1", "2", "3"), **options)
    assert result.summary.checks.counts["reference-missing"] == 1


@pytest.mark.parametrize("form", ["iceberg"], indirect=True)
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("bulkfhir", "references: 2 lead to a resource, 1 to none"),
        ("bulkfhir/fhir/patient", "references: 2 lead to a resource, 1 to none"),
        ("bulkfhir/fhir/basic", "references: 3 to none"),
        ("{file}/fhir", "references: 2 lead to a resource, 1 to none"),
        ("bulkfhir/nothing", "iceberg:bulkfhir/nothing: there is no such table"),
    ],
)
def test_checks_read_ids_by_a_catalogue(referred, form, write, place, said, monkeypatch, capsys):
    """pyiceberg reads its settings once in a process; they are read again here."""
    from pyiceberg import catalog
    from pyiceberg.utils.config import Config

    file = referred(form) / "catalog.db"
    source = str(write("two.ndjson", referring("1", "2", "3")))
    monkeypatch.setenv("PYICEBERG_CATALOG__BULKFHIR__TYPE", "sql")
    monkeypatch.setenv("PYICEBERG_CATALOG__BULKFHIR__URI", f"sqlite:///{file}")
    monkeypatch.setattr(catalog, "_ENV_CONFIG", Config())
    target = f"iceberg:{place.format(file=file)}"
    capsys.readouterr()
    run_command(["validate", source, "--level", "structure-only", "--checks", "--target", target])
    shown = capsys.readouterr()
    assert said in shown.out + shown.err
    assert "Traceback" not in shown.err


def test_orphans_are_named_and_removed(run, see, form, patient, tmp_path, capsys):
    run("one", [patient("1"), patient("2")])
    run("two", [patient("1", gender="male")])
    place = tmp_path / "out/tables/fhir/patient/data/kept-0.parquet"
    place.write_bytes(b"left")
    before = see()
    arguments = ["tables", "orphans", str(tmp_path / "out/tables"), "--table", form]
    assert run_command(arguments) == 0
    assert capsys.readouterr().out.split() == ["4", str(place)]
    assert run_command([*arguments, "--remove"]) == 0
    assert not place.exists()
    capsys.readouterr()
    assert run_command(arguments) == 0
    assert capsys.readouterr().out == ""
    assert see() == before


def test_files_of_a_table_that_is_not_known_are_no_orphans(
    run, see, form, patient, tmp_path, capsys
):
    run("one", [patient("1"), patient("2")])
    run("two", [patient("1", gender="male")])
    before, folder = see(), tmp_path / "out/tables"
    other = {"iceberg": "delta", "delta": "iceberg"}[form]
    iceberg_catalog(tmp_path / "other.db", warehouse=str(folder))
    strange = ["tables", "orphans", str(folder), "--remove", "--table"]
    asked = [[*strange, "iceberg", "--table-opt", f"sqlite={tmp_path}/other.db"]]
    if other == "delta":
        asked.append([*strange, other])
    for arguments in asked:
        assert run_command(arguments) == 2
        assert "its files cannot be told from orphans" in capsys.readouterr().err
    assert see() == before


def test_orphans_of_no_catalogue_are_not_looked_for(tmp_path, capsys):
    assert run_command(["tables", "orphans", str(tmp_path), "--table", "iceberg"]) == 2
    assert "catalog.db: there is no such catalogue" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_a_table_stays_in_the_mode_that_it_was_made_in(run, see, form, patient):
    append = {"table_options": {"mode": "append"}}
    run("one", [patient("1")])
    with pytest.raises(ConfigurationError, match=r"table fhir\.patient is kept by mode=upsert"):
        run("two", [patient("1")], **append)
    prefixed = {"mode": "append", "prefix": "all_"}
    run("three", [patient("1")], table_options=prefixed)
    run("four", [patient("1", gender="other")], table_options=prefixed)
    with pytest.raises(ConfigurationError, match=r"fhir\.all_patient is kept by mode=append"):
        run("five", [patient("2")], table_options={"prefix": "all_"})
    assert genders(see("all_patient_current")) == {"1": "other"}


def test_a_library_that_is_missing_is_one_sentence(run, form, patient, tmp_path, monkeypatch):
    library = {"iceberg": "pyiceberg", "delta": "deltalake"}[form]
    from bulkfhir.engine.stored_tables import table_wish

    monkeypatch.setattr(table_wish, "find_spec", lambda name: None if name == library else True)
    with pytest.raises(ConfigurationError) as refused:
        run("one", [patient("1")])
    assert str(refused.value) == (
        f"{form} tables are written by {library}, which is not installed: "
        f"pip install 'bulkfhir[{form}]'"
    )


def test_a_table_whose_files_do_not_say_all_is_refused(run, form, patient, tmp_path):
    folder = tmp_path / "out/tables"
    folder.mkdir(parents=True)
    schema = pa.schema([pa.field("id", pa.string()), pa.field("json", pa.string())])
    if form == "iceberg":
        catalog = iceberg_catalog(folder / "catalog.db", warehouse=str(folder))
        catalog.create_namespace("fhir")
        with catalog.create_table("fhir.patient", schema).update_spec() as update:
            update.add_identity("id")
    else:
        from deltalake import DeltaTable

        DeltaTable.create(str(folder / "fhir/patient"), schema, partition_by=["id"])
    result = run("one", [patient("1")])
    assert (result.status, result.message) == (
        JobStatus.FAILED,
        f"the {form.capitalize()} table fhir.patient is partitioned: not written",
    )


def test_two_processes_commit_at_once(run, see, form, write, patient, tmp_path):
    run("one", [patient(str(number), gender="male") for number in range(50)])
    jobs = []
    for name in ("two", "three"):
        lines = [patient(str(number), gender="female") for number in range(25)]
        source = write(f"{name}.ndjson", [*lines, patient(name)])
        command = ["import", str(source), "--output", str(tmp_path / "out"), "--job-id", name]
        chosen = ["--table", form, "--level", "structure-only", "--workers", "1", "--quiet"]
        program = (
            "import sys; from bulkfhir.engine.cli.program import run; sys.exit(run(sys.argv[1:]))"
        )
        environment = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}
        jobs.append(
            subprocess.Popen([sys.executable, "-c", program, *command, *chosen], env=environment)
        )
    assert [job.wait() for job in jobs] == [0, 0]
    seen = see()
    assert len(seen.rows) == 52
    assert list(genders(seen).values()).count("female") == 25
    assert sorted(seen.jobs) == ["one", "three", "two"]


def test_an_array_job_commits_when_it_is_merged(run, see, form, write, patient, tmp_path):
    run("one", [patient("1", gender="male"), patient("2")])
    source = write("b.ndjson", [patient("1", gender="female"), patient("3")])
    choices = Choices(level="structure-only", table=form)
    job = plan_array(source, tmp_path / "out", choices, job_id="two", workers=1)
    run_share(job, Share(), workers=1)
    assert see().versions == 1
    _, result = merge_array(job, workers=1)
    assert result.status is JobStatus.COMPLETED
    assert genders(see()) == {"1": "female", "2": None, "3": None}
    assert see().jobs == ["one", "two"]
