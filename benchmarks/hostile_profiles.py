"""Hostile profiles: a package of invariants and slicings that cost much, and lines that claim them.

with packaged() as folder:
    validator = Validator("strict", packages=[folder])
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]
URL = "http://example.org/fhir/StructureDefinition/"
HL7 = "http://hl7.org/fhir/StructureDefinition/"
INVARIANTS = (
    "name.family.matches('^(a+)+$')",
    "name.family.matches('(?=a)(a+)+!')",
    "name.family.replaceMatches('(a|a)*b', 'x').length() > 0",
    "name.all(%resource.name.where(family = $this.family).count() > 0)",
    "descendants().where(%resource.descendants().exists()).exists()",
    "name.select(given.join(',')).distinct().count() < 3",
    "name.aggregate($total & $this.family, '').length() > 0",
    "name.repeat($this).exists() and (name | name).isDistinct()",
    f"name.all(%resource.conformsTo('{URL}i0'))",
    "('x').repeat($this & 'x').exists()",
)
SLICES = 60


def profile(name: str, kind: str, elements: Sequence[Json]) -> Json:
    """Return a profile on a type; an element without an id has its path for one."""
    stated = [{"id": one["path"], **one} for one in ({"path": kind}, *elements)]
    return {
        "resourceType": "StructureDefinition", "url": URL + name, "name": name, "type": kind,
        "status": "active", "kind": "resource", "abstract": False, "fhirVersion": "4.0.1",
        "baseDefinition": HL7 + kind, "derivation": "constraint",
        "differential": {"element": stated},
    }  # fmt: skip


def constrained(number: int, expression: str) -> Json:
    """Return the profile of one invariant."""
    stated = {"key": f"i-{number}", "severity": "error", "human": "h", "expression": expression}
    made = profile(f"i{number}", "Patient", [])
    made["differential"]["element"][0]["constraint"] = [stated]
    return made


def sliced(name: str, path: str, discriminator: Json, parts: Sequence[Json]) -> Json:
    """Return a profile whose element has one slice for each part, which says what is fixed."""
    slicing = {"discriminator": [discriminator], "rules": "closed", "ordered": True}
    elements: list[Json] = [{"path": path, "slicing": slicing}]
    for number, part in enumerate(parts):
        identity = f"{path}:s{number}"
        inner = {**part, "id": f"{identity}.{part['path']}", "path": f"{path}.{part['path']}"}
        elements += [{"id": identity, "path": path, "sliceName": f"s{number}"}, inner]
    return profile(name, path.partition(".")[0], elements)


def definitions() -> Iterator[Json]:
    """Yield the profiles of the package."""
    for number, expression in enumerate(INVARIANTS):
        yield constrained(number, expression)
    value: Json = {"type": "value", "path": "system"}
    systems = [{"path": "system", "fixedUri": f"http://e.org/{n}"} for n in range(5 * SLICES)]
    yield sliced("values", "Patient.identifier", value, systems)
    pattern = {"type": "pattern", "path": "code"}
    codes = [
        {"path": "code", "patternCodeableConcept": {"coding": [{"code": f"c{n}"}, {"code": "d"}]}}
        for n in range(SLICES)
    ]
    yield sliced("patterns", "Observation.component", pattern, codes)


@contextmanager
def packaged() -> Iterator[str]:
    """Write the package, and yield its folder."""
    with tempfile.TemporaryDirectory() as folder:
        for number, definition in enumerate(definitions()):
            (Path(folder) / f"{number}.json").write_text(json.dumps(definition))
        yield folder


def claiming(name: str, resource: Json) -> Json:
    return {"id": "x", "meta": {"profile": [URL + name]}, **resource}


def invariants(size: int, rng: random.Random) -> Iterator[Json]:
    names = [{"family": "a" * 20 + str(n), "given": ["b", "c"]} for n in range(size)]
    for number in range(len(INVARIANTS)):
        yield claiming(f"i{number}", {"resourceType": "Patient", "name": names})
        long = [{"family": "a" * size + "!"}]
        yield claiming(f"i{number}", {"resourceType": "Patient", "name": long})


def slices(size: int, rng: random.Random) -> Iterator[Json]:
    systems = [f"http://e.org/{rng.randrange(5 * SLICES)}" for _ in range(size)]
    identifiers = [{"system": system, "value": "x"} for system in systems]
    yield claiming("values", {"resourceType": "Patient", "identifier": identifiers})
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    for several in (1, 20):
        codings = [{"code": f"c{n}"} for n in range(several)]
        component = [{"code": {"coding": codings}, "valueString": "x"}] * size
        yield claiming("patterns", {**observation, "component": component})
    wide = [{"code": {"coding": [{"code": "z"}] * size}, "valueString": "x"}]
    yield claiming("patterns", {**observation, "component": wide})
