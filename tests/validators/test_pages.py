"""Every line on the pages of rules, judged by each engine: it must give the rules and places that
its head states, no more and no less. Pages and catalogue hold the same names, and each name has a
line that fails and one that passes.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.job_terms.settings import Settings
from bulkfhir.engine.judging.every_rule import EVERY_RULE, rule_named
from bulkfhir.engine.judging.judge import Judge as JobJudge
from bulkfhir.engine.reading.lines import Lines
from bulkfhir.validators import OneByOne, Validator, Verdict
from tests.conftest import Judge
from tests.oracle.report_scan import LEAST, held_text, is_held
from tests.validators.page_lines import PAGES, Line, Page, Section, read_page

EVERY = [read_page(path) for path in sorted(PAGES.glob("*.md")) if path.name != "README.md"]
SECTIONS = [section for page in EVERY for section in page.sections]
LINES = [line for section in SECTIONS for line in section.lines]


def package(page: Page, folder: Path) -> tuple[str, ...]:
    """The folder of a package that holds the definitions given on a page; none without any."""
    if not page.definitions:
        return ()
    inside = folder / page.path.stem / "package"
    inside.mkdir(parents=True)
    manifest = {"name": page.path.stem, "version": "1.0.0", "fhirVersions": ["4.0.1"]}
    (inside / "package.json").write_text(json.dumps(manifest))
    for number, definition in enumerate(page.definitions):
        name = f"{definition['resourceType']}-{number}.json"
        (inside / name).write_text(json.dumps(definition))
    return (str(inside.parent),)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[Page, tuple[str, ...]]:
    folder = tmp_path_factory.mktemp("pages")
    return {page: package(page, folder) for page in EVERY}


@pytest.fixture(scope="session")
def judge_of(
    engine: str,
    judging: Callable[..., Judge],
    validators: Callable[..., Validator],
    packages: dict[Page, tuple[str, ...]],
) -> Callable[[Line], Judge]:
    """The judge of a line, shared by the lines of a page that are judged alike. By ``proven`` it
    has seen the line's neighbours three times, or until it learnt nothing more from them.
    """
    made: dict[object, Judge] = {}
    warm: set[tuple[Judge, Section]] = set()

    def of(line: Line) -> Judge:
        page = line.section.page
        choices = {name: value for name, value in line.choices.items() if name != "job"}
        key = packages[page], *sorted(choices.items())
        if key not in made:
            made[key] = (
                Judge(engine, made=validators, packages=packages[page], **choices)
                if packages[page]
                else judging(**choices)
            )
        judge = made[key]
        if judge.engine == "proven" and (judge, line.section) not in warm:
            warm.add((judge, line.section))
            for _ in range(3):
                for neighbour in line.section.lines:
                    judge.validator.validate(neighbour.data)
                if not judge.learnt():
                    break
        return judge

    return of


def judged(line: Line, judge: Judge) -> Verdict:
    """The verdict on a line, with what an import job adds where the line's head asks for it."""
    if "job" not in line.choices:
        return judge.validate(line.data)
    job = JobJudge(OneByOne(judge), {}, Settings(Choices(), ""))
    return job.verdicts(Lines(line.data, 0, 0, 1)).verdicts.get(0, Verdict(None, None))


held = functools.cache(functools.partial(held_text, []))


def shown_values(line: Line, verdict: Verdict) -> list[str]:
    """The values of a line that stand in a sentence without values: those of five characters or
    more that neither R4, nor the page's definitions, nor the project's own texts hold.
    """
    hidden = "\n".join(issue.without_values().diagnostics for issue in verdict.issues)
    if not hidden:
        return []
    with contextlib.suppress(ValueError, RecursionError):  # some lines are no JSON, or too deep
        shown = [value for value in values_of(json.loads(line.data)) if value in hidden]
        known = json.dumps(line.section.page.definitions)
        return [
            value
            for value in shown
            if value.partition("|")[0] not in known and not is_held(value, held())
        ]
    return []


def values_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from values_of(each)
    elif len(str(value)) >= LEAST:
        yield str(value)


@pytest.mark.parametrize("line", LINES, ids=str)
def test_a_line_gives_what_its_head_states(line: Line, judge_of: Callable[[Line], Judge]) -> None:
    verdict = judged(line, judge_of(line))
    said = sorted((issue.severity, issue.rule, issue.location) for issue in verdict.issues)
    assert said == list(line.expected), [issue.diagnostics for issue in verdict.issues]
    assert verdict.failed != line.passes
    assert shown_values(line, verdict) == [], (
        "a sentence quotes values: name its fields in `quotes` of the declaration"
    )


@pytest.mark.parametrize(
    "section", [section for section in SECTIONS if section.is_rule], ids=lambda one: one.name
)
def test_a_rule_has_a_line_that_prints_it_and_one_that_passes(section: Section) -> None:
    printed = any(rule == section.name for line in section.lines for _, rule, _ in line.expected)
    silent = [line for line in section.lines if line.passes and not line.expected]
    assert printed != section.unseen, "write a line below `Fails with`, or why no line shows it"
    assert silent, "write a line below `Passes:`"


def test_pages_and_catalogue_hold_the_same_names() -> None:
    names = [section.name for section in SECTIONS if section.is_rule]
    declared = {rule.name for rule in EVERY_RULE if not rule.family}
    assert declared - set(names) == set(), "write a section `## name` for each on a page"
    assert sorted(names) == sorted(declared), "a section has no declaration, or stands twice"
    families = {f"{rule.name}s.md" for rule in EVERY_RULE if rule.family}
    assert families <= {page.path.name for page in EVERY}


@pytest.mark.parametrize(
    "section",
    [section for section in SECTIONS if section.is_rule and not section.unseen],
    ids=lambda one: one.name,
)
def test_a_rule_is_printed_with_the_severity_that_it_declares(section: Section) -> None:
    declared = rule_named(section.name)
    assert declared is not None
    printed = {
        severity
        for line in section.lines
        for severity, rule, _ in line.expected
        if rule == section.name
    }
    assert declared.severity in printed


def test_the_index_names_every_page() -> None:
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| \[[^]]+\]\(([^)]+)\) \|", index, re.MULTILINE)
    assert sorted(named) == sorted(page.path.name for page in EVERY)
