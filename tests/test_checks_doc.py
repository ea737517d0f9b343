"""docs/checks.md is true: its session prints what it shows, its tables name what there is."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from bulkfhir.engine.across.check_job import findings_schema
from bulkfhir.engine.across.job_checks import CHECKS
from tests.shown_examples import run_console_examples

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs/checks.md").read_text(encoding="utf-8")


def test_the_session_prints_what_the_page_shows(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert run_console_examples(TEXT, tmp_path) == 3


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
