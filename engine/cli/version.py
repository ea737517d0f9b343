"""What `bulkfhir --version` says: the version, and which engine decides."""

from __future__ import annotations

from importlib.machinery import PathFinder
from importlib.metadata import version
from importlib.util import find_spec
from platform import python_version

__all__ = ["version_line"]


def version_line() -> str:
    validators = find_spec(
        "bulkfhir.validators"
    )  # found, not imported: the answer is wanted at once
    native = validators and PathFinder.find_spec(
        "bulkfhir.validators._acceptor", validators.submodule_search_locations
    )
    engine = "native acceptor and explainer" if native else "explainer only, no native acceptor"
    return f"bulkfhir {version('bulkfhir')} ({engine}, Python {python_version()})"
