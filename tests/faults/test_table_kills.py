"""The short form of table_kills.py: some of the steps of a commit. CONTRIBUTING names the long
form.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

PROGRAM = Path(__file__).with_name("table_kills.py")


@pytest.mark.parametrize("form", ["iceberg", "delta"])
def test_a_killed_commit_leaves_the_old_or_the_new_version(form, tmp_path):
    command = [sys.executable, PROGRAM, "--kills", "4", "--table", form, "--folder", tmp_path]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    rows = [line.rsplit(None, 2) for line in ran.stdout.splitlines() if line.startswith("before ")]
    assert {what for _, what, _ in rows} == {"old"}
