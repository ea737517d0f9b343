"""What tests of array jobs share: `bulkfhir plan` records its job in a store."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """The store of this machine's jobs is a new one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
