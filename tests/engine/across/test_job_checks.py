"""``checks`` of a job: the same findings for any workers and shards, resumed, on S3; a table, a
summary, an exit code, and never a verdict.
"""

from __future__ import annotations

import collections
import io
import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from bulkfhir.engine import EngineError, import_job, validate_files
from bulkfhir.engine.across import check_job, relation_columns
from bulkfhir.engine.across.check_job import findings_schema
from bulkfhir.engine.across.job_checks import CHECKS
from bulkfhir.engine.cli.program import run as bulkfhir
from bulkfhir.engine.errors import ConfigurationError, NothingToRead
from tests.engine.test_resuming import AtShards

pytestmark = pytest.mark.usefixtures("fork_server")

LINES = {
    "a.ndjson": [
        {"resourceType": "Patient", "id": "a", "managingOrganization": {"reference": "Group/g"}},
        {"resourceType": "Patient", "id": "b", "link": [{"other": {"reference": "Patient/z"}}]},
        {"resourceType": "Patient", "id": "bad", "bad": 1},
        {"resourceType": "Group", "id": "g"},
    ],
    "b.ndjson": [
        {"resourceType": "Basic", "id": "c", "subject": {"reference": "Patient/bad"}},
        {"resourceType": "Basic", "id": "d", "subject": {"reference": "Device/1"}},
        {"resourceType": "Patient", "id": "a", "identifier": [{"system": "s", "value": "1"}]},
        {"resourceType": "Patient", "id": "e", "identifier": [{"system": "s", "value": "1"}]},
    ],
}
FINDINGS = [
    ("reference-target", "Patient", "a", "a", 1, "Patient.managingOrganization", "Group/g"),
    ("reference-missing", "Patient", "b", "a", 2, "Patient.link.other", "Patient/z"),
    ("unreferenced", "Patient", "b", "a", 2, None, None),
    ("reference-rejected", "Basic", "c", "b", 1, "Basic.subject", "Patient/bad"),
    ("unreferenced", "Basic", "c", "b", 1, None, None),
    ("reference-type-absent", "Basic", "d", "b", 2, "Basic.subject", "Device/1"),
    ("unreferenced", "Basic", "d", "b", 2, None, None),
    ("duplicate-resource", "Patient", "a", "b", 3, None, None),
    ("unreferenced", "Patient", "a", "b", 3, None, None),
    ("duplicate-identifier", "Patient", "e", "b", 4, "Patient.identifier", "s|1 of Patient/a"),
    ("unreferenced", "Patient", "e", "b", 4, None, None),
]
ALL = [*FINDINGS[:1], ("unreferenced", "Patient", "a", "a", 1, None, None), *FINDINGS[1:]]


@pytest.fixture
def source(write, tmp_path):
    for name, lines in LINES.items():
        write(f"in/{name}", [json.dumps(line).encode() for line in lines])
    return tmp_path / "in"


@pytest.fixture
def run(tmp_path, toys):
    def job(source, output=tmp_path / "out", **options):
        return import_job(source, output, **({"judge": "toy", "workers": 1} | options))

    return job


def findings(data):
    """The rows of a table but for the offsets, files by their letter."""
    table = parquet.read_table(io.BytesIO(data))
    assert table.schema.equals(findings_schema())
    return [
        (*list(row.values())[:3], Path(row["file"]).stem, row["line"], row["path"], row["detail"])
        for row in table.to_pylist()
    ]


def codes(result):
    """The rows about codes, files by their letter."""
    table = parquet.read_table(io.BytesIO(table_of(result)))
    return [
        (
            *(row[name] for name in ("value_set", "system", "code", "count", "id")),
            Path(row["file"]).stem,
            row["line"],
        )
        for row in table.to_pylist()
        if row["check"] == "code-undecided"
    ]


def table_of(result):
    return Path(result.summary.checks.table.removeprefix("file://")).read_bytes()


