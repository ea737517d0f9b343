#!/usr/bin/env python3
"""Scan reports for values of the data.

usage: report_scan.py SOURCE... [--package PACKAGE]...

Imports each SOURCE (a file or folder of NDJSON) into a temporary folder, with a report that holds
no values, and looks in report.html and report.json for every string of five characters or more that
stands in the input: values, member names, numbers, words of lines that are no JSON. One that stands
in the report, and neither in R4's definitions, nor in those of the packages, nor in this project's
own texts, is printed, and the exit code is 1.

Figures of the report are counts of its own: numbers that are no strings in JSON are not looked at,
nor those that stand alone in HTML, all text of which is of strings of the JSON. The time at which
the report was written is left out, and so are the names of files, without their folders. A place
such as ``Account.identifier.system`` is held where R4 has each of its steps.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import string
import sys
import tempfile
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from bulkfhir.engine import import_job
from bulkfhir.validators.definitions import Definitions, core
from bulkfhir.validators.definitions.packages import Packages

ROOT = Path(__file__).resolve().parents[2]
LEAST = 5
"""Characters of a string that is looked for."""

_EDGES = string.whitespace + string.punctuation
"""What is not looked at where a string begins and ends: our sentences have these around what R4
says, such as ``'Patient.name'``.
"""

_PLACE = re.compile(r"[A-Z][A-Za-z]+(\.[a-z][A-Za-z]+)+")
_FIGURE = re.compile(r"(?<![\w.-])[0-9][0-9,.]*(?![\w.-])")
_COORDINATES = ("points", "d", "width", "viewbox", "x", "y")
_WORD = re.compile(r'[^\s"{}\[\],:]+')


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("sources", nargs="+", type=Path, metavar="SOURCE")
    parser.add_argument("--package", dest="packages", action="append", default=[])
    given = parser.parse_args()
    held, found = held_text(given.packages), 0
    for source in given.sources:
        leaks = leaks_of(source, given.packages, held)
        found += len(leaks)
        print(f"{source}: {len(leaks)} strings of the data", *leaks, sep="\n  ", flush=True)
    return 1 if found else 0


def leaks_of(source: Path, packages: list[str], held: str) -> list[str]:
    """Return the strings of a source that stand in its report and nobody else holds."""
    with tempfile.TemporaryDirectory() as folder:
        job = import_job(
            source, folder, job_id="scan", packages=packages, report=True, warnings=True
        )
        place, names = Path(job.job_folder.removeprefix("file://")), {source.name}
        names |= {path.name for path in source.rglob("*")} if source.is_dir() else set()
        return leaks(place, strings_of(source), held, names)


def leaks(
    job_folder: Path, strings: Iterable[str], held: str, files: Iterable[str] = ()
) -> list[str]:
    """Return which of these strings stand in the report of a job, and neither in the text held nor
    in the names of files.
    """
    shown = shown_text(job_folder)
    for name in sorted(files, key=len, reverse=True):
        shown = shown.replace(name, "")
    grams = {shown[at : at + LEAST] for at in range(len(shown))}
    standing = {text for text in strings if text[:LEAST] in grams and text in shown}
    return sorted(text for text in standing if not is_held(text, held))


def is_held(text: str, held: str) -> bool:
    """Tell whether the text held has a string, or each step of a place."""
    text = text.strip(_EDGES)
    return text in held or (
        _PLACE.fullmatch(text) is not None
        and all(f".{step}\n" in held for step in text.split(".")[1:])
    )


def shown_text(job_folder: Path) -> str:
    """Return all text of both files of a report."""
    document = json.loads((job_folder / "report.json").read_text("utf-8"))
    page = _Page()
    page.feed((job_folder / "report.html").read_text("utf-8"))
    text = "\n".join(page.texts).replace(document["job"].pop("finished"), "")
    text = _FIGURE.sub("", text)
    return "\n".join((text, *_strings(document)))


class _Page(HTMLParser):
    """The text of a page and of its attributes, but for the coordinates of pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value or "" for name, value in attrs if name not in _COORDINATES]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def held_text(packages: list[str]) -> str:
    """Return what R4, the packages and this project say."""
    definitions = Packages(packages) if packages else core()
    kinds = ("StructureDefinition", "ValueSet", "CodeSystem", "SearchParameter")
    known = (text for kind in kinds for one in definitions.all(kind) for text in _strings(one))
    folders = (ROOT / "engine", ROOT / "validators")
    own = (
        path.read_text("utf-8")
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in {".py", ".html", ".css"}
    )
    bounds = (str(-(2**31)), str(2**31 - 1))
    return "\n".join((*known, *_choices(definitions), *own, *bounds, *packages))


def _choices(definitions: Definitions) -> Iterator[str]:
    """Yield the names in JSON of elements with a choice of types: ``deceasedBoolean``."""
    for definition in definitions.all("StructureDefinition"):
        for element in definition.get("snapshot", {}).get("element", ()):
            name = element["path"].rpartition(".")[2]
            for kind in element.get("type", ()) if name.endswith("[x]") else ():
                yield name.removesuffix("[x]") + kind["code"][:1].upper() + kind["code"][1:]


def strings_of(source: Path) -> Iterator[str]:
    """Yield every string of an input that is long enough."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    seen: set[str] = set()
    for path in files if source.is_dir() else [source]:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        for line in data.splitlines():
            for text in _of_line(line):
                if len(text) >= LEAST and text not in seen:
                    seen.add(text)
                    yield text


def _of_line(line: bytes) -> Iterator[str]:
    try:
        yield from _strings(json.loads(line, parse_int=str, parse_float=str))
    except (ValueError, RecursionError):
        yield from _WORD.findall(line.decode("utf-8", "replace"))


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


if __name__ == "__main__":
    sys.exit(main())
