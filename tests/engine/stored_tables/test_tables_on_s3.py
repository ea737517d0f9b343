"""Tables on S3: who writes what, by which credentials and by which key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bulkfhir.engine.errors import ConfigurationError
from bulkfhir.engine.job_terms.job_status import JobStatus
from tests.engine.stored_tables.conftest import see_delta, see_iceberg

pytestmark = pytest.mark.long

KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture
def options(form, tmp_path):
    """What has to be said of tables on S3."""
    return {"sqlite": str(tmp_path / "catalog.db")} if form == "iceberg" else {}


@pytest.fixture
def see(form, bucket, tmp_path, s3_environment):
    """Reads a table by its own library alone."""
    endpoint = s3_environment["AWS_ENDPOINT_URL_S3"]

    def table(name="patient"):
        if form == "iceberg":
            settings = {
                "s3.endpoint": endpoint,
                "s3.access-key-id": "test",
                "s3.secret-access-key": "test",
                "s3.region": "us-east-1",
            }
            return see_iceberg(tmp_path / "catalog.db", f"fhir.{name}", **settings)
        settings = {
            "aws_endpoint_url": endpoint,
            "aws_allow_http": "true",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "aws_region": "us-east-1",
        }
        return see_delta(f"{bucket}/out/tables/fhir/{name}", settings)

    return table


def objects(s3, bucket):
    found = s3.list_objects_v2(Bucket=bucket.removeprefix("s3://"))["Contents"]
    return [entry["Key"] for entry in found]


def test_a_second_job_changes_the_first_ones_rows(run, see, patient, bucket, options):
    chosen = {"output": f"{bucket}/out", "table_options": options}
    run("one", [patient("1", gender="male"), patient("2")], **chosen)
    run("two", [patient("1", gender="female"), patient("3")], **chosen)
    seen = see()
    assert {key: resource.get("gender") for key, resource in seen.rows} == {
        "1": "female",
        "2": None,
        "3": None,
    }
    assert seen.versions == 2
    run("three", [patient("3")], **chosen)
    assert see().versions == 2


def test_everything_is_encrypted_by_the_key(run, patient, s3, bucket, options):
    chosen = {
        "output": f"{bucket}/out",
        "table_options": options,
        "encryption_key_id": KEY,
    }
    run("one", [patient("1", gender="male"), patient("2")], **chosen)
    run("two", [patient("1", gender="female")], **chosen)
    keys = {
        key: s3.head_object(Bucket=bucket.removeprefix("s3://"), Key=key).get("SSEKMSKeyId")
        for key in objects(s3, bucket)
        if key.startswith("out/tables/")
    }
    assert len(keys) > 3
    assert set(keys.values()) == {KEY}


def test_credentials_are_those_that_boto3_finds(
    run, see, patient, s3, bucket, options, tmp_path, monkeypatch
):
    """Of a profile, of which the libraries themselves know nothing."""
    credentials = tmp_path / "credentials"
    credentials.write_text(
        "[lake]\naws_access_key_id = test\naws_secret_access_key = test\nregion = us-east-1\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_PROFILE", "lake")
    result = run("one", [patient("1")], output=f"{bucket}/out", table_options=options)
    assert result.status is JobStatus.COMPLETED
    monkeypatch.delenv("AWS_PROFILE")
    assert [key for key, _ in see().rows] == ["1"]


def test_iceberg_on_s3_asks_where_the_catalogue_is(run, form, patient, bucket):
    if form == "delta":
        pytest.skip("a Delta table is its own catalogue")
    with pytest.raises(ConfigurationError, match=r"is named by --table-opt sqlite=FILE"):
        run("one", [patient("1")], output=f"{bucket}/out")


def test_a_folder_that_stands_for_s3(run, form, patient, options, tmp_path, monkeypatch):
    root = tmp_path / "root"
    (root / "bucket").mkdir(parents=True)
    monkeypatch.setenv("BULKFHIR_S3_ROOT", str(root))
    monkeypatch.setattr("bulkfhir.engine.storage._s3", _folders(root))
    chosen = {"output": "s3://bucket/out", "table_options": options}
    if form == "delta":
        with pytest.raises(ConfigurationError, match=r"^Delta tables cannot be written where "):
            run("one", [patient("1")], **chosen)
        return
    run("one", [patient("1")], **chosen)
    assert [*(root / "bucket/out/tables/fhir/patient/metadata").iterdir()]


def _folders(root: Path):
    from bulkfhir.engine.storage.buckets import BucketFolders

    return lambda _key: BucketFolders(os.fspath(root))


GLUE = """
import sys
from pyiceberg.catalog import load_catalog
from bulkfhir.engine.cli.program import run

name, location, *arguments = sys.argv[1:]
for job in ("one", "two"):
    options = [f"--table-opt={option}" for option in (f"catalog={name}", f"location={location}")]
    chosen = ["--job-id", job, "--table", "iceberg", "--workers", "1", "--quiet", *options]
    code = run(["import", arguments.pop(0), "--level", "structure-only", *chosen, *arguments[-2:]])
    assert code == 0, code
table = load_catalog(name).load_table("fhir.patient")
print(sorted(table.scan().to_arrow()["id"].to_pylist()), len(table.snapshots()))
"""


def test_a_catalogue_of_pyicebergs_own_settings(write, patient, s3_environment, bucket, tmp_path):
    """Glue, of the S3 server's."""
    endpoint = s3_environment["AWS_ENDPOINT_URL_S3"]
    settings = {
        "TYPE": "glue",
        "GLUE__ENDPOINT": endpoint,
        "GLUE__REGION": "us-east-1",
        "S3__ENDPOINT": endpoint,
    }
    environment = (
        os.environ
        | s3_environment
        | {f"PYICEBERG_CATALOG__LAKE__{name}": value for name, value in settings.items()}
        | {"XDG_STATE_HOME": str(tmp_path / "state")}
    )
    sources = [
        write("a.ndjson", [patient("1"), patient("2")]),
        write("b.ndjson", [patient("2", gender="male"), patient("3")]),
    ]
    ran = subprocess.run(
        [sys.executable, "-c", GLUE, "lake", f"{bucket}/lake", *sources, "--output", f"{bucket}/o"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.splitlines() == ["['1', '2', '3'] 2"], ran.stderr