@pytest.mark.parametrize("options", [{}, {"shard_bytes": 150}, {"shard_bytes": 90, "workers": 2}])
def test_findings_are_the_same_for_any_shards_and_workers(run, source, options):
    result = run(source, checks=True, **options)
    assert findings(table_of(result)) == ALL
    counted = collections.Counter(row[0] for row in ALL)
    assert result.summary.checks.counts == {name: counted[name] for name in CHECKS}
    (group,) = (one for one in result.summary.check_groups if one.check == "reference-rejected")
    assert (group.group, group.count) == ("Basic.subject → Patient", 1)
    assert [(Path(one.file).stem, one.line) for one in group.examples] == [("b", 1)]


@pytest.mark.parametrize("together", [1, 2, 5, 100])
def test_the_table_is_the_same_however_many_findings_are_sorted_at_once(
    run, source, monkeypatch, together
):
    monkeypatch.setattr(check_job, "_TOGETHER", together)
    assert findings(table_of(run(source, checks=True, shard_bytes=150))) == ALL


REASONS = "http://hl7.org/fhir/ValueSet/encounter-reason|4.0.1"
SNOMED = "http://snomed.info/sct"
SEEN = [
    (REASONS, SNOMED, "10509002", 3, "e0", "a", 1),
    (REASONS, SNOMED, "24079001", 1, "e3", "a", 4),
]
"""10509002 stands twice in e2; e1 has another, and is rejected."""


@pytest.fixture
def encounters(write, tmp_path):
    listed = ["10509002"], ["55822004"], ["10509002", "10509002"], ["24079001"]
    lines = [
        {
            "resourceType": "Encounter",
            "id": f"e{number}",
            "status": "no" if number == 1 else "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "reasonCode": [{"coding": [{"system": SNOMED, "code": code}]} for code in reasons],
        }
        for number, reasons in enumerate(listed)
    ]
    return write("coded/a.ndjson", [json.dumps(line).encode() for line in lines])


@pytest.mark.parametrize(
    "options",
    [{}, {"shard_bytes": 300, "workers": 2}, {"warnings": True}],
    ids=["one-shard", "many-shards", "explained"],
)
def test_codes_that_no_value_set_decides_are_told_with_their_counts(run, encounters, options):
    result = run(encounters, judge="bulkfhir", level="structure-only", checks=True, **options)
    assert codes(result) == SEEN
    assert result.summary.checks.counts["code-undecided"] == 2
    (group,) = (one for one in result.summary.check_groups if one.check == "code-undecided")
    assert (group.group, group.count, group.examples[0].line) == (REASONS, 2, 1)
    first = result.summary.check_codes[0]
    assert (first.value_set, first.system, first.code, first.count) == SEEN[0][:4]
    assert (Path(first.first.file).stem, first.first.line) == ("a", 1)


def test_masked_values_leave_codes_to_the_table_alone(run, encounters):
    options = {"judge": "bulkfhir", "level": "structure-only", "checks": True, "values": False}
    result = run(encounters, **options)
    assert codes(result) == SEEN
    assert result.summary.checks.counts["code-undecided"] == 2
    assert result.summary.check_codes == ()


@pytest.mark.parametrize(
    ("values", "shown"), [(False, "***"), (True, "10509002")], ids=["masked", "shown"]
)
def test_a_report_has_codes_only_where_it_may_have_values(run, encounters, values, shown):
    options = {"judge": "bulkfhir", "level": "structure-only", "checks": True}
    result = run(encounters, report=True, report_values=values, **options)
    folder = Path(result.job_folder.removeprefix("file://"))
    document = json.loads((folder / "report.json").read_text())
    assert document["checks"]["codes"][0]["code"] == shown
    for name in ("report.json", "report.html"):
        assert ("10509002" in (folder / name).read_text()) == values


def test_a_finding_says_where_its_line_begins(run, source):
    table = parquet.read_table(io.BytesIO(table_of(run(source, checks=True))))
    for row in table.to_pylist():
        data = Path(row["file"]).read_bytes()[row["offset"] :]
        assert json.loads(data[: data.index(b"\n")])["id"] == row["id"]


