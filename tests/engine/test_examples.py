"""docs/examples: what Airflow, Dagster and Lambda call is run without them; their own files too
where they are installed.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
SAMPLE = ROOT / "fixtures" / "sample" / "Patient.ndjson"
"""140 lines, of which 5 are rejected."""
NIGHT = "2026-11-02"


def example(name: str) -> ModuleType:
    """An example, imported from its file as its service does."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder of exports, one a night, where the examples look for it."""
    (tmp_path / "exports" / NIGHT).mkdir(parents=True)
    shutil.copy(SAMPLE, tmp_path / "exports" / NIGHT)
    monkeypatch.setenv("EXPORTS", str(tmp_path / "exports"))
    monkeypatch.setenv("RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("BULKFHIR_WORKERS", "1")
    monkeypatch.syspath_prepend(EXAMPLES)
    for name in ("nightly", "airflow_dag", "dagster_assets"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return str(tmp_path / "exports")


def test_a_night_is_imported(exports: str, tmp_path: Path) -> None:
    job = example("nightly").import_night(NIGHT, exports, f"{tmp_path}/results", most_rejected=0.05)
    assert job.job_folder.endswith(f"-FHIR_IMPORT-{NIGHT}/")
    assert [*tmp_path.glob("results/*/resources/Patient/*.parquet")]


def test_a_night_with_too_many_rejected_lines_stops(exports: str, tmp_path: Path) -> None:
    nightly = example("nightly")
    with pytest.raises(nightly.RejectedError, match="5 of 140 lines rejected: file:"):
        nightly.import_night(NIGHT, exports, f"{tmp_path}/results", most_rejected=0.03)


def test_a_night_that_is_not_there_is_a_mistake(exports: str, tmp_path: Path) -> None:
    from bulkfhir.engine import EngineError

    with pytest.raises(EngineError):
        example("nightly").import_night("2026-11-03", exports, f"{tmp_path}/results")


def event(bucket: str, *keys: str) -> dict[str, object]:
    """What S3 tells Lambda: keys are quoted as in a form."""
    name = bucket.removeprefix("s3://")
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "bucket": {"name": name},
                    "object": {"key": key, "sequencer": f"0055AED6DCD9028{number}"},
                },
            }
            for number, key in enumerate(keys)
        ]
    }


def test_lambda_imports_the_objects_of_an_event(
    s3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = bucket.removeprefix("s3://")
    data = SAMPLE.read_bytes()
    s3.put_object(Bucket=name, Key="in/two words+1.ndjson", Body=data)
    s3.put_object(Bucket=name, Key="in/clean.ndjson", Body=data.splitlines(keepends=True)[0])
    monkeypatch.setenv("RESULTS", f"{bucket}/results")
    told = example("lambda_handler").handler(
        event(bucket, "in/two+words%2B1.ndjson", "in/clean.ndjson"), None
    )
    assert [(one["clean"], one["accepted"]) for one in told] == [(False, 135), (True, 1)]
    assert told[0]["source"] == f"{bucket}/in/two words+1.ndjson"
    folder = told[0]["results"].removeprefix(f"{bucket}/")
    body = s3.get_object(Bucket=name, Key=f"{folder}FAILURE/two words+1.ndjson")["Body"].read()
    assert len(body.splitlines()) == 5


def test_lambda_imports_nothing_where_s3_tries_its_notification() -> None:
    tried = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "in"}
    assert example("lambda_handler").handler(tried, None) == []


def test_lambda_tries_an_event_again_whose_job_failed(
    s3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bulkfhir.engine import EngineError

    monkeypatch.setenv("RESULTS", f"{bucket}/results")
    with pytest.raises(EngineError):
        example("lambda_handler").handler(event(bucket, "in/gone.ndjson"), None)


def test_dagster_materializes_the_asset(exports: str) -> None:
    dagster = pytest.importorskip("dagster", reason="pip install dagster")
    assets = example("dagster_assets")
    with pytest.raises(dagster.Failure, match="5 of 140 lines rejected"):
        dagster.materialize([assets.fhir_resources], partition_key=NIGHT)


def test_airflow_runs_the_task_of_the_dag(
    exports: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    pytest.importorskip("airflow.sdk", reason="pip install apache-airflow")
    from airflow.sdk.exceptions import AirflowFailException

    (task,) = example("airflow_dag").dag_of_nights.tasks
    with pytest.raises(AirflowFailException, match="5 of 140 lines rejected"):
        task.python_callable(NIGHT)
