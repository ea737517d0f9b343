"""What `bulkfhir --version` says: the version, and which engine decides."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from platform import python_version

__all__ = ["version_line"]


def version_line() -> str:
    """Return what `bulkfhir --version` says."""
    native = find_spec("bulkfhir._native")  # found, not imported: the answer is wanted at once
    engine = "native acceptor and explainer" if native else "explainer only, no native acceptor"
    patterns = "by re2" if find_spec("re2") else "within counted steps, no re2"
    engine += f", regular expressions {patterns}"
    return f"bulkfhir {version('bulkfhir')} ({engine}, Python {python_version()})"
