"""The stub of the native module holds what the module has, as mypy.stubtest compares them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.native, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[3]


def test_the_stub_holds_what_the_module_has() -> None:
    pytest.importorskip("mypy", reason="mypy is not installed: pip install -e '.[dev]'")
    settings = ["--mypy-config-file", "pyproject.toml"]
    command = [sys.executable, "-m", "mypy.stubtest", *settings, "bulkfhir._native"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues found" in done.stdout
