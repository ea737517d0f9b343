"""Validators over the same lines in one run: ours at its levels, with and without the native acceptor, beside orjson.loads and peers.

    python benchmarks/validators.py [--input FILE.ndjson[.gz]] [--package P] [--rounds N] [--schema fhir.schema.json] [--only NAME ...] > result.json

Every candidate runs in a process of its own, all candidates once a round (A B C, A B C, …). A candidate goes over the lines twice and is
measured the second time, in CPU time: what it learns from data and compiles from definitions is in ``first_seconds``, beside its start.
Peers that are not installed are left out, and named.
``refused`` is how many lines a candidate finds fault with. JSON goes to standard output, a table to standard error.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[1] / "fixtures" / "sample"
_BLOCK = 5000
"""Lines handed over at once."""

Pass = Callable[[list[bytes]], int]
"""Goes over the lines; how many are refused."""


def orjson_loads(_options: argparse.Namespace) -> Pass:
    import orjson

    def refused(lines: list[bytes]) -> int:
        for line in lines:
            orjson.loads(line)
        return 0

    return refused


def ours(level: str, *, native: bool) -> Callable[[argparse.Namespace], Pass]:
    def made(options: argparse.Namespace) -> Pass:
        from bulkfhir.validators import Validator
        from bulkfhir.validators.block import Block

        validator = Validator(level, packages=options.package if level == "strict" else (), native=native)  # type: ignore[arg-type]
        if native and not validator.native:
            raise SystemExit("the native acceptor is not installed")

        blocks: list[Block] = []  # the engine reads blocks: putting them together is no part of the measure

        def refused(lines: list[bytes]) -> int:
            if not blocks:
                blocks.extend(Block(b"\n".join(lines[start : start + _BLOCK])) for start in range(0, len(lines), _BLOCK))
            return sum(len(validator.validate_block(block).failed) for block in blocks)

        return refused

    return made


def jsonschema_rs(options: argparse.Namespace) -> Pass:
    import jsonschema_rs
    import orjson

    validator = jsonschema_rs.validator_for(json.loads(options.schema.read_text()))

    def refused(lines: list[bytes]) -> int:
        return sum(not validator.is_valid(orjson.loads(line)) for line in lines)

    return refused


def fhir_resources(_options: argparse.Namespace) -> Pass:
    import orjson
    from fhir.resources.R4B import get_fhir_model_class

    def refused(lines: list[bytes]) -> int:
        count = 0
        for line in lines:
            value = orjson.loads(line)
            try:
                get_fhir_model_class(value["resourceType"]).model_validate(value)
            except ValueError:
                count += 1
        return count

    return refused


CANDIDATES: dict[str, Callable[[argparse.Namespace], Pass]] = {
    "orjson.loads": orjson_loads,
    "structure-only": ours("structure-only", native=True),
    "strict": ours("strict", native=True),
    "minimal": ours("minimal", native=True),
    "structure-only, explainer alone": ours("structure-only", native=False),
    "strict, explainer alone": ours("strict", native=False),
    "jsonschema-rs": jsonschema_rs,
    "fhir.resources R4B": fhir_resources,
}
_NEEDS = {"jsonschema-rs": "jsonschema_rs", "fhir.resources R4B": "fhir.resources"}


def missing(name: str, options: argparse.Namespace) -> str | None:
    """Why a candidate cannot run, None where it can."""
    if name == "jsonschema-rs" and options.schema is None:
        return "no --schema: HL7's fhir.schema.json for R4"
    module = _NEEDS.get(name)
    try:
        return None if module is None or find_spec(module) is not None else f"{module} is not installed"
    except ModuleNotFoundError:
        return f"{module} is not installed"


def read_lines(given: Path | None) -> list[bytes]:
    files = [given] if given else sorted(path for path in SAMPLE.glob("*.ndjson*") if path.name != "log.ndjson")
    data = b"".join(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in files)
    return [line for line in data.split(b"\n") if line.strip()]


def measure(name: str, options: argparse.Namespace) -> dict[str, float | str]:
    """One candidate, in this process."""
    lines = read_lines(options.input)
    began = time.process_time()
    run = CANDIDATES[name](options)
    run(lines)
    middle = time.process_time()
    refused = run(lines)
    seconds = time.process_time() - middle
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"candidate": name, "first_seconds": middle - began, "seconds": seconds, "refused": refused, "peak_mb": round(peak, 1)}


def in_process_of_its_own(name: str) -> dict[str, float | str]:
    done = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--measure", name], stdout=subprocess.PIPE, check=True)
    found: dict[str, float | str] = json.loads(done.stdout)
    return found


def summary(runs: list[dict[str, float | str]], lines: int, size: int) -> list[dict[str, float | str]]:
    """Medians, and ratios to orjson.loads taken round by round."""
    by_name = {str(name): [run for run in runs if run["candidate"] == name] for name in dict.fromkeys(run["candidate"] for run in runs)}
    floors = next(iter(by_name.values()))
    rows: list[dict[str, float | str]] = []
    for name, mine in by_name.items():
        seconds = statistics.median(float(run["seconds"]) for run in mine)
        ratio = statistics.median(float(floor["seconds"]) / float(run["seconds"]) for floor, run in zip(floors, mine, strict=True))
        rows.append(
            {
                "candidate": name,
                "seconds": round(seconds, 4),
                "first_seconds": round(statistics.median(float(run["first_seconds"]) for run in mine), 3),
                "lines_per_second": round(lines / seconds),
                "mb_per_second": round(size / seconds / 1e6, 1),
                "of_orjson": round(ratio, 3),
                "refused": mine[0]["refused"],
                "peak_mb": max(float(run["peak_mb"]) for run in mine),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Validators over the same lines.")
    parser.add_argument("--input", type=Path, help="an .ndjson or .ndjson.gz file  [default: the bundled sample]")
    parser.add_argument("--package", action="append", default=[], help="FHIR package for level strict; repeatable")
    parser.add_argument("--schema", type=Path, help="HL7's fhir.schema.json, for jsonschema-rs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[*CANDIDATES], choices=[*CANDIDATES], help="candidates; orjson.loads always runs")
    parser.add_argument("--measure", choices=[*CANDIDATES], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options)))
        return
    wanted = ["orjson.loads", *(name for name in CANDIDATES if name in options.only and name != "orjson.loads")]
    left_out = {name: why for name in wanted if (why := missing(name, options)) is not None}
    runs = [in_process_of_its_own(name) for _ in range(options.rounds) for name in wanted if name not in left_out]
    lines = read_lines(options.input)
    rows = summary(runs, len(lines), sum(map(len, lines)))
    machine = {"python": platform.python_version(), "system": platform.platform(terse=True), "cores": os.cpu_count()}
    print(json.dumps({"machine": machine, "lines": len(lines), "candidates": rows, "left_out": left_out, "runs": runs}, indent=2))
    for row in rows:
        text = "{candidate:32} {lines_per_second:9,} lines/s {mb_per_second:7.1f} MB/s {of_orjson:7.3f} of orjson {refused:6} refused {peak_mb:6.0f} MB"
        print(text.format(**row), file=sys.stderr)
    for name, why in left_out.items():
        print(f"{name:32} left out: {why}", file=sys.stderr)


if __name__ == "__main__":
    main()
