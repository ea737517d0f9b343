"""docs/rules.md names every message id that HL7's validator was seen to fail a line with, and only
rules that exist.
"""

from __future__ import annotations

import csv
import pathlib
import re

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


def test_every_rule_named_is_in_the_code() -> None:
    code = "".join(path.read_text() for path in (ROOT / "validators").rglob("*.py"))
    cells = [row.split("|")[1] for row in TEXT.splitlines() if row.startswith("| `")]
    assert cells
    assert [
        name
        for cell in cells
        for name in re.findall(r"`([^`]+)`", cell)
        if f'"{name}"' not in code and f'"?{name}"' not in code
    ] == []
