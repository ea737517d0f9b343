"""docs/checks.md is true: its session prints what it shows, its tables name what there is."""

from __future__ import annotations

import re

from bulkfhir.engine.across.check_job import findings_schema
from bulkfhir.engine.across.job_checks import CHECKS
from tests.shown_examples import PAGES, reader_of, run_console_examples

TEXT = PAGES["docs/checks.md"]


def test_the_session_prints_what_the_page_shows(tmp_path, monkeypatch):
    reader_of(tmp_path, monkeypatch)
    assert run_console_examples(TEXT, tmp_path) == 4


def rows(title: str) -> list[str]:
    table = TEXT[TEXT.index(title) :].split("\n\n")[0]
    return [
        name
        for row in table.splitlines()[2:]
        for name in re.findall(r"`(\w[\w-]*)`", row.split("|")[1])
    ]


def test_every_check_and_column_is_described():
    assert rows("| check | what it finds |") == list(CHECKS)
    assert rows("| column | type | what |") == findings_schema().names
