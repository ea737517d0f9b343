"""What the tests of validators share: one explainer at structure-only, whose types are compiled
once for all.
"""

from __future__ import annotations

import pytest

from bulkfhir.validators import Validator


@pytest.fixture(scope="session")
def explaining() -> Validator:
    """Judges each line with the explainer alone."""
    return Validator("structure-only", native=False)
