"""The table that ships: every question in it is drawn again where it was drawn, and a validator
that starts with the table says what one says that lowers types when data have them.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bulkfhir.validators import Block, Validator
from bulkfhir.validators import validator as validator_module
from bulkfhir.validators.definitions import core
from bulkfhir.validators.explainer.resource_walk import Explainer
from bulkfhir.validators.native import type_table as module
from bulkfhir.validators.native import type_table_build
from bulkfhir.validators.native.plain_questions import described
from bulkfhir.validators.native.table import LowerAgain, Table
from bulkfhir.validators.native.type_records import Lowering
from bulkfhir.validators.native.type_table import TypeTable, type_table
from bulkfhir.validators.terminology import Terminology

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[3]
MUTATED = ROOT / "../shared/ndjson/mutated-r4.ndjson.gz"
MADE_UP = "http://example.org/fhir"


@pytest.fixture(scope="module")
def tables(type_tables: tuple[dict[bool, TypeTable], bytes]) -> dict[bool, TypeTable]:
    """By whether profiles in meta.profile are looked at."""
    return type_tables[0]


@pytest.fixture
def shipped(
    type_tables: tuple[dict[bool, TypeTable], bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """The file where validators look for it, as in an install."""
    file = tmp_path / module.FILE
    file.write_bytes(type_tables[1])
    monkeypatch.setattr(module, "_FOLDER", tmp_path)
    forget()
    yield file
    forget()


def forget() -> None:
    module._shipped.cache_clear()
    type_table.cache_clear()


def lowering(table: Table, *, claims: bool) -> Lowering:
    return Lowering(Explainer(core(), unknown_profile="error" if claims else None), table)


@pytest.mark.parametrize("claims", [False, True], ids=["base", "claims"])
def test_every_question_is_drawn_again_at_its_number(
    tables: dict[bool, TypeTable], claims: bool
) -> None:
    shipped = tables[claims]
    table = Table(shipped, lambda table: lowering(table, claims=claims).again)
    for first, end in drawn_together(shipped):
        assert table._questions[first:end] == [None] * (end - first), "another part drew it"
        table._drawn_again(first)
        assert None not in table._questions[first:end]
    assert len(table._questions) == len(shipped.parts)
    assert table.names.known() == shipped.names
    assert table.overlays == shipped.overlays


def drawn_together(shipped: TypeTable) -> Iterator[tuple[int, int]]:
    """From which number to which the questions of each part of each node go."""
    borders = {0, *shipped.firsts, len(shipped.parts)}
    borders |= {n for n, (one, other) in enumerate(pairwise(shipped.parts), 1) if one != other}
    return pairwise(sorted(borders))


def test_what_shipped_is_what_is_read(shipped: Path, tables: dict[bool, TypeTable]) -> None:
    assert type_table(claims=False) == tables[False]
    assert type_table(claims=True) == tables[True]


def lines() -> list[bytes]:
    """Lines of every kind: the sample's, and some of the mutated ones where these are at hand."""
    found = [
        line
        for path in sorted((ROOT / "fixtures/sample").glob("*.ndjson"))
        for line in path.read_bytes().splitlines()
    ]
    if MUTATED.exists():
        found += gzip.decompress(MUTATED.read_bytes()).splitlines()[::50]
    return found


@pytest.mark.native
@pytest.mark.parametrize(
    ("level", "options"),
    [
        ("structure-only", {}),
        ("strict", {}),
        ("strict", {"unknown_profile": "ignore"}),
        ("structure-only", {"terminology": "r4"}),
    ],
    ids=["structure-only", "strict", "unknown-ignored", "r4-terminology"],
)
def test_a_validator_says_the_same_with_the_table(
    shipped: Path, monkeypatch: pytest.MonkeyPatch, level: str, options: dict[str, str]
) -> None:
    block = Block(b"\n".join(lines()))
    with_table = Validator(level, **options)
    assert with_table._shipped_types() is not None
    monkeypatch.setattr(validator_module, "type_table", lambda *, claims: None)
    one, other = (each.validate_block(block) for each in (with_table, Validator(level, **options)))
    assert list(one.types) == list(other.types)
    assert list(one.ids) == list(other.ids)
    assert one.verdicts == other.verdicts
    assert one.failed == other.failed
    assert one.undecided == other.undecided
    assert one.fallbacks == other.fallbacks


_VALIDATE = """
import sys
from pathlib import Path
from bulkfhir.engine.cli import main
from bulkfhir.validators.native import type_table
type_table._FOLDER = Path(sys.argv.pop(1))
try:
    main()
finally:
    print(*sys.modules)
"""
_NOT_NEEDED = {
    "boto3", "botocore", "multiprocessing", "pyarrow", "re2", "rich", "sqlite3", "tomllib",
    *(
        f"bulkfhir.validators.{name}"
        for name in ("explainer", "fhirpath", "patterns", "profiles", "rules", "schema")
    ),
}  # fmt: skip
"""Packages that a file of lines in order takes none of: they would be more than half of its
start."""


