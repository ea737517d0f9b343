"""HL7's own validator cases, verdict by verdict, against the recorded results.

hl7-results.tsv holds, for each case: name and kind, expected verdict, our verdict, and, where they
differ, the reason. After a change for the better run ``python tests/conformance/record_hl7.py``,
which rewrites the verdicts and keeps the reasons.
"""

from __future__ import annotations

import csv
import functools
import pathlib
import sys
from collections.abc import Callable

import pytest

from tests.conftest import Judge

sys.path.insert(
    0, str(pathlib.Path(__file__).parent)
)  # the harness lies beside its tests, outside any package

from hl7 import CASES, Case, Result, cases, run

pytestmark = pytest.mark.skipif(
    not CASES.is_dir(),
    reason="HL7's validator cases are not beside this checkout (../shared/conformance/hl7)",
)

RECORDED = pathlib.Path(__file__).with_name("hl7-results.tsv")
MOST_EXCEPTIONS = 23
"""Cases that may differ from the reference validator; lower it whenever one is settled."""
_CASES: list[Case] = cases() if CASES.is_dir() else []
Runs = Callable[[Case, pathlib.Path], Result]


@pytest.fixture(scope="module")
def result(judging: Callable[..., Judge]) -> Runs:
    """Runs a case once by the engine under test; the folder is for its definitions."""
    known: dict[str, Result] = {}

    def of(case: Case, folder: pathlib.Path) -> Result:
        if case.key not in known:
            known[case.key] = run(case, folder, judging)
        return known[case.key]

    return of


@functools.cache
def _recorded() -> dict[str, dict[str, str]]:
    with RECORDED.open() as file:
        return {row["case"]: row for row in csv.DictReader(file, delimiter="\t")}


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.key)
def test_verdict_is_the_recorded_one(case: Case, result: Runs, tmp_path: pathlib.Path) -> None:
    row = _recorded()[case.key]
    found = result(case, tmp_path)
    assert (found.expected, found.ours) == (row["expected"], row["ours"]), (
        f"our rules: {', '.join(found.rules)}"
    )


def test_every_difference_is_explained_and_nothing_else() -> None:
    rows = _recorded()
    assert set(rows) == {case.key for case in _CASES}
    assert [
        key for key, row in rows.items() if (row["expected"] != row["ours"]) != bool(row["reason"])
    ] == []


def test_exceptions_only_shrink() -> None:
    assert sum(row["expected"] != row["ours"] for row in _recorded().values()) <= MOST_EXCEPTIONS


def test_scores(
    result: Runs, tmp_path: pathlib.Path, record_property: Callable[[str, object], None]
) -> None:
    """Prints agreement, false alarms, misses and recall of error locations (pytest -s), over the
    cases that need no terminology server.
    """
    offline = [case for case in _CASES if not case.needs_terminology]
    results = []
    for case in offline:
        folder = tmp_path / case.key.replace("/", "_")
        folder.mkdir()
        results.append(result(case, folder))
    agree = sum(r.expected == r.ours for r in results)
    false = [
        c.key
        for c, r in zip(offline, results, strict=True)
        if (r.expected, r.ours) == ("valid", "invalid")
    ]
    missed = [
        c.key
        for c, r in zip(offline, results, strict=True)
        if (r.expected, r.ours) == ("invalid", "valid")
    ]
    places, found = sum(r.locations for r in results), sum(r.found for r in results)
    scores = (
        f"{agree} of {len(results)} agree, {len(false)} false alarms, {len(missed)} misses, "
        f"{found} of {places} error locations named"
    )
    print(f"\nHL7 cases without terminology server: {scores}")
    record_property("agreement", agree / len(results))
    allowed = {key for key, row in _recorded().items() if row["reason"]}
    assert set(false) | set(missed) <= allowed
