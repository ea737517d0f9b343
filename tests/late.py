"""Libraries that take long to import: of the processes of a run, each of which collects all tests,
only those import one that run a test of it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

__all__ = ["Late", "needs"]


class Late:
    """A module that is imported when something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):  # pytest asks whatever it finds in a module for some of these
            raise AttributeError(attribute)
        return getattr(import_module(self._name), attribute)


def needs(name: str, reason: str) -> pytest.MarkDecorator:
    """Return the mark of tests that are skipped where a library is not installed."""
    return pytest.mark.skipif(find_spec(name) is None, reason=reason)