@pytest.mark.native
def test_lines_in_order_take_no_rule_and_no_compiled_type(shipped: Path, tmp_path: Path) -> None:
    validator = Validator("strict")
    files = sorted((ROOT / "fixtures/sample").glob("*.ndjson"))
    some = (line for path in files for line in path.read_bytes().splitlines()[:5])
    sound = tmp_path / "sound.ndjson"
    sound.write_bytes(b"\n".join(line for line in some if not validator.validate(line).failed))
    command = [sys.executable, "-c", _VALIDATE, str(shipped.parent), "validate", str(sound)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    *_, modules = done.stdout.splitlines()
    packages = {".".join(name.split(".")[:3]) for name in modules.split()}
    assert "bulkfhir.validators.terminology" in packages, "it was the table that judged"
    assert not packages & _NOT_NEEDED


@pytest.mark.native
@pytest.mark.parametrize(
    ("reference", "drawn"),
    [
        ("synthetichealth/1", False),
        ("Patient/1", True),
        ("HumanName/1", True),
        ("urn:uuid:1", True),
        ("http://example.org/Nothing/1", True),
    ],
)
def test_a_reference_that_implies_no_type_is_plain(
    tables: dict[bool, TypeTable], reference: str, drawn: bool
) -> None:
    drawing: list[Table] = []

    def again(table: Table) -> LowerAgain:
        drawing.append(table)
        return lowering(table, claims=False).again

    terminology = Terminology(core())
    table = Table(tables[False], again, lambda kind, to: described(kind, to, terminology))
    elements = [kind for kind, _ in tables[False].elements]
    check = [*tables[False].plain].index(elements.index("Reference"))
    answer = table.said(check, json.dumps(reference).encode())
    assert bool(drawing) is drawn
    assert answer == Table(tables[False], again).said(check, json.dumps(reference).encode())


@pytest.mark.parametrize("change", ["a module", "a new module", "the definitions"])
def test_a_table_of_other_sources_is_not_used(
    tmp_path: Path,
    type_tables: tuple[dict[bool, TypeTable], bytes],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    sources = tmp_path / "validators"
    shutil.copytree(ROOT / "validators", sources, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(module, "_FOLDER", sources / "native")
    (sources / "native" / module.FILE).write_bytes(type_tables[1])
    forget()
    assert type_table(claims=True) is not None
    match change:
        case "a module":
            edited = sources / "rules" / "cardinality.py"
            edited.write_text(edited.read_text().replace("min", "max", 1))
        case "a new module":
            (sources / "rules" / "another.py").write_text("x = 1\n")
        case _:
            with (sources / "definitions" / "r4.zst").open("ab") as file:
                file.write(b"\0")
    forget()
    assert type_table(claims=True) is None
    forget()


def test_a_table_of_these_sources_is_not_made_again(
    type_tables: tuple[dict[bool, TypeTable], bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, file = type_tables[1], tmp_path / module.FILE
    monkeypatch.setattr(sys, "argv", ["", str(file)])
    monkeypatch.setattr(type_table_build, "build", lambda: b"made")
    of_others = made.replace(module.made_of(made), b"eight by", 1)
    for there, left in ((made, made), (of_others, b"made"), (b"BFHIRTAB0\n", b"made")):
        file.write_bytes(there)
        type_table_build.main()
        assert file.read_bytes() == left


@pytest.mark.parametrize("data", [b"", b"BFHIRTAB0\n", None], ids=["empty", "older", "absent"])
def test_without_a_table_types_are_lowered_when_data_have_them(
    shipped: Path, data: bytes | None
) -> None:
    if data is None:
        shipped.unlink()
    else:
        shipped.write_bytes(data)
    forget()
    assert Validator("structure-only")._shipped_types() is None


def package(folder: Path, *resources: dict[str, object], name: str | None = None) -> str:
    folder.mkdir()
    if name is not None:
        about = {"name": name, "version": "1.0.0", "fhirVersions": ["4.0.1"]}
        (folder / "package.json").write_text(json.dumps(about))
    for number, resource in enumerate(resources):
        (folder / f"{number}.json").write_text(json.dumps(resource))
    return str(folder)


def value_set(url: str) -> dict[str, object]:
    include = [{"system": MADE_UP, "concept": [{"code": "a"}]}]
    return {
        "resourceType": "ValueSet", "url": url, "version": "1", "status": "active",
        "compose": {"include": include},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "name", "uses"),
    [
        (f"{MADE_UP}/vs", "made.up", True),
        (f"{MADE_UP}/vs", None, False),
        ("http://www.rsna.org/RadLex_Playbook.aspx", "made.up", False),
    ],
    ids=["of-its-own", "supplied-for-gaps", "of-what-the-core-lacks"],
)
def test_packages_that_change_nothing_of_the_types_leave_the_table(
    shipped: Path, tmp_path: Path, url: str, name: str | None, uses: bool
) -> None:
    given = package(tmp_path / "package", value_set(url), name=name)
    made = Validator("strict", packages=[given])
    assert (made._shipped_types() is not None) is uses


def test_profiles_that_every_resource_follows_are_lowered_with_their_types(shipped: Path) -> None:
    asked = "http://hl7.org/fhir/StructureDefinition/bp"
    assert Validator("strict", profiles=[asked])._shipped_types() is None
