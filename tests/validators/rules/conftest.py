"""What the tests of single rules share: what a resource fails, and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Judge


@pytest.fixture
def failures(judge: Judge) -> Callable[[dict[str, Any]], list[tuple[str, str]]]:
    """Judge a resource at structure-only: (rule, location) of each issue that fails it, sorted."""

    def of(resource: dict[str, Any]) -> list[tuple[str, str]]:
        issues = judge.validate(json.dumps(resource).encode()).issues
        return sorted((issue.rule, issue.location) for issue in issues if issue.fails)

    return of
