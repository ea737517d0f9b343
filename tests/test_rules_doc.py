"""docs/rules.md is what the catalogue of rules says, and names every message id that HL7's
validator was seen to fail a line with.
"""

from __future__ import annotations

import csv
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
SEEN = ROOT / "../shared/oracle/rules.tsv"
TEXT = (ROOT / "docs/rules.md").read_text()


@pytest.mark.skipif(
    not SEEN.is_file(),
    reason="the reference validator's message ids are not beside this checkout "
    "(../shared/oracle/rules.tsv)",
)
def test_every_message_id_has_its_place() -> None:
    with SEEN.open() as file:
        ids = [
            row["message id"]
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    assert [name for name in ids if "#" not in name and f"`{name}`" not in TEXT] == []
    assert f"{sum('#' in name for name in ids)} of the {len(ids)} ids" in TEXT


def test_the_tables_are_what_the_catalogue_says() -> None:
    command = [sys.executable, str(ROOT / "docs/make_rules.py"), "--check"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
