"""Hostile lines: what a line costs at the worst, in milliseconds of CPU for each kilobyte.

    python benchmarks/hostile.py [--seed N] [--engine native|explained] [NAME ...]

Every family makes lines of several sizes from one seed; those of ``hostile_profiles`` claim
profiles that cost much, and are judged at level strict. A line may cost 50 ms and 50 ms for each of
its kilobytes; the table shows each family's worst line beside that. Exits with 1 where one is over.
The smallest lines go through once before: they pay for what is compiled once.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from arguments import LEVELS as ALL_LEVELS
from arguments import Parser, run_script
from hostile_profiles import invariants, packaged, slices

from bulkfhir.validators import Block, Validator

Json = dict[str, Any]
SIZES = (10, 100, 1_000)
REGEX = "http://hl7.org/fhir/StructureDefinition/regex"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
XHTML = "http://www.w3.org/1999/xhtml"
PATTERNS = (
    "^(a+)+$", "(a|aa)+$", "(.*a){12}x", "(?=a)(a+)+!", r"(a*)*\1b", "(a?){500}a{500}",
    "([^b]{1,100}){9}b", r"[\p{L}\d]+!", "(?iu)(k+)+s", "(?<!b)(a|a?)+$", "a{0,2000}b",
    "(" * 90 + "a" + ")*" * 90,
)  # fmt: skip
EXPRESSIONS = (
    "('x').repeat($this & 'x').exists()",
    "descendants().where(%resource.descendants().exists()).exists()",
    "descendants().select(%resource.descendants().count()).distinct().count() > 1",
    "(descendants() | descendants()).isDistinct()",
    "descendants().repeat(children()).count() > 0",
    "9.power(1000).power(1000) > 1",
    "'a'.replace('a', 'aaaaaaaa')" + ".replace('a', 'aaaaaaaa')" * 12 + ".length() > 0",
    "'" + "a" * 40 + "'.matches('(?=a)(a+)+!')",
    "(" * 400 + "true" + ")" * 400,
    " or ".join(["false"] * 140),
)


def response(items: list[Json], answers: list[Json]) -> Json:
    held = {"resourceType": "Questionnaire", "id": "q", "status": "active", "item": items}
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "r",
        "contained": [held],
        "questionnaire": "#q",
        "status": "completed",
        "item": answers,
    }


def patterns(size: int, rng: random.Random) -> Iterator[Json]:
    for pattern in PATTERNS:
        item = {"type": "string", "extension": [{"url": REGEX, "valueString": pattern}]}
        long = {"linkId": "1", "answer": [{"valueString": "a" * size + "!"}]}
        yield response([{**item, "linkId": "1"}], [long])
        numbers = [str(number) for number in range(max(1, size // 10))]
        several = [{"linkId": n, "answer": [{"valueString": "a" * 40 + "!"}]} for n in numbers]
        yield response([{**item, "linkId": n} for n in numbers], several)


def conditions(size: int, rng: random.Random) -> Iterator[Json]:
    for expression in EXPRESSIONS:
        items, answers = [], []
        for number in range(max(1, size // 10)):
            text = f"{expression} or {number} = -1"
            value = {"language": "text/fhirpath", "expression": text}
            extension = [{"url": SDC, "valueExpression": value}]
            items.append({"linkId": str(number), "type": "string", "extension": extension})
            answers.append({"linkId": str(number), "answer": [{"valueString": "x"}]})
        yield response(items, answers)


def filters(size: int, rng: random.Random) -> Iterator[Json]:
    for pattern in PATTERNS:
        one = {"property": "code", "op": "regex", "value": pattern}
        system = "http://hl7.org/fhir/resource-types"
        include = [{"system": system, "filter": [one]}] * max(1, size // 10)
        held = {"resourceType": "ValueSet", "id": "v", "status": "active"}
        made = response(
            [{"linkId": "1", "type": "choice", "answerValueSet": "#v"}],
            [{"linkId": "1", "answer": [{"valueCoding": {"system": system, "code": "Patient"}}]}],
        )
        made["contained"].append({**held, "compose": {"include": include}})
        yield made


def codings(size: int, rng: random.Random) -> Iterator[Json]:
    def observation(ours: list[Json], theirs: list[Json]) -> Json:
        components = [{"code": {"coding": [one]}, "valueString": "x"} for one in theirs]
        return {
            "resourceType": "Observation", "id": "o", "status": "final", "valueString": "y",
            "code": {"coding": ours}, "component": components,
        }  # fmt: skip

    def coding(prefix: str, number: int) -> Json:
        return {"system": f"http://{prefix}.org/{number}", "code": f"c{number}"}

    yield observation([coding("a", n) for n in range(size)], [coding("b", n) for n in range(size)])
    yield observation([{"userSelected": True}] * size, [{"userSelected": False}] * size)
    yield observation([{"display": f"d{n}"} for n in range(size)], [coding("b", 1)] * size)


def histories(size: int, rng: random.Random) -> Iterator[Json]:
    for own, other in (("o", "o"), ("o", "p")):
        entries = []
        for number in range(size):
            patient = {
                "resourceType": "Patient", "id": own, "meta": {"versionId": str(number)},
                "link": [{"other": {"reference": f"Patient/{other}"}, "type": "seealso"}],
            }  # fmt: skip
            entries.append({
                "fullUrl": f"http://e.org/Patient/{own}", "resource": patient,
                "request": {"method": "PUT", "url": f"Patient/{own}"},
                "response": {"status": "200"},
            })  # fmt: skip
        yield {"resourceType": "Bundle", "id": "b", "type": "history", "entry": entries}


def documents(size: int, rng: random.Random) -> Iterator[Json]:
    urls = [f"urn:uuid:00000000-0000-4000-8000-{number:012d}" for number in range(size + 1)]
    sections = [{"title": "t", "entry": [{"reference": url} for url in urls[1:]]}]
    composition = {
        "resourceType": "Composition", "id": "c", "status": "final", "date": "2020",
        "type": {"text": "x"}, "author": [{"display": "a"}], "title": "t", "section": sections,
    }  # fmt: skip
    entries: list[Json] = [{"fullUrl": urls[0], "resource": composition}]
    for number, url in enumerate(urls[1:]):
        target = {"reference": urls[rng.randrange(1, size + 1)]}
        link = [{"other": target, "type": "seealso"}]
        person = {"resourceType": "Patient", "id": f"p{number}", "link": link}
        entries.append({"fullUrl": url, "resource": person})
    yield {"resourceType": "Bundle", "id": "b", "type": "document", "entry": entries}
    yield {"resourceType": "Bundle", "id": "b", "type": "collection", "entry": entries}


def contained(size: int, rng: random.Random) -> Iterator[Json]:
    held = [{"resourceType": "Organization", "id": f"o{n}", "name": "n"} for n in range(size)]
    references = [{"reference": f"#o{n}"} for n in range(size)]
    yield {"resourceType": "Patient", "id": "p", "contained": held,
           "generalPractitioner": references}  # fmt: skip
    yield {"resourceType": "Patient", "id": "p", "contained": held}


def narratives(size: int, rng: random.Random) -> Iterator[Json]:
    for inside in (
        "<p>" * min(size, 5_000), "&amp;" * size, "<b>x</b>" * size, "<!-- -->" * size,
        '<a href="#x">y</a>' * size, "<p " + "a " * size + ">x</p>", "&" + "#" * size,
        "<x:a " + 'xmlns:x="y" ' * size + "/>", '<p xmlns:a="b">' * min(size, 500), "<" * size,
        "".join(f'<a:p xmlns:p{n}="u{n}">' for n in range(size)),
    ):  # fmt: skip
        div = f'<div xmlns="{XHTML}">{inside}</div>'
        yield {"resourceType": "Patient", "id": "p", "text": {"status": "generated", "div": div}}


def primitives(size: int, rng: random.Random) -> Iterator[Json]:
    digits, spaces = "9" * size, " " * size
    for member in (
        {"birthDate": digits}, {"birthDate": "2020-" * size}, {"id": "a" * size},
        {"gender": spaces + "x"}, {"implicitRules": "http://" + "a:" * size},
        {"language": "en-" * size}, {"multipleBirthInteger": 10**9},
        {"photo": [{"data": "AAAA" * size + "A"}]}, {"active": "true" * size},
        {"identifier": [{"system": "urn:oid:" + "1." * size, "value": "x"}]},
        {"extension": [{"url": "http://e.org/" + "x" * size, "valueDecimal": 1e-300}]},
        {"name": [{"given": ["x" + "\u00a0" * size] * 3}]}, {"unknown" * size: 1},
        {"contact": [{"x": 1}] * size},
        {"meta": {"profile": [f"http://e.org/{n}" for n in range(size)]}},
        {"telecom": [{"rank": -1}] * size}, {"meta": {"tag": [{"code": spaces}] * size}},
    ):  # fmt: skip
        yield {"resourceType": "Patient", "id": "p", **member}
    unit = "m" + "/(s" * min(size, 300) + ")" * min(size, 300)
    for code in (unit, "m." * size, "[" * size, "10*" + digits, "{" * size):
        quantity = {"value": 1, "system": "http://unitsofmeasure.org", "code": code, "unit": "x"}
        yield {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"},
               "valueQuantity": quantity}  # fmt: skip


def definitions(size: int, rng: random.Random) -> Iterator[Json]:
    elements = [{"id": "Patient", "path": "Patient"}]
    elements += [{"id": f"Patient.x{n}", "path": f"Patient.x{n}", "min": 0} for n in range(size)]
    yield {
        "resourceType": "StructureDefinition", "id": "s", "url": "http://e.org/s", "name": "S",
        "status": "active", "kind": "resource", "abstract": False, "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint", "differential": {"element": elements},
        "snapshot": {"element": elements},
    }  # fmt: skip
    items = [{"linkId": str(n), "type": "group", "item": [{"linkId": f"{n}.1", "type": "display",
             "text": "x"}]} for n in range(size)]  # fmt: skip
    yield {"resourceType": "Questionnaire", "id": "q", "status": "active", "item": items}
    held: dict[str, Any] = {"code": "c0"}
    for number in range(1, min(size, 15)):
        held = {"code": f"c{number}", "concept": [held]}
    yield {"resourceType": "CodeSystem", "id": "c", "status": "active", "content": "complete",
           "concept": [held] + [{"code": f"d{n}"} for n in range(size)]}  # fmt: skip


FAMILIES: dict[str, Callable[[int, random.Random], Iterator[Json]]] = {
    family.__name__: family
    for family in (
        patterns, conditions, filters, codings, histories, documents, contained, narratives,
        primitives, definitions, invariants, slices,
    )
}  # fmt: skip
LEVELS = {"invariants": "strict", "slices": "strict"}


def allowed(size: int) -> float:
    """Return the milliseconds that a line of so many bytes may cost."""
    return 50 + 50 * size / 1_000


def measured(validator: Validator, line: bytes) -> float:
    """Return the milliseconds of CPU that a line costs, the less of two times."""
    times = []
    for _ in range(2):
        begun = time.process_time()
        validator.validate_block(Block(line))
        times.append(1_000 * (time.process_time() - begun))
    return min(times)


def main() -> int:
    parser = Parser(__doc__.partition("\n")[0])
    parser.add_argument("families", nargs="*", choices=[*FAMILIES, []], metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("native", "explained"), default="native")
    parser.add_argument(
        "--level",
        choices=ALL_LEVELS,
        default="structure-only",
        help="of lines that claim no profile",
    )
    chosen = parser.parse_args()
    with packaged() as folder:
        return table(chosen, folder)


def table(chosen: argparse.Namespace, folder: str) -> int:
    """Print the table; return how many families are over, 1 at the most."""
    print(f"{'family':12} {'lines':>5} {'bytes':>9} {'ms':>9} {'allowed':>9} {'ms/kB':>7}")
    over = 0
    for name in chosen.families or FAMILIES:
        rng = random.Random(f"{name} {chosen.seed}")  # noqa: S311  # made lines, no secrets
        lines = [json.dumps(made).encode() for size in SIZES for made in FAMILIES[name](size, rng)]
        level, native = LEVELS.get(name, chosen.level), chosen.engine == "native"
        packages = (folder,) if name in LEVELS else ()
        validator = Validator(level, native=native, packages=packages)
        for line in lines[: len(lines) // len(SIZES)]:
            validator.validate_block(Block(line))  # rules and profiles are compiled
        costs = [(measured(validator, line), len(line)) for line in lines]
        worst = max(costs, key=lambda cost: cost[0] / allowed(cost[1]))
        over += worst[0] > allowed(worst[1])
        print(
            f"{name:12} {len(lines):5} {worst[1]:9,} {worst[0]:9.1f} {allowed(worst[1]):9.0f} "
            f"{1_000 * worst[0] / worst[1]:7.2f}",
            flush=True,
        )
    return 1 if over else 0


if __name__ == "__main__":
    run_script(main)
