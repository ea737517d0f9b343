"""HL7's validator cases: a resource, the definitions it needs, and what the reference validator
said of it.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_xml import to_json

from bulkfhir.validators import ResourceValidator, Validator
from bulkfhir.validators.definitions.trim import KINDS
from bulkfhir.validators.verdicts.issue import FAILING, Issue

__all__ = ["CASES", "Case", "Result", "cases", "run"]

CASES = pathlib.Path(__file__).resolve().parents[2] / "../shared/conformance/hl7"
_BOM = b"\xef\xbb\xbf"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One verdict asked for: of the resource as it stands (``base``), or also against the case's
    profile (``profile``).

    needs_terminology  the expected verdict depends on a terminology server
    definitions        files with what the case's resource refers to
    profile            file with the StructureDefinition to validate against, for ``profile``
    """

    name: str
    kind: str
    needs_terminology: bool
    module: str
    resource: pathlib.Path
    definitions: tuple[pathlib.Path, ...]
    profile: pathlib.Path | None
    expected: pathlib.Path

    @property
    def key(self) -> str:
        return f"{self.name} {self.kind}"


@dataclass(frozen=True, slots=True)
class Result:
    """Verdict expected and ours; error locations expected, and how many of them we name; our
    rules.
    """

    expected: str
    ours: str
    locations: int
    found: int
    rules: Sequence[str]


def cases() -> list[Case]:
    """All cases, in the index's order."""
    return [
        case for entry in json.loads((CASES / "index.json").read_text()) for case in _runs(entry)
    ]


def _runs(entry: Json) -> Iterator[Case]:
    folder = CASES / entry["folder"]
    resource = next(path for path in sorted(folder.glob("resource*")))
    needs = entry["decided_by"] == "terminology"
    supporting = tuple(folder / name for name in entry["supporting_files"])
    yield Case(
        entry["name"],
        "base",
        needs,
        entry["module"],
        resource,
        supporting,
        None,
        folder / "expected.json",
    )
    if "profile_file" in entry:
        profile = folder / entry["profile_file"]
        more = (
            *supporting,
            *(folder / name for name in entry["profile_supporting_files"]),
            profile,
        )
        yield Case(
            entry["name"],
            "profile",
            needs,
            entry["module"],
            resource,
            more,
            profile,
            folder / "expected-profile.json",
        )


def run(
    case: Case, folder: pathlib.Path, make: Callable[..., ResourceValidator] = Validator
) -> Result:
    """Validate the case's resource by a validator that ``make`` makes; ``folder`` (empty) is filled
    with the case's definitions as JSON and given as a package.
    """
    packages = {"packages": (str(folder),)} if _filled(folder, case.definitions) else {}
    validator = make("strict", unknown_profile="warning", **packages)
    line = _on_one_line(case.resource.read_bytes().removeprefix(_BOM))
    if case.profile:
        line = _claiming(line, str(_read(case.profile)["url"]))
    crashed = False
    try:
        failing = [issue for issue in validator.validate(line).issues if issue.severity in FAILING]
    except Exception as error:  # noqa: BLE001 - the wall around one case: a crash is its result
        failing = [Issue("fatal", "exception", f"crash: {error}", "", "")]
        crashed = True
    outcome = json.loads(case.expected.read_text())
    wanted = {
        _place(at)
        for issue in outcome.get("issue", ())
        if issue["severity"] in FAILING
        for at in issue.get("expression", ())
    }
    named = {_place(issue.location) for issue in failing}
    invalid = any(issue["severity"] in FAILING for issue in outcome.get("issue", ()))
    ours = "crash" if crashed else _verdict(bool(failing))
    return Result(
        _verdict(invalid),
        ours,
        len(wanted),
        len(wanted & named),
        sorted({issue.rule for issue in failing}),
    )


def _filled(folder: pathlib.Path, files: Sequence[pathlib.Path]) -> bool:
    """Whether there are definitions among the files; they are then in the folder, as JSON."""
    definitions = [
        (path, resource) for path in files if (resource := _read(path)).get("resourceType") in KINDS
    ]
    for path, resource in definitions:
        (folder / path.name).with_suffix(".json").write_text(json.dumps(resource))
    return bool(definitions)


def _verdict(invalid: bool) -> str:
    return "invalid" if invalid else "valid"


def _read(path: pathlib.Path) -> Json:
    text = path.read_text("utf-8-sig")
    return to_json(text) if path.suffix == ".xml" else dict(json.loads(text))


def _on_one_line(text: bytes) -> bytes:
    """Return a resource as NDJSON holds it; a text that is no JSON stays as it is."""
    try:
        json.loads(text)
    except ValueError:
        return text
    return text.replace(b"\n", b" ").replace(b"\r", b" ")


def _claiming(line: bytes, url: str) -> bytes:
    resource = json.loads(line)
    meta = resource.setdefault("meta", {})
    meta["profile"] = [*meta.get("profile", ()), url]
    return json.dumps(resource, ensure_ascii=False).encode()


def _place(location: str) -> str:
    """A location without comments such as ``/*Patient/p1*/`` and without the url hints of
    extensions.
    """
    kept, _, rest = location.partition("/*")
    while rest:
        kept += rest.partition("*/")[2].partition("/*")[0]
        rest = rest.partition("*/")[2].partition("/*")[2]
    return kept.split("[url=")[0]
