"""What is measured: floors, ours and peers, each one way to say which lines it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["CANDIDATES", "FLOOR", "Candidate", "Setup", "Work"]

FLOOR = "orjson.loads"
"""What nobody who parses JSON in Python does without: every speed is said as a share of its speed
over the same lines.
"""

_BLOCK = 5000
"""Lines that ours gets at once: some megabytes."""


@dataclass(frozen=True)
class Setup:
    """What a candidate may need beside the lines.

    level, packages   what is checked; peers that know no profiles leave packages alone
    form              of the variants of the lines, see variants.py
    schema            HL7's fhir.schema.json for R4
    peers             folder that peers were installed into
    enough            CPU seconds of warm passes after which no further one begins
    """

    level: str = "structure-only"
    packages: tuple[str, ...] = ()
    form: str | None = None
    schema: Path | None = None
    peers: Path | None = None
    enough: float = 0.5


Work = tuple[Callable[[Sequence[bytes]], Any], Callable[[Any], list[int]]]
"""(brings lines into the form that the candidate is handed, not timed; goes over them: the places
of those that it refuses, from 0).
"""


@dataclass(frozen=True)
class Candidate:
    """A way to judge lines.

    make        in a Python process; None where ``program`` is a process of its own, see peers/
    needs       Python module, file among the peers, or field of Setup without which it is left out
    sampled     goes over a sample of the lines
    seldom      takes part in the first rounds only
    clean_only  takes too long for more than the clean lines
    needs_mb    memory without which it is not tried
    strict      looks at profiles
    native      is ours with the native acceptor
    peer        is somebody else's: left out where it breaks
    named       takes part only where it is asked for by name: it takes long, or no bar is about it
    """

    name: str
    make: Callable[[Setup], Work] | None = None
    program: str | None = None
    needs: tuple[str, ...] = ()
    sampled: bool = False
    seldom: bool = False
    clean_only: bool = False
    needs_mb: int = 0
    strict: bool = False
    native: bool = False
    peer: bool = False
    named: bool = False

    def missing(self, setup: Setup) -> str | None:
        """Why it cannot run, None where it can."""
        for need in self.needs:
            if need == "schema":
                if setup.schema is None:
                    return "no fhir.schema.json (--schema, or --install)"
            elif "/" in need:
                if setup.peers is None or not (setup.peers / need).exists():
                    return f"{need} is not among the peers (--install)"
            elif not _installed(need):
                return f"{need} is not installed (--install)"
        return _short_of_memory(self.needs_mb)


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _short_of_memory(needed_mb: int) -> str | None:
    free = next(
        int(line.split()[1]) // 1024
        for line in Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemAvailable")
    )
    return None if free >= needed_mb else f"needs {needed_mb} MB of memory, {free} MB are free"


def one_by_one(accepts: Callable[[bytes], bool]) -> Work:
    """A candidate that is handed one line at a time."""

    def refused(lines: Sequence[bytes]) -> list[int]:
        return [place for place, line in enumerate(lines) if not accepts(line)]

    return list, refused


def reading_alone(_setup: Setup) -> Work:
    def refused(data: bytes) -> list[int]:
        for _line in data.split(b"\n"):
            pass
        return []

    return b"\n".join, refused


def orjson_loads(_setup: Setup) -> Work:
    import orjson

    return one_by_one(_readable(orjson.loads))


def msgspec_untyped(_setup: Setup) -> Work:
    import msgspec

    return one_by_one(_readable(msgspec.json.Decoder().decode))


def _readable(loads: Callable[[bytes], Any]) -> Callable[[bytes], bool]:
    def accepts(line: bytes) -> bool:
        try:
            loads(line)
        except ValueError:
            return False
        return True

    return accepts


def ours(level: str, *, native: bool) -> Callable[[Setup], Work]:
    def make(setup: Setup) -> Work:
        from bulkfhir.validators import Validator
        from bulkfhir.validators.verdicts.block import Block

        if level == "strict" and setup.packages:
            validator = Validator("strict", packages=setup.packages, native=native)
        # lines that claim profiles without a package that defines them: as a user would who has
        # none
        else:
            validator = Validator(level, unknown_profile="ignore", native=native)  # type: ignore[arg-type]

        def blocks(lines: Sequence[bytes]) -> list[tuple[int, Block]]:
            return [
                (start, Block(b"\n".join(lines[start : start + _BLOCK])))
                for start in range(0, len(lines), _BLOCK)
            ]

        def refused(blocks: list[tuple[int, Block]]) -> list[int]:
            found: list[int] = []
            for start, block in blocks:
                verdicts = validator.validate_block(block)
                found += sorted(start + position for position in verdicts.failed | verdicts.crashed)
            return found

        return blocks, refused

    return make


def jsonschema_rs(setup: Setup) -> Work:
    import jsonschema_rs
    import orjson

    assert setup.schema is not None
    is_valid = jsonschema_rs.validator_for(json.loads(setup.schema.read_bytes())).is_valid

    def accepts(line: bytes) -> bool:
        try:
            return is_valid(orjson.loads(line))
        except ValueError:
            return False

    return one_by_one(accepts)


def fastjsonschema(setup: Setup) -> Work:
    import fastjsonschema
    import orjson

    assert setup.schema is not None
    validate = fastjsonschema.compile(json.loads(setup.schema.read_bytes()))
    return one_by_one(
        _readable(lambda line: validate(orjson.loads(line)))
    )  # its exception is a ValueError


def fhirkit_rs(_setup: Setup) -> Work:
    import fhirkit

    def accepts(line: bytes) -> bool:
        try:
            return not any(issue.severity == "error" for issue in fhirkit.validate(line))
        except ValueError:
            return False

    return one_by_one(accepts)


def fhir_resources(_setup: Setup) -> Work:
    import orjson
    from fhir.resources.R4B import get_fhir_model_class

    def accepts(line: bytes) -> bool:
        try:
            value = orjson.loads(line)
            get_fhir_model_class(value["resourceType"]).model_validate(value)
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ):  # AttributeError: its own, on some wrong shapes
            return False
        return True

    return one_by_one(accepts)


_OURS = {
    (level, native): Candidate(
        level if native else f"{level}, explainer alone",
        ours(level, native=native),
        needs=("bulkfhir._native",) if native else (),
        seldom=not native and level != "structure-only",
        strict=level == "strict",
        native=native,
        named=level == "minimal",
    )
    for native in (True, False)
    for level in ("strict", "structure-only", "minimal")
}

CANDIDATES: tuple[Candidate, ...] = (
    Candidate("reading alone", reading_alone, named=True),
    Candidate(FLOOR, orjson_loads),
    Candidate("msgspec, untyped", msgspec_untyped, needs=("msgspec",), named=True),
    *_OURS.values(),
    Candidate("jsonschema-rs", jsonschema_rs, needs=("jsonschema_rs", "schema"), peer=True),
    Candidate("fhirkit-rs", fhirkit_rs, needs=("fhirkit",), peer=True),
    Candidate(
        "fhir.resources R4B",
        fhir_resources,
        needs=("fhir.resources",),
        sampled=True,
        seldom=True,
        peer=True,
    ),
    Candidate(
        "fastjsonschema",
        fastjsonschema,
        needs=("fastjsonschema", "schema"),
        sampled=True,
        seldom=True,
        clean_only=True,
        needs_mb=6000,
        peer=True,
        named=True,
    ),
    Candidate(
        "medplum",
        program="medplum.mjs",
        needs=("node/node_modules/@medplum/core",),
        sampled=True,
        seldom=True,
        peer=True,
    ),
    Candidate(
        "npm fhir",
        program="fhir.mjs",
        needs=("node/node_modules/fhir",),
        sampled=True,
        seldom=True,
        peer=True,
    ),
    Candidate(
        "HAPI",
        program="hapi",
        needs=("hapi/peer.jar",),
        sampled=True,
        seldom=True,
        strict=True,
        peer=True,
    ),
)