def test_they_are_never_a_verdict_and_off_by_default(run, source, tree, tmp_path):
    plain = run(source, tmp_path / "plain", job_id="j")
    checked = run(source, tmp_path / "checked", job_id="j", checks=True)
    assert plain.summary.checks is None
    assert plain.status == checked.status
    one, other = tree(tmp_path / "plain"), tree(tmp_path / "checked")
    (table,) = set(other) - set(one)
    assert table.endswith("/checks.parquet")
    del other[table]
    assert one == {name: data.replace(b"/checked/", b"/plain/") for name, data in other.items()}


def test_a_resumed_job_finds_the_same(run, write, patient, tmp_path):
    lines = [
        patient(str(number), link=[{"other": {"reference": f"Patient/{number + 1}"}}])
        for number in range(100)
    ]
    source = write("a.ndjson", lines)
    stop = AtShards(tmp_path / "out" / f"{'0' * 32}-FHIR_IMPORT-j", 3)
    options = {"shard_bytes": 700, "job_id": "j", "checks": True}
    assert run(source, cancel=stop, **options).status == "CANCEL_COMPLETED"
    resumed = run(source, resume=True, **options)
    whole = run(source, tmp_path / "whole", checks=True)
    assert findings(table_of(resumed)) == findings(table_of(whole))
    assert resumed.summary.checks.counts == whole.summary.checks.counts
    assert resumed.summary.checks.counts["reference-missing"] == 1


def test_a_job_on_s3_has_its_table_there(run, source, s3, bucket):
    result = run(source, f"{bucket}/out", checks=True, encryption_key_id="k")
    place = result.summary.checks.table
    name, _, key = place.removeprefix("s3://").partition("/")
    found = s3.get_object(Bucket=name, Key=key)
    assert findings(found["Body"].read()) == ALL
    assert found["SSEKMSKeyId"].endswith("k")


def test_targets_on_s3_count_as_present(run, source, s3, bucket):
    body = b'{"resourceType":"Patient","id":"z"}\n'
    s3.put_object(Bucket=bucket.removeprefix("s3://"), Key="there/p.ndjson", Body=body)
    result = run(source, checks=True, targets=[f"{bucket}/there/"])
    assert result.summary.checks.counts["reference-missing"] == 0


def test_the_parts_of_an_earlier_job_are_a_target(run, source, write, tmp_path):
    earlier = write("early/p.ndjson", [b'{"resourceType":"Patient","id":"z"}'])
    first = run(earlier, tmp_path / "first", sink="parquet")
    folder = first.job_folder.removeprefix("file://")
    result = run(source, checks=True, targets=[folder])
    assert result.summary.checks.counts["reference-missing"] == 0


def test_a_validation_sums_up_and_writes_nothing(source, toys):
    with validate_files(source, judge="toy", workers=1, checks=True) as validation:
        list(validation)
    checks = validation.summary.checks
    assert checks.table is None
    assert checks.counts["reference-rejected"] == 1


def test_many_segments_are_one_part(run, source, monkeypatch):
    monkeypatch.setattr(relation_columns, "_ROWS", 1)
    assert findings(table_of(run(source, checks=True, shard_bytes=1 << 20))) == ALL


def test_one_part_is_a_target_too(run, source, write, tmp_path):
    lines = [b'{"resourceType":"Device","id":"1"}', b'{"resourceType":"Patient","id":"z"}']
    there = write("there.ndjson", lines)
    folder = run(there, tmp_path / "earlier", sink="parquet", job_id="earlier").job_folder
    result = run(source, checks=True, targets=[f"{folder}resources/Patient/part-000000.parquet"])
    assert result.summary.checks.counts["reference-missing"] == 0
    assert result.summary.checks.counts["reference-type-absent"] == 1


