"""Lines are of at most 100 columns where no formatter looks: ruff holds Python, rustfmt the code of
the crate.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST = 100
LOOKED_AT = (
    ".ci/run", "*.toml", "native/*.toml", "native/src/**/*.rs", "native/tests/*.rs",
    "native/fuzz/*.toml", "native/fuzz/targets/*.rs", "engine/**/*.css", "engine/**/*.html",
    "engine/**/*.js",
)  # fmt: skip
"""Of the crate, comments. Workflows, and programs of users and peers in other languages, are not
among them.
"""
REPORTED = {"engine/job_report/report.css", "engine/job_report/report.html"}
"""They stand in reports as they are, to the byte."""


def test_lines_that_no_formatter_wraps_keep_to_100_columns() -> None:
    long = list[str]()
    for pattern in LOOKED_AT:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                is_held = path.suffix != ".rs" or line.lstrip().startswith("//")
                if len(line) > MOST and is_held and name not in REPORTED:
                    long.append(f"{name}:{number}")
    assert long == []
