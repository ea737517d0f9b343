#!/usr/bin/env python3
"""Layers: which file of the project imports which, and what that must never come to.

usage: layers.py [CHECKOUT] [--list]

Prints the figures that tests/test_layers.py holds at nothing: files that import one another in a
circle, imports that lead back up, names that stand for two things. --list names each of them. With
CHECKOUT the figures are those of another checkout, such as a worktree of an older commit.

An import counts wherever it stands: at the top, inside a function, under TYPE_CHECKING. A package's
``__init__`` is a file like any other; importing a module from outside its package runs it, so that
counts too. In the crate an import is a ``mod``, a ``use`` or a path that begins with ``crate`` or
``super``; its folders have no order, only no circle.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

COLUMN = {
    "validators": """
        __init__
        catalogue rule_pages
        validator fhir_resources
        minimal
        native
        explainer
        profiles
        rules
        checks
        fhirpath
        terminology schema remarks
        values definitions
        patterns
        verdicts errors near_name
        texts economy
    """,
    "engine": """
        __init__ front emulator mocking
        cli server
        jobs validation comparing handoff arrays measuring
        job
        job_report
        dispatching
        judging counting
        writing
        sharding
        across stored_tables sinks reading
        executors
        plugins job_terms
        storage columns
        figures
        errors process
    """,
}
"""The layers, from the top down: the folders and the files beside them that stand on one line may
import what stands below that line, and one another as long as there is no circle.
"""
LOOSE = 10
"""Files that may lie at the top of a package, beside its folders: each more is one more place to
look through. What came together later goes into a folder of its own.
"""
MAY_BE_DOUBLED = frozenset({"__init__", "__main__", "errors", "interface", "options", "model"})
"""What a file may be called in more than one folder: by convention, not by accident."""

Graph = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a checkout's imports and names come to; each entry is a line to read."""

    circles: tuple[str, ...]
    crate_circles: tuple[str, ...]
    room_circles: tuple[str, ...]
    upward: tuple[str, ...]
    unplaced: tuple[str, ...]
    loose: tuple[str, ...]
    doubled_modules: tuple[str, ...]
    doubled_types: tuple[str, ...]
    crate_doubled: tuple[str, ...]
    misnamed: tuple[str, ...]

    def __iter__(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield every figure with its title."""
        for name in self.__slots__:
            yield name.replace("_", " "), getattr(self, name)


def figures(root: Path) -> Figures:
    """Return the figures of the checkout at root."""
    graph = python_imports(root)
    rooms = defaultdict(set)
    for name, targets in graph.items():
        rooms[room(name)] |= {room(target) for target in targets} - {room(name)}
    return Figures(
        circles(graph),
        circles(crate_imports(root)),
        circles({name: frozenset(targets) for name, targets in rooms.items()}),
        tuple(upward(graph)),
        tuple(sorted({room(name) for name in graph if layer(name) is None})),
        tuple(loose(graph)),
        tuple(doubled_modules(graph)),
        tuple(doubled_types(root)),
        tuple(crate_doubled(root)),
        tuple(misnamed(graph)),
    )


# Python


def modules(root: Path) -> dict[str, Path]:
    """Return every Python file of the packages by its dotted name from the root; an ``__init__``
    has that as its last part.
    """
    return {
        ".".join(path.relative_to(root).with_suffix("").parts): path
        for folder in COLUMN
        for path in sorted((root / folder).rglob("*.py"))
    }


def python_imports(root: Path) -> Graph:
    """Return the files that each file imports."""
    files = modules(root)
    return {
        name: frozenset(_imported(name, ast.parse(path.read_bytes()), files)) - {name}
        for name, path in files.items()
    }


def _imported(name: str, tree: ast.AST, files: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _reached(name, alias.name.removeprefix("bulkfhir."), files)
        elif isinstance(node, ast.ImportFrom):
            above = name.split(".")[: -node.level] if node.level else []
            start = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                yield from _reached(name, f"{start.removeprefix('bulkfhir.')}.{alias.name}", files)


def _reached(name: str, target: str, files: Mapping[str, Path]) -> Iterator[str]:
    """Yield what Python runs for an import: the ``__init__`` of each package that does not hold the
    importing file, and the file itself.
    """
    parts = target.split(".")
    for end in range(1, len(parts) + 1):
        path = ".".join(parts[:end])
        if path in files:
            yield path
        elif f"{path}.__init__" in files:
            asked = f"{target}.__init__" not in files and ".".join(parts[:-1]) == path
            own = name.startswith(f"{path}.")
            if not own or (asked and f"{path}.{parts[-1]}" not in files):
                yield f"{path}.__init__"


def room(name: str) -> str:
    """Return what the column knows of a file: its folder below the package, or itself."""
    return ".".join(name.split(".")[:2])


def layer(name: str) -> int | None:
    """Return on which line of the column a file stands, counted from the top; None where it is on
    none.
    """
    package, own = room(name).split(".")
    lines = [line.split() for line in COLUMN[package].strip().splitlines()]
    return next((number for number, line in enumerate(lines) if own in line), None)


def upward(graph: Graph) -> Iterator[str]:
    """Yield the imports that lead to a line of the column above their own, or from the validators
    into the engine.
    """
    for name, targets in graph.items():
        for target in sorted(targets):
            one, other = layer(name), layer(target)
            if name.split(".")[0] != target.split(".")[0]:
                if name.startswith("validators."):
                    yield f"{name} -> {target}"
            elif one is not None and other is not None and other < one:
                yield f"{name} -> {target}"


def loose(graph: Graph) -> Iterator[str]:
    """Yield the files at the top of a package that has more of them than LOOSE."""
    for package in COLUMN:
        files = [name for name in graph if name.split(".")[0] == package and name.count(".") == 1]
        if len(files) > LOOSE:
            yield from files


def doubled_modules(graph: Graph) -> Iterator[str]:
    """Yield the names that two modules or packages share, and the modules."""
    places = defaultdict(list)
    for name in graph:
        parts = name.split(".")
        key = parts[-2] if parts[-1] == "__init__" else parts[-1]
        if key not in MAY_BE_DOUBLED:
            places[key].append(name)
    return (f"{key}: {', '.join(found)}" for key, found in places.items() if len(found) > 1)


def doubled_types(root: Path) -> Iterator[str]:
    """Yield the names that two public classes share, and their modules."""
    places = defaultdict(list)
    for name, path in modules(root).items():
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name)
    return (f"{key}: {', '.join(found)}" for key, found in places.items() if len(found) > 1)


def misnamed(graph: Graph) -> Iterator[str]:
    """Yield the modules and packages that are named as the package that holds them or as a module
    of the standard library.
    """
    for name in graph:
        *packages, own = name.removesuffix(".__init__").split(".")
        if own in packages[-1:] or own in sys.stdlib_module_names - {"__main__"}:
            yield name


# Rust

_GROUP = re.compile(r"([\w:]*)\{([^{}]*)\}")
_DECLARED = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?mod (\w+);", re.MULTILINE)
_PATH = re.compile(r"\b(crate|super)((?:::\w+)+)")
_TYPE = re.compile(r"^pub(?:\([^)]*\))? (?:struct|enum|trait|type) (\w+)", re.MULTILINE)
_NO_CODE = re.compile(r"//[^\n]*|\"(?:\\.|[^\"\\])*\"")


def crate_files(root: Path) -> dict[str, Path]:
    """Return every file of the crate by its module path; lib.rs has an empty one."""
    source = next((p for p in root.glob("**/Cargo.toml") if "fuzz" not in p.parts), None)
    if source is None:
        return {}
    folder = source.parent / "src"
    return {_rust_name(path.relative_to(folder)): path for path in sorted(folder.rglob("*.rs"))}


def crate_imports(root: Path) -> Graph:
    """Return the files of the crate that each file declares or uses."""
    files = crate_files(root)
    return {name: frozenset(_used(name, path, files)) - {name} for name, path in files.items()}


def _rust_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return "::".join(parts[:-1] if parts[-1] == "mod" else parts if parts != ("lib",) else ())


def crate_doubled(root: Path) -> Iterator[str]:
    """Yield the names that two files or two public types of the crate share, and the files."""
    places = defaultdict(list)
    for name, path in crate_files(root).items():
        for key in {name.rpartition("::")[2], *_TYPE.findall(path.read_text())}:
            places[key].append(name or "lib")
    return (f"{key}: {', '.join(found)}" for key, found in places.items() if len(found) > 1)


def _used(name: str, path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    text = _NO_CODE.sub("", path.read_text()).partition("#[cfg(test)]")[0]
    for child in _DECLARED.findall(text):
        yield "::".join(filter(None, [name, child]))
    while (flat := _GROUP.sub(_spread, text)) != text:
        text = flat
    for start, rest in _PATH.findall(text):
        above = name.split("::")[:-1] if start == "super" else []
        parts = [*above, *rest.removeprefix("::").split("::")]
        while parts[0] == "super":
            parts = parts[1:]
        reached = (parts[:end] for end in range(len(parts), -1, -1))
        yield next(found for part in reached if (found := "::".join(part)) in files)


def _spread(group: re.Match[str]) -> str:
    """Return the members of ``a::{b, c}`` with the path before the braces; leave other braces."""
    if not group[1].endswith("::"):
        return f"{group[1]}({group[2]})"
    members = [part.strip() for part in group[2].split(",")]
    return ", ".join(group[1].removesuffix("::") + "::" + part for part in members if part)


# Circles


def circles(graph: Graph) -> tuple[str, ...]:
    """Return the groups of nodes that lead to one another, each as a line (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[str] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in order:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], order[target])
        if low[node] == order[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(", ".join(sorted(group)))

    for node in graph:
        if node not in order:
            visit(node)
    return tuple(found)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path, nargs="?", default=ROOT, metavar="CHECKOUT")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args(arguments)
    for title, entries in figures(options.checkout):
        members = sum(entry.count(",") + 1 for entry in entries)
        more = f", {members} in them" if "circles" in title and entries else ""
        print(f"{title:16} {len(entries)}{more}")
        for entry in entries if options.list else ():
            print(f"    {entry}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
