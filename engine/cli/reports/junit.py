"""JUnit XML: a test suite a file, a failed test case a rule broken in it, so that any CI shows what
is wrong.
"""

from __future__ import annotations

from html import escape  # xml.sax.saxutils brings urllib and ssl along
from itertools import groupby
from typing import TYPE_CHECKING

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern
from bulkfhir.validators.verdicts.issue import FAILING

from ...job_report.printable import printable
from .groups import GroupedReport, RuleGroup
from .human import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


__all__ = ["JUnitReport"]

NOT_XML = lazy_pattern("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What may not stand in XML 1.0, section 2.2."""


class JUnitReport(GroupedReport):
    """Grouped by file and rule, the first findings of each; warnings and information are skipped
    test cases, a file that could not be read is an error.
    """

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write what stands at the end."""
        del summary
        self._out.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="bulkfhir">\n')
        for file, groups in groupby(
            sorted(self._groups, key=lambda group: group.file), key=lambda group: group.file
        ):
            self._out.write("\n".join(_suite(file, list(groups))) + "\n")
        if self._groups.left_out:
            self._out.write(
                f'<testsuite name="more"><system-out>{self._groups.left_out} findings of further '
                "rules</system-out></testsuite>\n"
            )
        self._out.write("</testsuites>\n")


def _suite(file: str, groups: list[RuleGroup]) -> Iterable[str]:
    kinds = [_kind(group) for group in groups]
    errors = f' errors="{kinds.count("error")}"' if "error" in kinds else ""
    yield (
        f'<testsuite name={_attribute(file)} tests="{len(groups)}" '
        f'failures="{kinds.count("failure")}" skipped="{kinds.count("skipped")}"{errors}>'
    )
    for kind, group in zip(kinds, groups, strict=True):
        text = "\n".join(sentence(finding) for finding in group.examples)
        more = (
            f"\n... and {group.count - len(group.examples)} more"
            if group.count > len(group.examples)
            else ""
        )
        message = f"{group.count} x {group.severity} {group.rule}"
        body = (
            f"<{kind} "
            f"message={_attribute(message)}>{escape(_xml(text + more), quote=False)}</{kind}>"
        )
        yield (
            f"<testcase classname={_attribute(file)} "
            f"name={_attribute(group.rule)}>{body}</testcase>"
        )
    yield "</testsuite>"


def _kind(group: RuleGroup) -> str:
    if not group.of_lines:
        return "error"
    return "failure" if group.severity in FAILING else "skipped"


def _xml(text: str) -> str:
    return NOT_XML.sub("?", text)


def _attribute(text: str) -> str:
    return '"' + escape(_xml(printable(text))).replace("\n", "&#10;") + '"'
