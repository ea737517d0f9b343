"""The catalogue of rules: a name is declared once, its sentences are of one form and are filled
with their fields, and no issue is made without a declaration.
"""

from __future__ import annotations

import ast
import functools
import gzip
import importlib
import pkgutil
import re
from pathlib import Path
from typing import NamedTuple

import pytest

import bulkfhir.validators
from bulkfhir.engine.judging.every_rule import EVERY_RULE, rule_named
from bulkfhir.validators import Issue, Validator
from bulkfhir.validators.catalogue import DECLARATIONS, sentences
from bulkfhir.validators.verdicts.declaration import Declaration

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "../shared"
SENTENCES = [one for rule in EVERY_RULE for one in (sentences(rule) or (rule,))]
PLAIN = {
    "validators/fhir_resources.py",
    "engine/writing/finding_rows.py",
    "validators/verdicts/issue.py",
}
"""Where an Issue is made of plain text: pydantic's words, what was read back, and the record's own
copy.
"""


class Call(NamedTuple):
    """A call in the sources: the last name of what it calls (``DATE`` of
    ``faults.DATE(value=value)``), whether it gives values by place, and the names of the others,
    of which None stands for an unpacked mapping.
    """

    path: str
    line: int
    name: str
    by_place: bool
    words: frozenset[str | None]


@functools.cache
def calls() -> list[Call]:
    found = []
    for package in ("validators", "engine"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Call):
                    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    words = frozenset(word.arg for word in node.keywords)
                    found.append(Call(name, node.lineno, called, bool(node.args), words))
    return found


def test_a_name_or_alias_is_declared_once() -> None:
    names = [name for rule in EVERY_RULE for name in (rule.name, *rule.aliases)]
    assert len(names) == len(set(names))
    assert all(rule_named(name) is not None for name in names)


def test_every_declaration_of_the_validators_is_gathered() -> None:
    gathered = {id(one) for rule in DECLARATIONS for one in sentences(rule)}
    for info in pkgutil.walk_packages(bulkfhir.validators.__path__, "bulkfhir.validators."):
        if info.name.endswith("fhir_resources"):  # a plug-in that words two rules anew
            continue
        for name, value in vars(importlib.import_module(info.name)).items():
            assert not isinstance(value, Declaration) or id(value) in gathered, (
                f"{info.name} declares {name}: add the module to _MODULES of the catalogue"
            )


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: rule.name)
def test_a_rule_is_declared_whole(rule: Declaration) -> None:
    assert re.fullmatch(r"[a-z][A-Za-z0-9]*(-[a-z0-9]+)*", rule.name)
    assert rule.severity in ("fatal", "error", "warning", "information")
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.code)
    assert rule.says[-1:] not in ("", ".", ",", ";", ":")
    assert rule.says == rule.says.strip()
    assert re.fullmatch(r"(\d+(\.\d+)+)?", rule.section)


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda one: f"{one.name}: {one.template[:40]}")
def test_a_sentence_has_the_one_form(sentence: Declaration) -> None:
    text = sentence.template
    assert set(sentence.quotes) <= sentence.fields
    assert text == " ".join(text.split()), "white space other than single blanks"
    assert text[-1] not in ".,;!", "a sentence ends without a full stop"
    for opening, closing in ("()", "[]"):
        assert text.count(opening) == text.count(closing)
    assert sentence.hidden.fields == sentence.fields - set(sentence.quotes)


def test_a_check_fills_the_fields_of_its_sentence() -> None:
    declared: dict[str, list[frozenset[str]]] = {}
    for package in ("bulkfhir.validators", "bulkfhir.engine.judging.import_rules"):
        module = importlib.import_module(package)
        inside = [
            info.name
            for info in pkgutil.walk_packages(getattr(module, "__path__", []), f"{package}.")
            if not info.name.endswith("fhir_resources")
        ]
        for name in (package, *inside):
            for constant, value in vars(importlib.import_module(name)).items():
                if isinstance(value, Declaration):
                    declared.setdefault(constant, []).append(value.fields)
    filled = [
        call
        for call in calls()
        if call.name in declared and not call.by_place and None not in call.words
    ]
    for call in filled:
        assert any(fields <= call.words for fields in declared[call.name]), call
    assert len(filled) > 150


def test_no_issue_is_made_of_plain_text() -> None:
    found = [
        f"{call.path}:{call.line}"
        for call in calls()
        if call.name == "Issue" and call.path not in PLAIN
    ]
    assert found == []


def test_an_issue_is_rendered_late_and_equals_the_same_in_plain_text() -> None:
    fault = Declaration("a", "error", "value", "'{value}' has {count}%", "b", quotes=("value",))
    issue = Issue.of(fault(value="{x} %s", count=3), "Patient.id")
    assert issue == Issue("error", "value", "a", "Patient.id", "'{x} %s' has 3%")
    assert issue.without_values().diagnostics == "'***' has 3%"
    assert issue.copied() == issue


def test_a_message_is_cut_however_it_was_given() -> None:
    fault = Declaration("a", "error", "value", "{value}", "b")
    long = "x" * 3000
    messages = {
        Issue.of(fault(value=long)).diagnostics,
        Issue("error", "value", "a", "", long).diagnostics,
    }
    assert len(messages) == 1
    assert len(messages.pop()) == 2000


def names_printed(lines: list[bytes], level: str) -> set[tuple[str, str]]:
    validator = Validator(level, warnings=True)  # type: ignore[arg-type]
    return {(issue.rule, issue.code) for line in lines for issue in validator.validate(line).issues}


def assert_declared(printed: set[tuple[str, str]]) -> None:
    assert printed
    assert {name for name, code in printed if code != "invariant" and not rule_named(name)} == set()


def test_names_printed_over_the_fixtures_are_declared() -> None:
    lines = (ROOT / "fixtures/mutations/r4.ndjson").read_bytes().splitlines()[:600]
    lines += (ROOT / "fixtures/special/responses.ndjson").read_bytes().splitlines()
    assert_declared(names_printed(lines, "strict"))


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/ndjson beside the project")
@pytest.mark.parametrize("corpus", ["mutated-r4", "dirty20", "cms-bcda"])
def test_names_printed_over_open_data_are_declared(corpus: str) -> None:
    with gzip.open(SHARED / f"ndjson/{corpus}.ndjson.gz") as file:
        lines = [line for _, line in zip(range(1500), file, strict=False)]
    assert_declared(names_printed(lines, "structure-only"))
