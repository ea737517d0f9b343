"""What the tests of validators share: validators at structure-only, whose types are compiled once
for all.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bulkfhir.validators import Validator
from tests.conftest import Judge


@pytest.fixture(scope="session")
def explaining() -> Validator:
    """Judges each line with the explainer alone."""
    return Validator("structure-only", native=False)


@pytest.fixture(scope="session")
def judge(judging: Callable[..., Judge]) -> Judge:
    """Judges each line by the engine under test."""
    return judging("structure-only")
