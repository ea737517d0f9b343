"""An import of a value set that is held, but in another version: it brings nothing, as in HL7's
validator; of one that is not held at all nothing can be told.
"""

from __future__ import annotations

import json

import pytest

from .guides import guide, line, profile

SETS = "http://example.org/fhir/ValueSet/"
SYSTEM = "http://example.org/fhir/CodeSystem/s"
IMPORTS = {
    "held": SETS + "inner|1.0.0",
    "other-version": SETS + "inner|9.9.9",
    "unknown": SETS + "nobody-knows",
}


def value_set(name: str, include: dict[str, object]) -> dict[str, object]:
    return {"resourceType": "ValueSet", "url": SETS + name, "version": "1.0.0", "name": name,
            "status": "active", "compose": {"include": [include]}}  # fmt: skip


def bound(name: str) -> dict[str, object]:
    binding = {"strength": "required", "valueSet": SETS + name}
    path = {"path": "Observation.code", "binding": binding}
    return profile(name, "Observation", {"path": "Observation"}, path)


@pytest.fixture(scope="module")
def judge(judging, tmp_path_factory):
    made = [
        {"resourceType": "CodeSystem", "url": SYSTEM, "version": "1.0.0", "name": "s",
         "status": "active", "content": "complete", "concept": [{"code": "a"}]},
        value_set("inner", {"system": SYSTEM, "concept": [{"code": "a"}]}),
        *(value_set(name, {"valueSet": [url]}) for name, url in IMPORTS.items()),
        *map(bound, IMPORTS),
    ]  # fmt: skip
    return judging("strict", packages=(guide(tmp_path_factory.mktemp("guide"), made),))


@pytest.mark.parametrize(
    ("name", "rules", "undecided"),
    [("held", [], 0), ("other-version", ["binding-required"], 0), ("unknown", [], 1)],
)
def test_a_code_of_an_imported_value_set(judge, name, rules, undecided):
    code = {"coding": [{"system": SYSTEM, "code": "a"}]}
    resource = line("Observation", name, id="o", status="final", code=code)
    before = judge.undecided.total()
    verdict = judge.validate(json.dumps(resource).encode())
    assert [issue.rule for issue in verdict.issues if issue.fails] == rules
    if judge.engine != "native":  # a block's own counts are in its verdicts
        assert judge.undecided.total() - before == undecided
