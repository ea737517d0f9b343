#!/usr/bin/env python3
"""Write validators/definitions/other_versions.txt: the resource types, and the members of
resources, that other versions of FHIR have and R4 has not.

usage: make_other_versions.py VERSION=FOLDER [VERSION=FOLDER ...]

Each FOLDER holds the classes of one version as the package fhir.resources generates them from HL7's
published definitions: DSTU2 from its release 6.5.0, STU3, R4B and R5 from its release 8.
Only names are taken. They are compared with the R4 definitions of this checkout.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from bulkfhir.validators.definitions import core
from bulkfhir.validators.schema import Schema

FILE = Path(__file__).resolve().parents[2] / "validators" / "definitions" / "other_versions.txt"
_BASES = {"DomainResource", "Resource", "domainresource.DomainResource", "resource.Resource"}


def members(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield every resource type of a version with its members."""
    for path in sorted(folder.glob("*.py")):
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.ClassDef) and {ast.unparse(b) for b in node.bases} & _BASES:
                yield node.name, sorted(set(_aliases(node)))


def _aliases(node: ast.ClassDef) -> Iterator[str]:
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.value, ast.Call):
            for keyword in field.value.keywords:
                if keyword.arg == "alias":
                    name = ast.literal_eval(keyword.value)
                    if name.isalpha():
                        yield name


def only_there(folder: Path) -> Iterator[str]:
    """Yield a line a resource type that has something R4 has not: its name alone where R4 has no
    such type, else the name and these members.
    """
    schema = Schema(core())
    for name, found in members(folder):
        if not schema.is_resource(name):
            yield name
        elif more := sorted(set(found) - schema.properties(name).keys()):
            yield f"{name} {' '.join(more)}"


def main() -> None:
    """Write the table."""
    lines: list[str] = []
    for argument in sys.argv[1:]:
        version, _, folder = argument.partition("=")
        lines += [f"# {version}", *only_there(Path(folder))]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
