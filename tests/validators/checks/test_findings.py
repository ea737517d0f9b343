"""What is found in a resource of a line is found once, and told to all who ask for it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from bulkfhir.validators import Validator
from bulkfhir.validators.checks.conformance import Conformance
from bulkfhir.validators.definitions.archive import Archive
from bulkfhir.validators.rules.cardinality import too_few
from bulkfhir.validators.verdicts.issue import Issue

from ..rules.guides import OWN, guide, invariant, line, profile


class Finder:
    """A check that counts how often it is made."""

    def __init__(self, issues: list[Issue] | None, doing: Any = None) -> None:
        self.issues = issues
        self.doing = doing
        self.made = 0

    def __call__(self) -> list[Issue] | None:
        self.made += 1
        if self.doing is not None:
            self.doing()
        return self.issues


@pytest.fixture
def undecided() -> Counter[str]:
    return Counter()


@pytest.fixture
def record(undecided: Counter[str]) -> Conformance:
    return Conformance(undecided)


@pytest.mark.parametrize(
    "issues", [None, [too_few("u", "Patient.name", 1, 0)]], ids=["none", "one"]
)
def test_findings_are_made_once_and_equal(record, undecided, issues):
    find, value = Finder(issues), {"resourceType": "Patient"}
    told = [record.findings(value, "p", undecided, find) for _ in range(3)]
    assert find.made == 1
    assert told == [issues] * 3


def test_a_location_that_grows_does_not_grow_for_others(record, undecided):
    find, value = Finder([too_few("u", "Patient.name", 1, 0)]), {}
    for _ in range(2):
        found = record.findings(value, "p", undecided, find)
        assert found is not None
        assert found[0].location == ""
        found[0].location = "entry[0].resource"


def test_another_name_is_another_question(record, undecided):
    find, value = Finder(None), {}
    record.findings(value, "p", undecided, find)
    record.findings(value, "q", undecided, find)
    assert find.made == 2


def test_what_counts_something_as_undecided_counts_it_each_time(record, undecided):
    find, value = Finder(None, lambda: undecided.update(["codes"])), {}
    for _ in range(2):
        record.findings(value, "p", undecided, find)
    assert undecided == {"codes": 2}


def test_what_rests_on_an_open_question_is_not_kept(record, undecided):
    value: dict[str, Any] = {}
    find = Finder(None, lambda: record.ask(value, "open", lambda: False))

    def asked() -> bool:
        record.findings(value, "p", undecided, find)
        return False

    record.ask(value, "open", asked)
    record.findings(value, "p", undecided, find)
    record.findings(value, "p", undecided, find)
    assert find.made == 2


def test_what_rests_on_an_open_claim_is_not_kept(record, undecided):
    value: dict[str, Any] = {}
    find = Finder(None, lambda: record.ask(value, "claimed", lambda: False))
    record.claim(value, "claimed")
    record.findings(value, "p", undecided, find)
    record.settle(value, "claimed", follows=False)
    record.findings(value, "p", undecided, find)
    record.findings(value, "p", undecided, find)
    assert find.made == 2


PROFILES = [
    invariant("named", "Patient", "name.exists()"),
    profile("about", "Observation", {"path": "Observation"},
            {"path": "Observation.subject",
             "type": [{"code": "Reference", "targetProfile": [OWN + "named"]}]}),
    profile("kept", "Bundle", {"path": "Bundle"},
            {"path": "Bundle.entry", "slicing": {
                "discriminator": [{"type": "profile", "path": "resource"}], "rules": "open"}},
            {"id": "Bundle.entry:p", "path": "Bundle.entry", "sliceName": "p"},
            {"id": "Bundle.entry:p.resource", "path": "Bundle.entry.resource",
             "type": [{"code": "Patient", "profile": [OWN + "named"]}]},
            {"id": "Bundle.entry:o", "path": "Bundle.entry", "sliceName": "o"},
            {"id": "Bundle.entry:o.resource", "path": "Bundle.entry.resource",
             "type": [{"code": "Observation", "profile": [OWN + "about"]}]}),
]  # fmt: skip


def collection(**members: Any) -> bytes:
    patient = line("Patient", "named", id="1", **members)
    observations = [
        line("Observation", "about", id=str(n), status="final", code={"text": "x"},
             subject={"reference": "Patient/1"})
        for n in range(4)
    ]  # fmt: skip
    entries = [
        {"fullUrl": f"http://example.org/{each['resourceType']}/{each['id']}", "resource": each}
        for each in [*observations, patient]
    ]
    return json.dumps(line("Bundle", "kept", type="collection", entry=entries)).encode()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Validator:
    return Validator(packages=[guide(tmp_path_factory.mktemp("guide"), PROFILES)], native=False)


def test_a_walk_reads_no_definition_that_was_read_before(strict, monkeypatch):
    strict.validate(collection(name=[{"family": "first"}]))
    read: list[object] = []
    monkeypatch.setattr(Archive, "_read", lambda *place: read.append(place))
    assert not strict.validate(collection(name=[{"family": "second"}])).failed
    assert read == []


def test_each_place_that_asks_for_a_profile_says_what_is_wrong(strict):
    verdict = strict.validate(collection(active=True))
    told = Counter(issue.location for issue in verdict.issues if issue.rule == "named")
    assert told == {"Bundle.entry[4].resource": 1}
    targets = [one.location for one in verdict.issues if one.rule == "reference-profile"]
    assert targets == [f"Bundle.entry[{n}].resource.subject" for n in range(4)]
