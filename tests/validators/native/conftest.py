"""What the tests of the native acceptor share: pairs of validators, with it and without, whose
types are compiled and lowered once for all.
"""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parents[2] / "oracle")
)  # scripts that lie beside the tests, outside any package
from one_meaning import Pair

PROFILES = str(pathlib.Path(__file__).resolve().parents[3] / "fixtures/packages/example.profiles")


@pytest.fixture(scope="session")
def base() -> Pair:
    """Judge lines at structure-only."""
    return Pair("structure-only")


@pytest.fixture(scope="session")
def strict() -> Pair:
    """Judge lines at strict, with a package of profiles."""
    return Pair("strict", (PROFILES,))
