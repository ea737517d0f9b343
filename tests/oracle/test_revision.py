"""The difference of our verdicts between two revisions, line by line."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))  # the tools lie beside their tests

from revision import ROOT, checked_out, difference


def issues(path, *rows):
    members = ("line", "severity", "rule", "location", "diagnostics")
    path.write_text(
        "".join(json.dumps(dict(zip(members, row, strict=True))) + "\n" for row in rows)
    )
    return path


def test_what_only_one_side_finds_is_told_in_the_order_of_the_lines(tmp_path):
    same = (7, "error", "date", "Patient.birthDate", "no date")
    old, new = (9, "error", "id", "Patient.id", "no id"), (2, "fatal", "json", "", "no JSON")
    before = issues(tmp_path / "before.jsonl", same, old)
    after = issues(tmp_path / "after.jsonl", new, same)
    assert difference(before, after) == [
        "+ line 2  fatal json    no JSON",
        "- line 9  error id  Patient.id  no id",
    ]


@pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="this is no git checkout"
)
def test_a_revision_is_imported_from_its_own_folder():
    code = "import bulkfhir.validators as v; print(v.__file__)"
    with checked_out("HEAD") as packages:
        said = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(packages)},
            check=True,
            capture_output=True,
            text=True,
        )
        assert said.stdout.startswith(str(packages))
    assert not packages.exists()
