"""The engine that a test asks for is the one that runs."""

from __future__ import annotations

import pytest

from tests.conftest import Judge

LINE = b'{"resourceType":"Patient","id":"p","active":true}'


@pytest.fixture
def fresh(engine):
    return Judge(engine, "structure-only")


def test_the_engine_under_test_is_the_one_that_runs(engine, fresh):
    for _ in range(2):
        verdict = fresh.validate(LINE)
        assert (verdict.resource_type, verdict.resource_id, verdict.issues) == ("Patient", "p", [])
    shapes = fresh.shapes()
    match engine:
        case "native":  # no object was walked in Python
            assert fresh.validator.native
            assert shapes == []
        case "explained":
            assert not fresh.validator.native
            assert shapes == [None]
        case "proven":
            assert not fresh.validator.native
            assert len(shapes) == 1
            assert None not in shapes


def test_one_verdict_of_a_proven_line_is_reached_by_shapes_alone():
    judge = Judge("proven", "structure-only")
    judge.validate(LINE.replace(b"}", b',"name":[{"family":"A","period":{"start":"2020"}}]}'))
    shapes = judge.shapes()
    assert len(shapes) == 3
    assert None not in shapes


def test_a_line_that_fails_is_explained_by_every_engine(fresh):
    (issue,) = fresh.validate(LINE.replace(b"true", b"1")).issues
    assert (issue.rule, issue.location) == ("json-type", "Patient.active")
