"""Formats of findings: what a machine reads back, and what a person sees."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import pkgutil
from xml.etree.ElementTree import fromstring

import pytest

from bulkfhir.engine.cli import reports
from bulkfhir.engine.cli.reports import FORMATS, LineIssue, Shown, open_report
from bulkfhir.engine.cli.reports.groups import CAP
from bulkfhir.engine.cli.summary_json import summary_json
from bulkfhir.engine.counting.summary import Summary
from bulkfhir.engine.judging.import_rules import unreadable
from bulkfhir.validators import Issue, Validator

PROFILE = "http://hl7.org/fhir/StructureDefinition/Patient"


NO_DATE = "'1987-02-30' is no date"


def finding(
    line: int = 17,
    *,
    severity: str = "error",
    rule: str = "date",
    diagnostics: str = NO_DATE,
    file: str = "Patient.ndjson",
) -> LineIssue:
    return LineIssue(
        file,
        line,
        line * 100,
        "Patient",
        "p1",
        Issue(severity, "invalid", rule, "Patient.birthDate", diagnostics, PROFILE),
    )


def report(
    name: str, findings: list[LineIssue], max_errors: int = 0, *, warnings: bool = False
) -> str:
    out = io.StringIO()
    made = open_report(name, out, Shown(max_errors, warnings=warnings))
    for one in findings:
        made.add(one)
    made.finish({**summary_json(Summary()), "scanned": 9})
    return out.getvalue()


def test_human_line_names_place_severity_code_and_rule() -> None:
    assert (
        report("human", [finding()])
        == "Patient.ndjson:17: Patient.birthDate: error[invalid] '1987-02-30' is no date  (date)\n"
    )


def test_human_colours_the_severity_where_that_is_wanted() -> None:
    for coloured in (True, False):
        out = io.StringIO()
        open_report("human", out, Shown(coloured=coloured)).add(finding())
        assert ("\x1b[31m error\x1b[0m[invalid]" in out.getvalue()) is coloured
        assert ("\x1b" in out.getvalue()) is coloured


def test_human_shows_max_errors_and_how_many_more_there_are() -> None:
    lines = report("human", [finding(n) for n in range(1, 6)], max_errors=2).splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("... and 3 more")


def beside(severity: str) -> LineIssue:
    return dataclasses.replace(finding(severity=severity, rule="beside"), beside=True)


def test_human_shows_what_rejects_a_line_and_counts_what_stands_beside_it() -> None:
    found = [beside("warning"), finding(), beside("warning"), beside("information")]
    lines = report("human", found).splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("(date)")
    assert lines[1] == (
        "rejected lines have further issues, 2 of severity warning and 1 of severity "
        "information (--warnings shows them)"
    )
    assert report("human", found, warnings=True).count("(beside)") == 3


def test_human_shows_warnings_of_accepted_lines_that_are_reported() -> None:
    """The minimal level has some."""
    assert "warning[invalid]" in report("human", [finding(severity="warning")])


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"human", "grouped"}))
def test_formats_for_machines_have_what_stands_beside_too(name: str) -> None:
    assert "beside" in report(name, [finding(), beside("warning")])


def test_human_escapes_what_a_terminal_would_obey() -> None:
    text = report("human", [finding(diagnostics="\x1b[31mred\nnext \ud800")])
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert "\\x1b[31mred next \\ud800" in text


def test_jsonl_has_the_pinned_keys_in_order() -> None:
    record = json.loads(report("jsonl", [finding()]))
    assert list(record) == [
        "file",
        "line",
        "offset",
        "resourceType",
        "resourceId",
        "severity",
        "code",
        "rule",
        "location",
        "diagnostics",
        "profile",
        "pointer",
    ]
    assert record == {
        "file": "Patient.ndjson",
        "line": 17,
        "offset": 1700,
        "resourceType": "Patient",
        "resourceId": "p1",
        "severity": "error",
        "code": "invalid",
        "rule": "date",
        "location": "Patient.birthDate",
        "diagnostics": NO_DATE,
        "profile": PROFILE,
        "pointer": "/birthDate",
    }


def test_jsonl_has_no_pointer_of_a_file() -> None:
    assert json.loads(report("jsonl", [BROKEN]))["pointer"] is None


@pytest.mark.parametrize("name", ["jsonl", "csv", "json"])
def test_formats_for_machines_ignore_max_errors(name: str) -> None:
    assert (
        report(name, [finding(n) for n in range(5)], max_errors=2).count("Patient.birthDate") == 5
    )


def test_jsonl_survives_a_lone_surrogate() -> None:
    record = json.loads(report("jsonl", [finding(diagnostics="\ud800")]).encode())
    assert record["diagnostics"] == "\ud800"


def test_csv_reads_back_whatever_a_value_holds() -> None:
    rows = list(
        csv.DictReader(io.StringIO(report("csv", [finding(diagnostics='a, "b"\nc')]), newline=""))
    )
    assert [row["diagnostics"] for row in rows] == ['a, "b"\nc']
    assert rows[0]["line"] == "17"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"], ids=ascii)
def test_csv_has_no_cell_that_a_spreadsheet_computes(start: str) -> None:
    issue = finding(diagnostics=f"{start}HYPERLINK(1)")
    (row,) = csv.DictReader(io.StringIO(report("csv", [issue]), newline=""))
    assert row["diagnostics"] == f"'{start}HYPERLINK(1)"
    assert row["line"] == "17"


def test_json_is_one_document_with_issues_and_summary() -> None:
    document = json.loads(report("json", [finding(1), finding(2)]))
    assert [issue["line"] for issue in document["issues"]] == [1, 2]
    assert document["summary"]["scanned"] == 9
    assert json.loads(report("json", []))["issues"] == []


def test_junit_has_a_suite_a_file_and_a_failed_case_a_rule() -> None:
    many = [finding(n) for n in range(1, 31)] + [
        finding(rule="code", file="b.ndjson"),
        finding(rule="dom-6", severity="warning"),
    ]
    suites = fromstring(report("junit", many))
    assert {
        suite.get("name"): (suite.get("tests"), suite.get("failures"), suite.get("skipped"))
        for suite in suites
    } == {
        "Patient.ndjson": ("2", "1", "1"),
        "b.ndjson": ("1", "1", "0"),
    }
    failure = suites.find("./testsuite/testcase[@name='date']/failure")
    assert failure.get("message") == "30 x error date"
    assert failure.text.count("Patient.ndjson:") == 10
    assert failure.text.endswith("... and 20 more")


def test_junit_is_xml_whatever_a_value_holds() -> None:
    suites = fromstring(
        report("junit", [finding(diagnostics="<a&b> \x00 \ud800 ]]>", file='q"<.ndjson')]).encode()
    )
    assert suites[0].get("name") == 'q"<.ndjson'


def test_sarif_groups_by_rule_and_file_and_counts() -> None:
    run = json.loads(
        report(
            "sarif",
            [finding(n) for n in range(1, 31)] + [finding(rule="dom-6", severity="warning")],
        )
    )["runs"][0]
    date, dom = run["results"]
    assert (date["ruleId"], date["level"], date["occurrenceCount"]) == ("date", "error", 30)
    assert date["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "Patient.ndjson"},
        "region": {"startLine": 1},
    }
    assert len(date["relatedLocations"]) == 9
    assert dom["level"] == "warning"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["date", "dom-6"]


def test_github_annotation_is_escaped_and_counts_the_rest() -> None:
    text = report(
        "github",
        [finding(diagnostics="50% of\nit", file="a:b,c.ndjson"), finding(18, file="a:b,c.ndjson")],
    )
    assert text == (
        "::error file=a%3Ab%2Cc.ndjson,line=17,title=date::Patient.birthDate: 50%25 of%0Ait "
        "(and 1 more)\n"
    )


def test_azure_command_is_escaped_and_counts_the_rest() -> None:
    many = [finding(diagnostics="50% of]\nit", file="a;b.ndjson"), finding(file="a;b.ndjson")]
    assert report("azure", [*many, finding(severity="information")]).splitlines() == [
        (
            "##vso[task.logissue type=error;sourcepath=a%3Bb.ndjson;linenumber=17;code=date;]"
            "Patient.birthDate: 50%AZP25 of%5D%0Ait (and 1 more)"
        ),
        (
            "##vso[task.logissue type=warning;sourcepath=Patient.ndjson;linenumber=17;code=date;]"
            "Patient.birthDate: '1987-02-30' is no date"
        ),
    ]


def test_gitlab_entry_is_known_again_whatever_its_lines() -> None:
    before, after = (
        json.loads(report("gitlab", [finding(n) for n in lines])) for lines in ((3, 4), (9,))
    )
    (entry,) = before
    assert entry["description"] == "Patient.birthDate: '1987-02-30' is no date (and 1 more)"
    assert (entry["check_name"], entry["severity"]) == ("date", "major")
    assert entry["location"] == {"path": "Patient.ndjson", "lines": {"begin": 3}}
    assert entry["fingerprint"] == after[0]["fingerprint"]
    others = json.loads(report("gitlab", [finding(rule="code"), finding(severity="warning")]))
    assert len({each["fingerprint"] for each in [entry, *others]}) == 3


def test_operation_outcome_is_one_valid_resource_a_line_of_data() -> None:
    findings = [finding(1), finding(1, rule="code"), finding(2), BROKEN]
    lines = report("operation-outcome", findings).splitlines()
    first, second, broken = (json.loads(line) for line in lines)
    assert [each["details"]["coding"][0]["code"] for each in first["issue"]] == ["date", "code"]
    assert first["issue"][0]["expression"] == ["Patient.birthDate"]
    assert second["issue"][0]["extension"][0]["valueInteger"] == 2
    assert broken["extension"][0]["valueString"] == "cut.gz"
    assert "extension" not in broken["issue"][0]
    validator = Validator("strict")
    assert [validator.validate(line.encode()).failed for line in lines] == [False] * 3


@pytest.mark.parametrize("name", ["junit", "sarif", "github", "gitlab", "azure"])
def test_grouped_formats_keep_memory_bounded(name: str) -> None:
    assert len(report(name, [finding(n, rule=f"rule{n}") for n in range(6000)])) < 8_000_000


def test_sarif_describes_the_rules_it_names() -> None:
    text = report("sarif", [finding()])
    (rule,) = json.loads(text)["runs"][0]["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "A date is written as one, and is in the calendar."
    assert "Type_Specific_Checks_DT_Date_Valid" in rule["fullDescription"]["text"]
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert "YYYY" in rule["help"]["markdown"]


def test_sarif_knows_no_more_than_the_name_of_a_plug_ins_rule() -> None:
    text = report("sarif", [finding(rule="bad")])
    assert json.loads(text)["runs"][0]["tool"]["driver"]["rules"] == [{"id": "bad"}]


BROKEN = LineIssue.of_file("cut.gz", unreadable("it ends early", 400))


def test_every_report_is_in_the_table() -> None:
    inside = {info.name for info in pkgutil.iter_modules(reports.__path__)}
    named = {module for module, _ in reports._REPORTS.values()} | {"groups", "line_issue"}
    assert inside == named, "a format is a line in _REPORTS of engine/cli/reports/__init__.py"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_file_that_could_not_be_read(name: str) -> None:
    text = report(name, [finding(), BROKEN], max_errors=1)
    assert "cut.gz" in text
    assert "unreadable-file" in text
    assert "it ends early" in text


def test_a_file_that_could_not_be_read_has_no_line_in_any_format() -> None:
    record = json.loads(report("jsonl", [BROKEN]))
    assert (record["line"], record["offset"], record["severity"]) == (None, None, "fatal")
    assert next(csv.DictReader(io.StringIO(report("csv", [BROKEN]))))["line"] == ""
    suite = fromstring(report("junit", [BROKEN]))[0]
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("1", "1", "0")
    assert suite.find("./testcase/error") is not None
    (result,) = json.loads(report("sarif", [BROKEN]))["runs"][0]["results"]
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "cut.gz"}}}]
    assert (
        report("github", [BROKEN]) == "::error file=cut.gz,title=unreadable-file::it ends early\n"
    )


def test_an_unreadable_file_is_never_left_out_and_comes_first() -> None:
    many = [finding(n, rule=f"rule{n}") for n in range(CAP + 1)]
    assert report("github", [*many, BROKEN]).startswith("::error file=cut.gz")


def test_human_leaves_unreadable_files_to_the_tables_that_follow() -> None:
    out = io.StringIO()
    open_report("human", out, Shown(files=False)).add(BROKEN)
    assert out.getvalue() == ""


def test_sarif_names_a_file_whose_name_is_no_utf_8() -> None:
    run = json.loads(report("sarif", [finding(file="a\udcff.ndjson")]))["runs"][0]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%FF.ndjson"
