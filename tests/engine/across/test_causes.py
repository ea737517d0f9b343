"""Findings grouped by what was found: exact, and the same for any workers, shards and memory."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from bulkfhir.engine import import_job, validate_files
from bulkfhir.engine.across import cause_sums, sums
from bulkfhir.engine.across.cause_rows import (
    FindingPart,
    FindingPiece,
    GroupKey,
    GroupRow,
    encode_rows,
)
from bulkfhir.engine.across.cause_sums import find_causes
from bulkfhir.engine.counting import cause_tally
from bulkfhir.engine.counting.cause_tally import CauseTally
from bulkfhir.engine.counting.causes import Drowning, Example
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.job_terms.job_folder import CAUSES, part_uri
from bulkfhir.engine.job_terms.settings import Settings
from bulkfhir.engine.storage import storage_for
from bulkfhir.validators import BlockVerdicts, Issue, Verdict

pytestmark = pytest.mark.usefixtures("fork_server")


@pytest.fixture
def source(tmp_path, write, patient):
    """Patients and a Group with four kinds of faults, in two files."""
    lines = [
        patient(
            str(number),
            gender="m" if number % 2 else "male",
            birthDate=f"19{number % 60 + 40}-02-30" if number % 3 == 0 else "1990-01-01",
            name=[{"family": "A", "given": ["B", 7]}] if number % 5 == 0 else [{"family": "C"}],
        )
        for number in range(120)
    ]
    write("in/a.ndjson", lines)
    odd = {"resourceType": "Group", "id": "g", "active": 7, "type": "person", "actual": True}
    write("in/b.ndjson", [b"{", json.dumps({**odd, "text": {"status": "gen"}}).encode()])
    return tmp_path / "in"


def judged(source, **options):
    with validate_files(source, **{"level": "structure-only"} | options) as validation:
        for _ in validation:
            pass
    return validation.summary


def test_a_group_has_its_numbers_types_and_first_places(source):
    summary = judged(source, workers=1)
    genders = next(cause for cause in summary.causes if cause.path == "Patient.gender")
    assert genders.message.startswith("'m' is not one of female, male, other, unknown")
    assert (genders.rule, genders.severity) == ("binding-required", "error")
    assert (genders.issues, genders.lines, genders.types) == (60, 60, {"Patient": 60})
    name = str(source / "a.ndjson")
    assert genders.first[0] == (Example(name, 2), "Patient/1")
    assert [place.line for place, _ in genders.first] == [2, 4, 6]


def test_indexes_are_no_part_of_a_group(source):
    paths = {cause.path for cause in judged(source, workers=1).causes}
    assert "Patient.name.given" in paths


def test_a_place_that_several_types_have_begins_with_a_star(tmp_path, write, patient):
    other = {"resourceType": "Basic", "id": "b", "language": None, "code": {"text": "a"}}
    source = write("in.ndjson", [patient("a", language=None), json.dumps(other).encode()])
    (cause,) = judged(source, workers=1).causes
    assert (cause.path, dict(cause.types)) == ("*.language", {"Basic": 1, "Patient": 1})


def test_groups_add_up_to_the_counts_of_rules(source):
    summary = judged(source, workers=1)
    assert sum(cause.issues for cause in summary.causes) == sum(row.count for row in summary.rules)


@pytest.mark.parametrize(
    "options",
    [{"workers": 2}, {"workers": 1, "shard_bytes": 300}, {"workers": 2, "shard_bytes": 900}],
    ids=["two workers", "small shards", "two workers and small shards"],
)
def test_groups_are_the_same_however_the_work_is_spread(source, options):
    assert judged(source, **options).causes == judged(source, workers=1).causes


def test_groups_are_the_same_in_little_memory(source, monkeypatch):
    expected = judged(source, workers=1).causes
    monkeypatch.setattr(cause_tally, "_HELD", 3)
    monkeypatch.setattr(sums.Sums.__init__, "__defaults__", (2,))
    assert judged(source, workers=1, shard_bytes=400).causes == expected


def test_an_import_has_the_same_groups_after_it_was_cancelled_and_resumed(source, tmp_path):
    class Later:
        """An event that is set at the third shard."""

        asked = 0

        def is_set(self):
            return len(list(tmp_path.glob("out/*/.work/*.causes"))) >= 3

    options = {"level": "structure-only", "workers": 1, "shard_bytes": 900, "job_id": "j" * 8}
    stopped = import_job(source, tmp_path / "out", cancel=Later(), **options)
    assert stopped.status == "CANCEL_COMPLETED"
    resumed = import_job(source, tmp_path / "out", resume=True, **options)
    whole = import_job(source, tmp_path / "calm", **options)
    assert resumed.summary.causes == whole.summary.causes
    assert len(whole.summary.causes) > 20
    assert whole.summary.causes.groups == judged(source, workers=1).causes.groups


def test_what_is_masked_is_masked_in_groups_too(source):
    causes = judged(source, workers=1, values=False).causes
    assert any("***" in cause.message for cause in causes)
    assert not any("-02-30" in cause.message for cause in causes)


def test_mending_masks_digits_and_counts_lines_that_pass(source):
    causes = judged(source, workers=1).causes
    dates = next(mend for mend in causes.mends if mend.path == "Patient.birthDate")
    assert dates.message == "'#-#-#' is not in the calendar"
    assert dates.issues == 40
    assert causes.mends[0].path == "Patient.gender"
    # Odd ones that are mended by it alone: neither a birthDate nor a name is wrong.
    alone = sum(1 for number in range(120) if number % 2 and number % 3 and number % 5)
    assert causes.mends[0].whole == alone


US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
OTHER = "http://example.org/StructureDefinition/p"
UNLISTED = "http://hl7.org/fhir/xy/made-up/StructureDefinition/"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        pytest.param(
            [US_CORE + "patient|6.1.0", US_CORE + "other"],
            {("profiles of hl7.fhir.us.core are not known", 40)},
            id="two of a package",
        ),
        pytest.param(
            [UNLISTED + "a", UNLISTED + "b"],
            {("profiles of hl7.fhir.xy.made-up are not known", 40)},
            id="two of a package that a url names",
        ),
        pytest.param(
            [US_CORE + "patient", US_CORE + "patient"],
            {(f"the profile '{US_CORE}patient' is not known", 40)},
            id="one of a package",
        ),
        pytest.param(
            [OTHER + "a", OTHER + "b"],
            {
                (f"the profile '{OTHER}a' is not known", 20),
                (f"the profile '{OTHER}b' is not known", 20),
            },
            id="two of no package that is known",
        ),
    ],
)
def test_profiles_of_one_package_are_one_cause_to_mend(write, patient, claims, expected):
    """The package mends them all: the report masks it where only a url names it."""
    lines = [patient(f"{number}", meta={"profile": [claims[number % 2]]}) for number in range(40)]
    mends = judged(write("in.ndjson", lines), workers=1, level="strict").causes.mends
    found = [mend for mend in mends if mend.rule == "profile-unknown"]
    assert {(mend.message, mend.issues) for mend in found} == expected
    made_up = [mend.message[start:end] for mend in found for _, start, end in mend.quoted]
    assert ("hl7.fhir.us.core" in made_up) is False
    assert ("hl7.fhir.xy.made-up" in made_up) is (claims[0] == UNLISTED + "a")


def test_a_package_mends_profiles_wherever_they_are_claimed(write, patient):
    alone = [patient(str(one), meta={"profile": [US_CORE + "patient"]}) for one in range(20)]
    basic = {"resourceType": "Basic", "id": "b", "code": {"text": "a"}}
    basic["meta"] = {"profile": [US_CORE + "basic"]}
    bundle = {"resourceType": "Bundle", "type": "collection"}
    bundle["entry"] = [{"fullUrl": "http://example.org/Basic/b", "resource": basic}]
    source = write("in.ndjson", [*alone, *([json.dumps(bundle).encode()] * 20)])
    (mend,) = judged(source, workers=1, level="strict").causes.mends
    assert (mend.path, mend.message, mend.issues, mend.whole) == (
        "",
        "profiles of hl7.fhir.us.core are not known",
        40,
        40,
    )


def test_a_line_that_drowns_the_others_is_said(write, patient):
    loud = patient("loud", name=[{"family": 7} for _ in range(50)])
    source = write("in.ndjson", [loud, *(patient(str(one), gender="m") for one in range(30))])
    assert judged(source, workers=1).causes.drowning == Drowning(1, 50, 80)


def test_issues_of_a_line_that_are_not_shown_are_a_group_of_their_own(write, patient):
    source = write("in.ndjson", [patient("a", name=[{"family": 7} for _ in range(50)])])
    causes = judged(source, workers=1, max_issues=10).causes
    assert [(cause.path, cause.issues) for cause in causes] == [
        ("", 40),
        ("Patient.name.family", 10),
    ]


def test_lone_surrogates_that_a_plug_in_gives_are_written_as_escapes():
    issue = Issue("error", "value", "r", "Patient.x[\ud800]", "found \ud800")
    verdict = Verdict("Patient", "\ud800", [issue])
    tally = CauseTally()
    columns = ([0], [0], [2], ["Patient"], ["\ud800"], {0: verdict}, frozenset({0}))
    tally.add(BlockVerdicts(*columns), first=0)
    assert json.loads(tally.take().splitlines()[0])[4] == "found \\ud800"


def test_many_groups_take_bounded_memory_and_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(sums.Sums.__init__, "__defaults__", (1_000,))
    settings = Settings(Choices(), str(tmp_path))
    storage = storage_for(str(tmp_path))
    parts = []
    for shard in range(6):
        written = 0
        writer = storage.writer(part_uri(storage, str(tmp_path), shard, CAUSES))
        for block in range(2):
            groups = {}
            for number in range(500):
                row = groups[_key(f"{shard} {block} {number}")] = GroupRow(number)
                row.add(1, "Patient", number, "Patient/1")
            common = groups[_key("common")] = GroupRow(0)
            common.add(3, "Patient", block, "Patient/1")
            rows = encode_rows(groups, {(shard, block): 1}, [])
            writer.write(rows)
            written += len(rows)
        writer.commit()
        parts.append(FindingPart(shard, (FindingPiece(shard, written, counts=True),)))
    tracemalloc.start()
    found = find_causes(settings, parts, lambda: None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.distinct == 6_001
    assert found.groups[0].issues == 36
    assert len(found.groups) == cause_sums.KEPT
    assert peak < 4e6  # 7 MB where nothing waits on disk


def _key(found):
    return GroupKey("error", "date", "*.birthDate", f"'{found}' is no date")
