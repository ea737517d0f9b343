"""Where the reference validator and R4's text differ on what definitions mean: by default we follow
the reference; ``terminology="r4"`` takes R4's text for value sets that refuse valid codes.

fixtures/differences/package.ndjson holds the definitions of a package; cases.jsonl holds lines
about them, each with the verdict of the reference (HAPI 8.4.0), that of ours by R4's terminology,
and what R4's text says of it (``open`` where it does not say).
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from bulkfhir.validators import Validator
from tests.conftest import Judge

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures/differences"
CASES = [json.loads(line) for line in (FIXTURES / "cases.jsonl").read_text().splitlines()]
OFFERED = ("f-", "pin-")
"""How the names of the profiles begin whose value sets ``terminology="r4"`` reads as R4 has it."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("differences") / "package"
    folder.mkdir()
    (folder / "package.json").write_text(
        '{"name": "example.terms", "version": "1.0.0", "fhirVersions": ["4.0.1"]}'
    )
    for number, definition in enumerate((FIXTURES / "package.ndjson").read_text().splitlines()):
        (folder / f"{number}.json").write_text(definition)
    return str(folder.parent)


@pytest.fixture(scope="module")
def reference(judging: Callable[..., Judge], package: str) -> Judge:
    return judging("strict", packages=[package])


@pytest.fixture(scope="module")
def r4(judging: Callable[..., Judge], package: str) -> Judge:
    return judging("strict", packages=[package], terminology="r4")


def named(case: dict[str, Any]) -> str:
    return f"{case['profile']}: {case['shows']}"


def verdict(judge: Judge, case: dict[str, Any]) -> str:
    failed = judge.validate(json.dumps(case["resource"]).encode()).failed
    return "invalid" if failed else "valid"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_reference_is_followed(case: dict[str, Any], reference: Judge) -> None:
    assert verdict(reference, case) == case["reference"]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_r4_is_followed_where_it_is_asked_for(case: dict[str, Any], r4: Judge) -> None:
    assert verdict(r4, case) == case["terminology r4"]


def test_what_is_offered_is_r4s_text_and_nothing_else_changes() -> None:
    for case in CASES:
        if not case["profile"].startswith(OFFERED):
            assert case["terminology r4"] == case["reference"], named(case)
        elif case["r4"] != "open":
            assert case["terminology r4"] == case["r4"], named(case)


def test_terminology_is_one_of_two() -> None:
    with pytest.raises(ValueError, match="unknown terminology 'hl7': one of reference, r4"):
        Validator(terminology="hl7")  # type: ignore[arg-type]


def test_every_kind_of_difference_is_written_down() -> None:
    told = (ROOT / "docs/differences.md").read_text()
    kinds = {
        case["profile"]
        for case in CASES
        if case["r4"] not in ("open", case["reference"], case["terminology r4"])
        or case["reference"] != case["terminology r4"]
    }
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in told] == []
