"""The curve of a report."""

from __future__ import annotations

import re

from bulkfhir.engine.job_report.speed_picture import speed_picture


def moments(*pairs):
    return [{"seconds": at, "resources": count, "rejected": 0} for at, count in pairs]


def top(picture):
    return float(re.search(r">([0-9,.]+) resources/s<", picture)[1].replace(",", ""))


def test_a_job_of_a_moment_has_no_curve():
    assert speed_picture([]) == ""
    assert speed_picture(moments((0.3, 10))) == ""


def test_the_highest_speed_is_written():
    assert top(speed_picture(moments((1, 100), (2, 500), (3, 600)))) == 400


def test_a_last_remnant_of_time_makes_no_peak():
    assert top(speed_picture(moments((1, 100), (2, 200), (3, 300), (3.01, 320)))) < 120


def test_many_moments_are_drawn_as_few():
    picture = speed_picture(moments(*((at, at * 10) for at in range(1, 1001))))
    assert len(re.search('polyline[^>]*points="([^"]*)"', picture)[1].split()) <= 42
    assert top(picture) == 10
