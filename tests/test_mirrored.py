"""Tests lie where the code that they are about lies: a folder of tests is named as its package."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OTHERS = {"tests/engine/plugins"}
"""Folders that mirror no package: a distribution of plug-ins for tests of many packages."""
FOLDERS = sorted(
    {
        path.parent.relative_to(ROOT).as_posix()
        for side in ("engine", "validators")
        for path in (ROOT / "tests" / side).rglob("*.py")
    }
)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_of_tests_is_named_as_its_package(folder: str) -> None:
    package = ROOT / folder.removeprefix("tests/") / "__init__.py"
    assert package.exists() != (folder in OTHERS), "move it with its package"
