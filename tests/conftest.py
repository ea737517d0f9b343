"""What every test may ask for: the native module, where a test is about it.

A test marked ``native`` is skipped where the native module is not installed. With
BULKFHIR_REQUIRE_NATIVE=1 its absence ends the run at once, so that nobody takes skipped tests for
passed ones.
"""

from __future__ import annotations

import os

import pytest

from bulkfhir.validators.native.acceptance import NATIVE

_ABSENT = "the native module is not installed: no Rust toolchain when this was installed"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "native: needs the native module")
    if os.environ.get("BULKFHIR_REQUIRE_NATIVE") == "1" and not NATIVE:
        raise pytest.UsageError(_ABSENT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not NATIVE and item.get_closest_marker("native"):
            item.add_marker(pytest.mark.skip(reason=_ABSENT))
