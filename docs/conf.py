"""How Sphinx makes the site: `make docs`, in an environment with `pip install -e '.[docs]'`.

The source is the checkout itself, so that links lead where they lead in the repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "bulkfhir"
release = version = installed("bulkfhir")
extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/**.md",
    "validators/pages/*.md",
    "benchmarks/README.md",
    "tests/oracle/README.md",
    "native/fuzz/README.md",
]
html_theme = "furo"
html_title = "bulkfhir"
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
suppress_warnings = ["misc.highlighting_failure"]  # lines that are no JSON are the point of a page

_ENTRY = re.compile(r"([a-z_][\w, ]*?) {2,}(\S.*)")
"""A line of a docstring's table: names, two blanks or more, what they mean."""


def _fields(lines: list[str]) -> Iterator[str]:
    """Yield a docstring's lines, those of its tables as fields."""
    for line in lines:
        entry = _ENTRY.fullmatch(line)
        yield f":{entry[1]}: {entry[2]}" if entry else line


def setup(app: Sphinx) -> None:
    """Tell Sphinx how our docstrings are written."""

    def tables(*given: list[str]) -> None:
        given[-1][:] = list(_fields(given[-1]))

    app.connect("autodoc-process-docstring", tables)
    app.connect("build-finished", _lead_to_start)


def _lead_to_start(app: Sphinx, error: Exception | None) -> None:
    """Write the page that stands where a browser begins: it leads to the site's first page."""
    if error is None and app.builder.name == "html":
        start = f'<!doctype html><meta http-equiv="refresh" content="0; url={root_doc}.html">'
        (Path(app.outdir) / "index.html").write_text(f"{start}\n", encoding="utf-8")
