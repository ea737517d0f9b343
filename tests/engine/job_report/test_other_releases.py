"""Resources of another version of FHIR are recognised by what only that has."""

from __future__ import annotations

import json

import pytest

from bulkfhir.engine import validate_files
from bulkfhir.engine.job_report.other_releases import LooksLike, other_releases
from bulkfhir.validators.definitions import core
from bulkfhir.validators.definitions.other_versions import versions_with
from bulkfhir.validators.schema import Schema


@pytest.fixture
def found(write):
    """Validates resources, and returns what they look like."""

    def of(*resources):
        source = write("in.ndjson", [json.dumps(one).encode() for one in resources])
        options = {"level": "structure-only", "workers": 1}
        with validate_files(source, **options) as validation:
            list(validation)
        return other_releases(validation.summary.causes)

    return of


def test_a_member_that_only_stu3_has_tells_it(found):
    coverage = {"resourceType": "Coverage", "grouping": {"group": "a"}}
    assert found(coverage, coverage) == (LooksLike("Coverage", 2, ("STU3",), ("grouping",)),)


def test_versions_that_share_a_member_are_all_named(found):
    (one,) = found({"resourceType": "Patient", "animal": {}})
    assert one.versions == ("DSTU2", "STU3")


def test_a_further_member_decides_between_versions(found):
    (one,) = found({"resourceType": "Patient", "animal": {}, "careProvider": []})
    assert (one.versions, one.members) == (("DSTU2",), ("animal", "careProvider"))


def test_a_type_that_only_r5_has_tells_it(found):
    assert found({"resourceType": "Transport"}) == (LooksLike("Transport", 1, ("R5",), ()),)


def test_a_member_that_no_version_has_tells_nothing(found):
    assert found({"resourceType": "Patient", "fooBar": 1}) == ()


@pytest.mark.parametrize(("name", "member"), [("Patient", "birthDate"), ("Patient", "")])
def test_nothing_of_r4_is_in_the_table(name, member):
    assert versions_with(name, member) == ()


def test_the_table_holds_nothing_that_r4_has():
    from bulkfhir.validators.definitions import other_versions

    schema = Schema(core())
    for name, member in other_versions._table():
        if member:
            assert member not in schema.properties(name), (name, member)
        else:
            assert not schema.is_resource(name), name