@pytest.mark.parametrize(
    ("column", "size", "message"),
    [
        ({"id": ["z"]}, 100, "no Parquet file, or not a whole one"),
        ({"id": ["z"]}, 0, "no Parquet file, or not a whole one"),
        ({"name": ["z"]}, None, "no column 'id'"),
        ({"id": [1]}, None, "the column 'id' holds int64, and no text"),
        ({"id": [b"z"]}, None, "the column 'id' holds binary, and no text"),
    ],
    ids=["half a file", "an empty file", "no id", "numbers", "bytes"],
)
def test_a_parquet_target_of_another_kind_is_refused_before_the_job(
    run, source, tmp_path, column, size, message
):
    part = tmp_path / "there" / "Patient" / "part.parquet"
    part.parent.mkdir(parents=True)
    parquet.write_table(pa.table(column), part)
    part.write_bytes(part.read_bytes()[:size])
    with pytest.raises(ConfigurationError, match=f"{re.escape(str(part))}: .*{message}"):
        run(source, checks=True, targets=[str(tmp_path / "there")])
    assert not (tmp_path / "out").exists()


def test_a_later_part_that_is_damaged_is_named(run, source, write, tmp_path):
    there = write("there.ndjson", [b'{"resourceType":"Patient","id":"z"}'])
    folder = run(there, tmp_path / "earlier", sink="parquet", job_id="earlier").job_folder
    target = tmp_path / "both" / "Patient"
    target.mkdir(parents=True)
    whole = Path(folder.removeprefix("file://"), "resources/Patient/part-000000.parquet")
    (target / "a.parquet").write_bytes(whole.read_bytes())
    (target / "b.parquet").write_bytes(whole.read_bytes()[:-9])
    with pytest.raises(EngineError, match=r"b\.parquet: this target cannot be read"):
        list(validate_files(source, judge="toy", checks=True, targets=[target], workers=1))


def test_parquet_files_below_a_folder_that_names_no_type_are_no_target(run, source, tmp_path):
    part = tmp_path / "there" / "patients" / "part.parquet"
    part.parent.mkdir(parents=True)
    parquet.write_table(pa.table({"id": ["z"]}), part)
    with pytest.raises(NothingToRead, match=r"patients/part\.parquet"):
        run(source, checks=True, targets=[str(tmp_path / "there")])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": ["x"]}, "a target is looked into by checks"),
        ({"checks": True, "targets": ["/nowhere/at/all"]}, "/nowhere/at/all"),
    ],
    ids=["without-checks", "nowhere"],
)
def test_a_target_that_cannot_work_is_refused(run, source, options, message):
    with pytest.raises(EngineError, match=message):
        run(source, **options)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 1),
        (["--exit-zero"], 0),
        (["--exit-zero", "--fail-on", "reference-missing"], 1),
        (["--exit-zero", "--fail-on", "reference-target, reference-missing"], 1),
        (["--exit-zero", "--include", "b.ndjson", "--fail-on", "reference-target"], 0),
        (["--exit-zero", "--fail-on", "no-such"], 2),
    ],
    ids=["rejected", "exit-zero", "found", "found by the second", "nothing-found", "no-such-check"],
)
def test_fail_on_makes_the_exit_code(source, tmp_path, toys, monkeypatch, options, code):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    given = ["import", str(source), "-o", str(tmp_path / "out"), "--judge", "toy"]
    assert bulkfhir([*given, "--workers", "1", *options, "--checks"]) == code


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_can_make_the_exit_code(check, source, encounters, toys):
    if check == "code-undecided":
        given = [str(encounters), "--level", "structure-only"]
    else:
        given = [str(source), "--judge", "toy"]
    options = ["--workers", "1", "--exit-zero", "--checks", "--fail-on", check]
    assert bulkfhir(["validate", *given, *options]) == 1


def test_fail_on_asks_for_checks(source, toys, capsys):
    assert bulkfhir(["validate", str(source), "--judge", "toy", "--fail-on", "unreferenced"]) == 2
    assert "--checks" in capsys.readouterr().err
