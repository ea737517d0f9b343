"""Parts: what a shard leaves behind, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bulkfhir.engine.across.keys import read_segments
from bulkfhir.engine.figures.totals import Totals
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.job_terms.settings import Settings
from bulkfhir.engine.reading.lines import Lines
from bulkfhir.engine.sharding.shard import Shard, ShardResult
from bulkfhir.engine.storage import storage_for
from bulkfhir.engine.writing import parts as parts_module
from bulkfhir.engine.writing.finding_rows import decode_findings
from bulkfhir.engine.writing.group_parts import open_parts
from bulkfhir.engine.writing.parts import open_sink
from bulkfhir.validators import Block, BlockVerdicts, Issue, Verdict

DATA = b"".join(b'{"resourceType":"Patient","id":"p%d"}\n' % number for number in range(4))
LINES = Lines(DATA, 0, 100, 4)
ERROR = Issue("error", "value", "a-rule", "Patient.x", "wrong")
WARNING = Issue("warning", "value", "b-rule", "Patient.y", "odd")
IMPORTED = ShardResult(3, 104, Totals(scanned=4, imported=4))


@pytest.fixture
def settings(tmp_path):
    """Settings of a job whose folder is the test's."""

    def of(job=True, **choices):
        folder = str(tmp_path) if job else None
        return Settings(Choices(**choices), str(tmp_path / ".work"), folder)

    return of


def shard(index):
    return Shard(index, 0, "/in/a.ndjson", "etag", 0, None)


def begun(settings, index):
    """The parts of a group whose first shard has begun."""
    parts = open_parts(settings, index)
    parts.begin(shard(index))
    return parts


def ended(parts, *results):
    """The results of one shard or of several, once the parts are committed."""
    return parts.commit([parts.end(result) for result in results])


def judged(verdicts=None, failed=(), crashed=()):
    numbers, starts, ends = map(list, zip(*Block(DATA).lines(), strict=True))
    return BlockVerdicts(
        numbers,
        starts,
        ends,
        ["Patient"] * 4,
        [f"p{number}" for number in range(4)],
        {
            place: Verdict("Patient", f"p{place}", [issue])
            for place, issue in (verdicts or {}).items()
        },
        frozenset(failed),
        frozenset(crashed),
    )


def written(tree, folder):
    return {name: data for name, data in tree(folder).items() if "partial" not in name}


def test_nothing_counts_before_the_commit_and_the_record_is_the_last(
    settings, tree, tmp_path, monkeypatch
):
    there = set()

    def save(*given):
        there.update(written(tree, tmp_path))
        save_record(*given)

    save_record = parts_module.save_record
    monkeypatch.setattr(parts_module, "save_record", save)
    parts = begun(settings(sink="ndjson"), 3)
    assert parts.write(LINES, judged()) == 0
    assert written(tree, tmp_path) == {}
    (result,) = ended(parts, IMPORTED)
    files = written(tree, tmp_path)
    assert sorted(files) == [
        ".work/000003.SUCCESS",
        ".work/000003.json",
        ".work/000003.keys",
        "resources/Patient/part-000003.ndjson",
    ]
    record = json.loads(files[".work/000003.json"])
    assert [ShardResult.from_json(entry) for entry in record["shards"]] == [result]
    assert result.pieces == (("SUCCESS", len(files[".work/000003.SUCCESS"])),)
    assert record["sizes"] == [
        [name, len(files[f".work/000003.{name}"])] for name in ("SUCCESS", "keys")
    ]
    assert files["resources/Patient/part-000003.ndjson"] == DATA
    assert there == files.keys() - {".work/000003.json"}


def test_an_aborted_group_leaves_nothing(settings, tree, tmp_path):
    parts = begun(settings(sink="ndjson"), 3)
    parts.write(LINES, judged({0: ERROR}, failed=[0]))
    parts.abort()
    assert tree(tmp_path) == {}


