"""Trials: real imports, looked on; what they took adds up, and what they did is what an import
does.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import pytest

from bulkfhir.engine import import_job
from bulkfhir.engine.errors import NotFound
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.measuring import sample
from bulkfhir.engine.measuring.bench_document import bench_document
from bulkfhir.engine.measuring.order import Order
from bulkfhir.engine.measuring.trial_process import run_trial


def line(kind, key, **members):
    return json.dumps({"resourceType": kind, "id": key, **members}).encode()


def observation(key):
    """A valid line of some 400 bytes."""
    text = f"Observation {key} " + "x" * 200
    code = {"text": text, "coding": [{"system": "http://loinc.org", "code": "29463-7"}]}
    return line("Observation", key, status="final", code=code)


@pytest.fixture
def export(write):
    """A folder of two types: every tenth Patient is refused, by the explainer."""
    patients = [
        line("Patient", f"p{n}", **({"birthDate": "1987-02-30"} if n % 10 == 0 else {}))
        for n in range(500)
    ]
    write("in/Patient.ndjson", patients)
    write("in/Observation.ndjson", [observation(f"o{n}") for n in range(3000)])
    return "in"


@pytest.fixture(autouse=True)
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def order(*sources, **given):
    return Order(sources=sources, choices=Choices(level=given.pop("level", "strict")), **given)


@pytest.mark.parametrize("workers", [1, 2])
def test_stages_and_waiting_of_every_worker_add_up_to_the_wall_time(export, workers, fork_server):
    trial = run_trial(order(export, workers=workers))
    assert trial.workers == len(trial.slots) == workers
    for slot in trial.slots:
        assert slot.wall == pytest.approx(trial.wall, rel=0.05)
        assert slot.waiting < trial.wall
    assert {"start", "read", "accept", "write", "commit", "publish", "place"} <= set(trial.stages)
    parts = trial.listing + trial.working + trial.publishing
    assert parts == pytest.approx(trial.wall, rel=0.05)
    assert trial.cpu > sum(spent.cpu for spent in trial.stages.values())


def test_lines_and_reasons_are_those_of_the_import(export):
    trial = run_trial(order(export, workers=1))
    result = import_job(export, "out", workers=1)
    assert (trial.lines, trial.rejected, trial.files) == (3500, 50, 2)
    reasons = {reason: found.lines for reason, found in trial.reasons.items()}
    assert reasons == dict(result.summary.fallbacks)
    explained = sum(found.spent.wall for found in trial.reasons.values())
    assert explained == pytest.approx(trial.stages["explain"].wall)


def test_what_is_written_is_what_an_import_writes_and_stays_where_it_was_asked_for(export, tree):
    run_trial(order(export, output="measured", workers=1))
    import_job(export, "out", workers=1)
    (measured,), (imported,) = Path("measured").iterdir(), Path("out").iterdir()
    assert "-FHIR_IMPORT-bench-strict-1-" in measured.name
    ours, theirs = tree(measured), tree(imported)
    assert ours.keys() == theirs.keys()
    for name in ours.keys() - {"Manifest.json"}:
        assert ours[name] == theirs[name]


def test_without_an_output_nothing_stays(export, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = sorted(tmp_path.rglob("*"))
    for share in (None, 0.01):
        run_trial(order(export, workers=1, share=share))
    assert sorted(tmp_path.rglob("*")) == before


def test_decompressing_is_a_stage_of_archives_alone(write):
    text = b"".join(observation(f"o{n}") + b"\n" for n in range(3000))
    (packed := Path("packed")).mkdir()
    (packed / "Observation.ndjson.gz").write_bytes(gzip.compress(text))
    write("plain/Observation.ndjson", text.splitlines())
    archive, plain = (run_trial(order(name, workers=1)) for name in ("packed", "plain"))
    assert archive.lines == plain.lines == 3000
    assert archive.stages["decompress"].cpu > 0
    assert "decompress" not in plain.stages
    assert archive.size < plain.size == len(text)


def test_the_sinks_work_is_measured_too(export, tmp_path):
    choices = Choices(sink="ndjson")
    trial = run_trial(Order(sources=(export,), choices=choices, output="out", workers=1))
    assert list(Path("out").rglob("Observation/*.ndjson"))
    assert trial.stages["write"].cpu > 0


def test_an_executor_of_another_kind_is_measured_alike(export):
    options = {"factory": "concurrent.futures:ThreadPoolExecutor", "max_workers": "2"}
    given = {"executor": "futures", "executor_options": options}
    trial = run_trial(order(export, workers=2, **given))
    assert (trial.executor, trial.workers, trial.lines) == ("futures", 2, 3500)
    for slot in trial.slots:
        assert slot.wall == pytest.approx(trial.wall, rel=0.05)
    assert run_trial(order(export, share=1.0, **given)).prediction.lines == 3500


def test_the_work_lies_where_it_was_asked_for_and_goes(export):
    choices = Choices(work_folder="work")
    run_trial(Order(sources=(export,), choices=choices, workers=1, share=0.5))
    assert [path for path in Path("work").rglob("*") if path.is_file()] == []


def test_a_job_that_cannot_begin_raises_what_an_import_raises():
    with pytest.raises(NotFound, match="no such file or folder"):
        run_trial(order("nowhere", workers=1))


class TestSample:
    """What a sample foretells, by counts: those of a full run are known."""

    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        monkeypatch.setattr(sample, "LEAST", 1 << 19)

    @pytest.fixture
    def large(self, write):
        write("in/Patient.ndjson", [line("Patient", f"p{n}") for n in range(20_000)])
        write("in/Observation.ndjson", [observation(f"o{n}") for n in range(12_000)])
        return "in"

    def test_lines_of_the_whole_are_foretold(self, large):
        trial = run_trial(order(large, workers=1, share=0.05, level="minimal"))
        assert trial.lines < 8_000
        assert trial.prediction.lines == pytest.approx(32_000, rel=0.03)
        assert trial.prediction.size == sum(
            path.stat().st_size for path in Path(large).glob("*.ndjson")
        )

    def test_only_the_ranges_that_were_drawn_are_read(self, large):
        trial = run_trial(order(large, workers=1, share=0.05, level="minimal"))
        assert trial.size == pytest.approx(1 << 19, rel=0.2)
        assert trial.files == 2

    def test_what_is_measured_whole_is_the_full_run(self, export):
        trial = run_trial(order(export, workers=1, share=1.0))
        assert trial.prediction.lines == trial.lines == 3500
        assert trial.prediction.spread == 0
        stages = sum(spent.cpu for spent in trial.prediction.stages.values())
        assert trial.prediction.cpu == pytest.approx(stages + trial.prediction.outside)
        assert trial.prediction.outside > 0

    def test_of_an_archive_the_beginning_foretells_the_whole(self, monkeypatch):
        monkeypatch.setattr(sample, "_ARCHIVE", 1 << 15)
        text = b"".join(observation(f"o{n * 7919}") + b"\n" for n in range(40_000))
        Path("a.ndjson.gz").write_bytes(gzip.compress(text, 1))
        trial = run_trial(order("a.ndjson.gz", workers=1, share=0.05, level="minimal"))
        assert trial.lines < 20_000
        assert trial.prediction.lines == pytest.approx(40_000, rel=0.05)
        assert trial.prediction.size == pytest.approx(len(text), rel=0.05)

    def test_a_sample_is_read_by_one_worker_whatever_is_asked_for(self, export):
        assert run_trial(order(export, workers=4, share=0.5)).workers == 1


def test_the_document_has_what_programs_ask_for(export):
    one = order(export, workers=1, share=1.0, seed=3)
    document = bench_document(one, 10, 2, [1, 4], [run_trial(one)])
    assert json.loads(json.dumps(document)) == document
    assert (document["bytes"], document["files"], document["seed"]) == (10, 2, 3)
    (trial,) = document["trials"]
    assert trial["linesPerSecond"] == trial["lines"] / trial["wallSeconds"]
    assert set(trial["prediction"]["wallSecondsByWorkers"]) == {"1", "4"}
