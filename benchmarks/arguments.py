"""Arguments: what the scripts are given, and the one line that says why it cannot be measured,
before anything is.

Parser -> types of arguments -> run_script, whose exit code is 2 for what was named wrongly and 4
where there is nothing to read
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from inputs import find_files, lines_of, read_labels
from variants import is_resource

from bulkfhir.engine.cli.exits import NOTHING_TO_READ, USAGE
from bulkfhir.engine.errors import ConfigurationError, NothingToRead
from bulkfhir.engine.job_terms.job_choices import LEVELS
from bulkfhir.validators.errors import BulkfhirError

__all__ = [
    "LEVELS",
    "Parser",
    "above",
    "file",
    "folder",
    "labels",
    "lines",
    "package",
    "refuse_no_resources",
    "run_script",
    "whole_number",
]


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line each. ``doc`` is the script's own."""

    def __init__(self, doc: str | None) -> None:
        super().__init__(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(message)


def run_script(main: Callable[[], int | None]) -> NoReturn:
    """Run a script and exit; what the user can mend is one line."""
    try:
        code = main()
    except BulkfhirError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        code = NOTHING_TO_READ if isinstance(error, NothingToRead) else USAGE
    sys.exit(code)


def lines(text: str) -> Path:
    """A file of lines, compressed by gzip or not, or a folder of such files."""
    path = Path(text)
    found = find_files(path)
    if not found and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: no such file or folder")
    if not any(line.strip() for line in lines_of(found)):
        raise NothingToRead(f"{text}: no line is here, in a file or in .ndjson(.gz) of a folder")
    return path


def file(text: str) -> Path:
    """A file that is there."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text}: no such file")
    return Path(text)


def folder(text: str) -> Path:
    """A folder that is there."""
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text}: no such folder")
    return Path(text)


def labels(text: str) -> Path:
    """A reference's verdicts on lines, see ``read_labels``."""
    path = file(text)
    try:
        read_labels(path)
    except (OSError, EOFError, KeyError, TypeError, ValueError):
        raise argparse.ArgumentTypeError(
            f"{text}: this is no label file, which is JSON lines, compressed by gzip"
        ) from None
    return path


def package(text: str) -> str:
    """A FHIR package: a file, a folder, or ``name#version`` in the standard cache. Raises
    PackageError where it is not there, or cannot be read.
    """
    from bulkfhir.validators.definitions.packages import Packages

    Packages([text])
    return text


def whole_number(least: int = 1) -> Callable[[str], int]:
    """Return the type of whole numbers that are so large at the least."""

    def number(text: str) -> int:
        try:
            given = int(text)
        except ValueError:
            given = least - 1
        if given < least:
            raise argparse.ArgumentTypeError(f"{text}: a whole number of {least} or more is wanted")
        return given

    return number


def above(text: str) -> float:
    """A number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: a number above 0 is wanted")
    return number


def refuse_no_resources(path: Path, given: Sequence[bytes]) -> None:
    """Raise ConfigurationError where a line is not a resource: whoever measures puts something in
    each.
    """
    for line in given:
        try:
            resource = json.loads(line)
        except ValueError:
            resource = None
        if not is_resource(resource):
            raise ConfigurationError(f"{path}: a line of it is no resource, and every one must be")
