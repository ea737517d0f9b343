"""docs/checks.md is true: its session prints what it shows, its tables name what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from bulkfhir.engine.across.check_job import findings_schema
from bulkfhir.engine.across.job_checks import CHECKS

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs/checks.md").read_text(encoding="utf-8")


def lean(text: str) -> str:
    """The text without the widths of columns."""
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


def test_the_session_prints_what_the_page_shows(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    (session,) = re.findall(r"^```console\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    parts = session.split("\n$ ")
    parts[0] = parts[0].removeprefix("$ ")
    assert len(parts) == 3
    for part in parts:
        command, _, shown = part.partition("\n")
        if "<<'END'" in command:
            command, shown = part, ""
        ran = subprocess.run(
            ["/bin/sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ran.stderr == ""
        wanted = re.escape(lean(shown)).replace(re.escape("..."), ".*")
        assert re.fullmatch(wanted, lean(ran.stdout), re.DOTALL), ran.stdout


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