def test_each_line_is_in_the_log_it_belongs_to(settings, tree, tmp_path):
    parts = begun(settings(), 0)
    parts.write(LINES, judged({1: ERROR, 2: ERROR}, failed=[1], crashed=[2]))
    ended(parts, IMPORTED)
    success, failure = (
        [json.loads(line) for line in (tmp_path / f".work/000000.{name}").open()]
        for name in ("SUCCESS", "FAILURE")
    )
    assert [line["lineId"] for line in success] == [101, 104]
    assert [(line["lineId"], line["UpdateResourceResponse"]["statusCode"]) for line in failure] == [
        (102, 400),
        (103, 500),
    ]


def test_minimal_logs_a_warning_apart_and_stores_the_line_with_it(settings, tmp_path):
    parts = begun(settings(level="minimal", sink="ndjson"), 0)
    assert parts.write(LINES, judged({1: WARNING})) == 1
    ended(parts, IMPORTED)
    name = "SUCCESS_WITH_SEARCH_VALIDATION_FAILURES"
    (warned,) = [json.loads(line) for line in (tmp_path / f".work/000000.{name}").open()]
    assert (warned["lineId"], warned["UpdateResourceResponse"]["statusCode"]) == (102, 200)
    assert (tmp_path / ".work/000000.SUCCESS").read_bytes().count(b"\n") == 3
    stored = (tmp_path / "resources/Patient/part-000000.ndjson").read_bytes().splitlines()
    assert [b"validation-issue" in line for line in stored] == [False, True, False, False]


def test_a_shard_of_rejected_lines_has_no_keys(settings, tree, tmp_path):
    parts = begun(settings(), 0)
    parts.write(LINES, judged(dict.fromkeys(range(4), ERROR), failed=range(4)))
    ended(parts, ShardResult(0, 104, Totals(scanned=4, customer_errors=4)))
    assert sorted(tree(tmp_path)) == [".work/000000.FAILURE", ".work/000000.json"]


def test_keys_stand_with_the_lines_of_the_shard(settings, tmp_path):
    parts = begun(settings(), 0)
    parts.write(LINES, judged({1: ERROR}, failed=[1]))
    ended(parts, IMPORTED)
    storage = storage_for(str(tmp_path))
    (segment,) = read_segments(storage, str(tmp_path / ".work/000000.keys"))
    assert sorted(segment.lines.cast("I")) == [100, 102, 103]


def test_the_shards_of_a_group_share_their_parts(settings, tmp_path):
    parts = begun(settings(sink="ndjson"), 3)
    parts.write(LINES, judged({1: ERROR}, failed=[1]))
    first = parts.end(IMPORTED)
    parts.begin(shard(4))
    parts.write(LINES, judged())
    results = parts.commit([first, parts.end(replace(IMPORTED, index=4))])
    assert [result.part for result in results] == [3, 3]
    success = (tmp_path / ".work/000003.SUCCESS").read_bytes()
    one, two = (dict(result.pieces)["SUCCESS"] for result in results)
    assert one + two == len(success)
    assert [name for name, _ in results[1].pieces] == ["SUCCESS"]
    assert success[:one].count(b"\n") == 3
    (segment,) = read_segments(storage_for(str(tmp_path)), str(tmp_path / ".work/000003.keys"))
    assert sorted(segment.lines.cast("I")) == [100, 102, 103, 204, 205, 206, 207]
    assert (tmp_path / "resources/Patient/part-000003.ndjson").read_bytes().count(b"\n") == 7


def test_findings_are_the_verdicts_that_have_issues(settings, tmp_path):
    parts = begun(settings(job=False), 0)
    parts.write(LINES, judged())
    parts.write(LINES, judged({2: ERROR}, failed=[2]))
    ended(parts, IMPORTED)
    (row,) = (tmp_path / ".work/000000.findings").open("rb")
    ((line, offset, verdict),) = decode_findings(row)
    assert (line, offset, verdict.issues) == (
        102,
        DATA.index(b'{"resourceType":"Patient","id":"p2'),
        [ERROR],
    )


def test_there_is_a_sink_only_where_one_is_named(settings):
    assert open_sink(settings()) is None
    assert open_sink(settings(job=False, sink="ndjson")) is None
    assert open_sink(settings(sink="ndjson")) is open_sink(settings(sink="ndjson"))
