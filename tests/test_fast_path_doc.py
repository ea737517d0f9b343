"""docs/fast-path.md names every reason for which the native acceptor hands a line on, in their
order, and no other.
"""

from __future__ import annotations

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[1]


def test_every_reason_is_told() -> None:
    source = (ROOT / "native/src/accept/reason.rs").read_text()
    names = re.findall(r'"([a-z-]+)"', source.partition("NAMES")[2])
    told = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/fast-path.md").read_text(), re.MULTILINE)
    assert sorted(names) == sorted(told)
    assert len(names) == len(set(names)) > 20
