"""Version: the answer of `bulkfhir --version`: the version, and which engine decides."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from platform import python_version
from typing import cast

__all__ = ["version_line"]


def version_line() -> str:
    """Return what `bulkfhir --version` says."""
    patterns = "by re2" if find_spec("re2") else "within counted steps, no re2"
    engine = f"{_engine()}, regular expressions {patterns}"
    return f"bulkfhir {version('bulkfhir')} ({engine}, Python {python_version()})"


def _engine() -> str:
    """Return which engine judges: a native module that was built of other sources does not."""
    try:
        from bulkfhir import _native
    except ImportError:
        return "explainer only, no native acceptor"
    if getattr(_native, "LAYOUT", None) != _layout():
        return "explainer only, the native acceptor was built of other sources"
    return "native acceptor and explainer"


def _layout() -> int | None:
    """Return the layout of tables that this version writes.

    Its module is loaded by itself: the package around it takes longer than the rest of the program,
    and the answer is wanted at once.
    """
    package = find_spec("bulkfhir.validators")
    if package is None or not package.submodule_search_locations:
        return None
    path = Path(package.submodule_search_locations[0]) / "native" / "layout.py"
    spec = spec_from_file_location("bulkfhir_layout", path)
    if spec is None or spec.loader is None:
        return None
    layout = module_from_spec(spec)
    spec.loader.exec_module(layout)
    return cast(int, layout.LAYOUT)
