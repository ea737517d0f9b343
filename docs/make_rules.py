#!/usr/bin/env python3
"""Write the tables of docs/rules.md from the catalogue of rules and the titles of their pages.

usage: make_rules.py [--check]

--check writes nothing and ends with 1 where the file is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bulkfhir.engine.judging.every_rule import EVERY_RULE
from bulkfhir.validators.rule_pages import page_titles
from bulkfhir.validators.verdicts.declaration import Declaration

FILE = Path(__file__).with_name("rules.md")
START = "<!-- what stands up to the next such mark is written by docs/make_rules.py -->\n"
END = "<!-- end of what docs/make_rules.py writes -->\n"


def tables() -> str:
    """Return a table for every page, and one of the rules that stand on none."""
    rest = {rule.name: rule for rule in EVERY_RULE}
    parts = []
    for file, (title, names) in page_titles().items():
        rules = [rest.pop(name) for name in names if name in rest]
        if rules:
            parts.append(f"## {title}\n\n[What each checks](../validators/pages/{file})\n\n")
            parts.append(_table(rules))
    if rest:
        parts.append("## Named by the definitions\n\n" + _table(list(rest.values())))
    return "\n" + "\n".join(parts) + "\n"


def _table(rules: list[Declaration]) -> str:
    head = "| rule | severity | asks that | R4 | message ids |\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| {_name(rule)} | {rule.severity} | {rule.says} | {rule.section} | "
        f"{', '.join(f'`{one}`' for one in rule.reference)} |\n"
        for rule in rules
    )


def _name(rule: Declaration) -> str:
    return f"the {rule.family} of an invariant" if rule.family else f"`{rule.name}`"


def made(text: str) -> str:
    """Return the text of the file with its tables written anew."""
    before, _, rest = text.partition(START)
    return before + START + tables() + END + rest.partition(END)[2]


def main() -> None:
    """Write the file, or with --check tell by the exit code whether it is up to date."""
    text = FILE.read_text(encoding="utf-8")
    if made(text) == text:
        return
    if "--check" in sys.argv:
        sys.exit(f"{FILE} is out of date: run docs/make_rules.py")
    FILE.write_text(made(text), encoding="utf-8")


if __name__ == "__main__":
    main()
