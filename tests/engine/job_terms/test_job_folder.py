"""The folder of a job: names in it, the checkpoint, and finding it again."""

from __future__ import annotations

import json
from array import array

import pytest

from bulkfhir.engine.errors import ConfigurationError
from bulkfhir.engine.figures.totals import Totals
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.job_terms.job_folder import RECORD, job_folder_name, part_uri
from bulkfhir.engine.job_terms.settings import Settings
from bulkfhir.engine.reading.sources import InputFile, Skipped, find_inputs
from bulkfhir.engine.sharding.checkpoint import Checkpoint, save_record
from bulkfhir.engine.sharding.plan import Plan
from bulkfhir.engine.sharding.shard import Break, Shard, ShardResult
from bulkfhir.engine.sharding.shard_list import ShardList
from bulkfhir.engine.storage import storage_for
from tests.engine.older_plans import in_layout_6

RESULT = ShardResult(
    12,
    7,
    Totals(scanned=7, rules={"error a": 1}, examples={"error a": ((12, 3),)}),
    (("SUCCESS", 90), ("FAILURE", 30)),
    Break("cut off", 400),
)


INPUTS = (
    InputFile("a.ndjson", "/in/a.ndjson", 9, "etag", "a.ndjson", None),
    InputFile("b.gz", "/in/b.gz", 9, "e", "b", None),
)
SHARDS = (
    Shard(0, 0, "/in/a.ndjson", "etag", 0, 9),
    Shard(1, 1, "/in/b.gz", "e", 0, None, "gz"),
)


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / job_folder_name("d" * 32, "job"))


@pytest.fixture
def plan(folder):
    checkpoint = Checkpoint(folder)
    choices = Choices(packages=("a#1", "b#2"), sink="ndjson", sink_options=(("compression", "gz"),))
    return Plan(
        Settings(choices, checkpoint.work_folder, folder),
        "file:///in/",
        INPUTS,
        (Skipped("log.ndjson", "a log"),),
        ShardList.of(INPUTS, SHARDS),
        array("q", [0]),
    )


def test_names_are_made_of_the_shard_alone(tmp_path):
    storage = storage_for(str(tmp_path))
    assert part_uri(storage, "/out/.work", 12, "SUCCESS") == "/out/.work/000012.SUCCESS"
    assert part_uri(storage, "/out/.work", 12, RECORD) == "/out/.work/000012.json"


def test_a_job_folder_is_no_input_of_the_next_job(tmp_path, folder):
    inside = tmp_path / job_folder_name("d" * 32, "job") / "resources"
    inside.mkdir(parents=True)
    (inside / "part.ndjson").write_bytes(b"{}\n")
    (tmp_path / "a.ndjson").write_bytes(b"{}\n")
    listing = find_inputs(tmp_path)
    assert [file.log_name for file in listing.inputs] == ["a.ndjson"]
    assert [skipped.reason for skipped in listing.skipped] == ["output of an import job"]


def test_a_plan_is_read_as_it_was_saved(folder, plan):
    checkpoint = Checkpoint(folder)
    assert checkpoint.load() is None
    checkpoint.save(plan)
    assert Checkpoint(folder).load() == plan


def test_finished_shards_are_read_as_they_were_saved(folder, plan):
    checkpoint = Checkpoint(folder)
    assert list(checkpoint.results()) == []
    checkpoint.save(plan)
    save_record(plan.settings, [RESULT])
    assert list(checkpoint.results()) == [RESULT]
    checkpoint.delete()
    assert checkpoint.load() is None
    assert list(checkpoint.results()) == []


@pytest.mark.parametrize("version", [2, 99])
def test_a_plan_of_a_layout_that_nobody_knows_is_refused(tmp_path, folder, plan, version):
    checkpoint = Checkpoint(folder)
    checkpoint.save(plan)
    (path,) = tmp_path.glob("*/.work/plan.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": version}))
    with pytest.raises(ConfigurationError, match="begun by another version of bulkfhir"):
        checkpoint.load()


def test_a_plan_of_0_1_0_that_had_limits_still_has_them(tmp_path, folder, plan):
    """Layout 3: choices beside the folders, and the largest Binary in place of the limits."""
    checkpoint = Checkpoint(folder)
    checkpoint.save(plan)
    (path,) = tmp_path.glob("*/.work/plan.json")
    data = in_layout_6(json.loads(path.read_text()))
    settings = data["settings"] | data["settings"].pop("choices")
    del settings["limits"], settings["sink_options"], settings["secret"], data["groups"]
    data |= {"version": 3, "settings": settings | {"max_binary": 164_000_000}}
    path.write_text(json.dumps(data))
    choices = checkpoint.load().settings.choices
    assert choices == Choices(packages=("a#1", "b#2"), sink="ndjson", limits="healthlake")
