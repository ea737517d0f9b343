"""Report files: report.json and report.html, written into a job's folder once it is published."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bulkfhir.validators.definitions import Definitions, core
from bulkfhir.validators.definitions.packages import Packages

from ..job_terms.job_choices import default_versions
from ..job_terms.job_folder import REPORT_JSON, REPORT_PAGE
from ..storage import Storage
from .job_facts import JobFacts
from .report_document import report_document
from .report_page import report_page
from .shown_text import EveryText, ShownText
from .vocabulary import Vocabulary

__all__ = ["write_report"]


def write_report(facts: JobFacts, storage: Storage, folder: str) -> None:
    """Write both files. Raises EngineError, or BulkfhirError where a package is gone."""
    layers, packages = _definitions(facts)
    text = EveryText() if facts.wish.values else ShownText(Vocabulary(layers))
    document = report_document(facts, packages, text)
    data = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    page = report_page(document)
    for name, content in ((REPORT_JSON, data), (REPORT_PAGE, page)):
        storage.put(storage.join(folder, name), content.encode("utf-8", "backslashreplace"))


def _definitions(facts: JobFacts) -> tuple[Sequence[Definitions], Sequence[str]]:
    choices = facts.choices
    if not choices.packages:
        return [core()], ()
    held = Packages(choices.packages, defaults=default_versions(choices.default_versions))
    layers = [core(), *(package.definitions for package in held.packages)]
    return layers, [package.label for package in held.packages]
