"""A figure of JobProgressReport is counted, told under the name that AWS has for it, and shown."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import botocore.session
import pytest

from bulkfhir.engine.figures.job_figures import FileFigures, JobProgressReport, LineFigures

PAGE = Path(__file__).resolve().parents[3] / "engine/server/pages/job.js"
LINES = LineFigures(*range(1, 1 + len(fields(LineFigures))))
FILES = FileFigures(*range(1, 1 + len(fields(FileFigures))))
TOLD = JobProgressReport().to_json()


@pytest.mark.parametrize("name", [field.name for field in fields(JobProgressReport)])
def test_a_figure_is_told_as_it_was_counted(name: str) -> None:
    assert getattr(JobProgressReport.of(LINES, FILES, 1.5), name), (
        "count it in JobProgressReport.of"
    )
    alone = JobProgressReport(**{name: 7}).to_json()
    assert list(alone.values()).count(7) == 1, "tell it in JobProgressReport.to_json"


@pytest.mark.parametrize("name", TOLD)
def test_the_job_page_shows_a_figure(name: str) -> None:
    assert f"{name}: " in PAGE.read_text(), "add a label for it to FIGURES in job.js"


def test_the_figures_are_among_those_of_the_api() -> None:
    model = botocore.session.get_session().get_service_model("healthlake")
    assert TOLD.keys() <= set(model.shape_for("JobProgressReport").members), (
        "a client of AWS drops a figure that its model of the service does not name"
    )
