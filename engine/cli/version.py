"""What `bulkfhir --version` says: the version, and which engine decides."""

from __future__ import annotations

import importlib.util
from importlib.metadata import version
from platform import python_version

__all__ = ["version_line"]


def version_line() -> str:
    native = importlib.util.find_spec("bulkfhir.validators._acceptor") is not None
    engine = "native acceptor and explainer" if native else "explainer only, no native acceptor"
    return f"bulkfhir {version('bulkfhir')} ({engine}, Python {python_version()})"
