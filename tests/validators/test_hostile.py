"""Hostile input: whatever a line holds, the answer is a verdict, and its cost grows with the line's
length.
"""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import pytest

from bulkfhir.validators import Block, Validator
from bulkfhir.validators.verdicts.issue import LONGEST, Verdict
from tests.call_counter import calls_of

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
DEEP: list = []
for _ in range(120):
    DEEP = [{"extension": DEEP}]

REPLACEMENTS = [
    None, [], {}, "", 0, True, -1, 1.5, 1e308, 10**30, [[]], [[1, [2]]], [None], [None, None], [{}],
    {"a": {"b": 1}},
    "\u0000", " ", "#", "#a", "Patient/", "urn:uuid:", "http://", "http://[", "|1", "http://x|",
    "(((((", "%", "\\", "\u2028", "x" * 20_000,
    "99999999999999999999", "2020-13-45T99:99:99Z", "2015-02-07T13:28:17-99:99", "mg/(dL", "<div>",
    ('<div '
        'xmlns="http://www.w3.org/1999/xhtml"><p>&#x0;'),
    {"resourceType": "Patient"}, {"resourceType": 5}, [{"resourceType": "Bundle",
    "entry": [{"resource": {}}]}], {"reference": 5}, {"reference": "#"},
    {"coding": [{"system": [], "code": {}}]}, {"value": {}, "code": 5, "system": True, "unit": []},
    DEEP,
]  # fmt: skip


def one_of_each_type():
    """The shortest line of each type in the pinned mutations."""
    found: dict[str, bytes] = {}
    for line in (FIXTURES / "mutations" / "r4.ndjson").read_bytes().splitlines():
        try:
            name = json.loads(line)["resourceType"]
        except (ValueError, TypeError, KeyError):
            continue
        if isinstance(name, str) and len(line) < len(found.get(name, b"x" * 100_000)):
            found[name] = line
    return [json.loads(line) for _, line in sorted(found.items())]


def places(value, path=()):
    yield path
    for key, item in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    ):
        yield from places(item, (*path, key))


def replaced(resource, path, value):
    if not path:
        return value
    changed = copy.deepcopy(resource)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return changed


def mutated(line, chance):
    data = bytearray(line)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randint(1, 30)]
            case 2:
                data[at:at] = data[: chance.randint(1, 50)]
            case _:
                data[at] = chance.choice(b'{}[]",:0-e\\')
        if not data:
            break
    return bytes(data).replace(b"\n", b" ")


@pytest.fixture(scope="module")
def lines():
    chance = random.Random(20)
    resources = one_of_each_type()
    wrong = []
    for resource in resources:
        found = list(places(resource))
        wrong += [
            json.dumps(
                replaced(resource, chance.choice(found), chance.choice(REPLACEMENTS))
            ).encode()
            for _ in range(5)
        ]
        wrong.append(mutated(json.dumps(resource).encode(), chance))
    chance.shuffle(wrong)
    return wrong


@pytest.mark.parametrize(("level", "share"), [("structure-only", 1), ("strict", 4), ("minimal", 4)])
def test_no_line_breaks_the_validator(lines, level, share):
    validator = Validator(level, native=False)
    for line in lines[::share]:
        verdict = validator.validate(line)
        assert isinstance(verdict, Verdict)
        for issue in verdict.issues:
            assert len(issue.diagnostics) <= LONGEST


def test_no_line_breaks_a_block(lines, explaining):
    """The native acceptor, where it is installed, and the explainer give the verdicts that the
    explainer gives alone.
    """
    blocks = Validator("structure-only")
    chosen = [line for line in lines[::12] if line.strip()]
    verdicts = blocks.validate_block(Block(b"\n".join(chosen)))
    assert verdicts.crashed == frozenset()
    assert verdicts.failed == {
        position for position, line in enumerate(chosen) if explaining.validate(line).failed
    }


def patient(**elements):
    return {"resourceType": "Patient", **elements}


def narrative(inside):
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'
    return patient(text={"status": "generated", "div": div})


def bundle(kind, entries):
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def document(n):
    """A document whose entries reach its Composition one from the other, backwards."""
    composition = {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "type": {"text": "t"},
        "date": "2020",
        "title": "t",
        "author": [{"display": "x"}],
    }
    chain = [
        {
            "resourceType": "Basic",
            "id": f"b{i}",
            "code": {"text": "c"},
            "subject": {"reference": f"Basic/b{i + 1}"},
        }
        for i in range(n)
    ]
    chain[-1]["subject"] = {"reference": "Composition/c"}
    resources = [composition, *chain]
    return bundle(
        "document",
        [
            {"fullUrl": f"http://example.org/{r['resourceType']}/{r['id']}", "resource": r}
            for r in resources
        ],
    )


SIZES = {
    "unknown names": lambda n: patient(**{f"x{i}": 1 for i in range(n)}),
    "values of a wrong form": lambda n: patient(name=[{"given": [5] * n}]),
    "contained resources that nothing refers to": lambda n: patient(
        contained=[patient(id=f"c{i}") for i in range(n)]
    ),
    "contained resources that refer to one another": lambda n: patient(
        contained=[
            patient(
                id=f"c{i}", link=[{"other": {"reference": f"#c{(i + 1) % n}"}, "type": "seealso"}]
            )
            for i in range(n)
        ]
    ),
    "references to contained resources": lambda n: patient(
        contained=[patient(id=f"c{i}") for i in range(n)],
        link=[{"other": {"reference": f"#c{i}"}, "type": "seealso"} for i in range(n)],
    ),
    "references from entry to entry": lambda n: bundle(
        "collection",
        [
            {
                "fullUrl": f"http://example.org/Patient/p{i}",
                "resource": patient(
                    id=f"p{i}",
                    link=[{"other": {"reference": f"Patient/p{n - i}"}, "type": "refer"}],
                ),
            }
            for i in range(1, n)
        ],
    ),
    "references from parameter to parameter": lambda n: {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "a",
                "resource": patient(
                    id=f"p{i}",
                    link=[{"other": {"reference": f"Patient/p{n - i}"}, "type": "refer"}],
                ),
            }
            for i in range(1, n)
        ],
    },
    "a chain of entries": document,
    "labels": lambda n: patient(
        meta={"security": [{"system": "http://example.org/s", "code": f"c{i}"} for i in range(n)]}
    ),
    "links of a Bundle": lambda n: {
        **bundle("collection", []),
        "link": [{"relation": f"r{i}", "url": "http://example.org"} for i in range(n)],
    },
    "paragraphs": lambda n: patient(
        text={
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{"<p>x</p>" * n}</div>',
        }
    ),
    "prefixes of elements in one another": lambda n: narrative(
        "".join(f'<a:p xmlns:p{i}="u{i}" xmlns:a="http://www.w3.org/1999/xhtml">' for i in range(n))
    ),
    "prefixes that all stand above": lambda n: narrative(
        "<p " + " ".join(f'xmlns:p{i}="u"' for i in range(n)) + ">" + "<p1:b/>" * n + "</p>"
    ),
    "anchors": lambda n: patient(
        text={
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">'
            + "".join(f'<a name="a{i}" href="#a{n - i}">x</a>' for i in range(n))
            + "</div>",
        }
    ),
    "extensions": lambda n: patient(
        extension=[{"url": f"http://example.org/{i}", "valueString": "x"} for i in range(n)]
    ),
    "questions": lambda n: {
        "resourceType": "Questionnaire",
        "status": "draft",
        "item": [{"linkId": f"l{i}", "type": "display", "text": "t"} for i in range(n)],
    },
}


def calls(validator, resource):
    """How many calls a verdict takes once its rules are compiled."""
    line = json.dumps(resource).encode()
    for _ in range(3):  # one that is expected to fail is asked about all, the next perhaps not
        validator.validate(line)
    return calls_of(lambda: validator.validate(line))


@pytest.mark.parametrize("name", SIZES)
def test_four_times_the_data_is_four_times_the_work(explaining, name):
    make = SIZES[name]
    assert calls(explaining, make(400)) < 5 * calls(explaining, make(100))


def test_contained_resources_that_all_refer_to_each_other_are_walked_once(explaining):
    everyone = [{"other": {"reference": f"#c{i}"}, "type": "seealso"} for i in range(40)]
    verdict = explaining.validate(
        json.dumps(
            patient(contained=[patient(id=f"c{i}", link=everyone) for i in range(40)])
        ).encode()
    )
    assert [issue.rule for issue in verdict.issues if issue.fails] == []


def test_the_first_of_many_names_that_stands_twice_is_found(explaining):
    members = b",".join(b'"x%d":1' % i for i in range(20_000))
    assert [
        issue.rule
        for issue in explaining.validate(
            b'{"resourceType":"Patient",' + members + b',"x19999":1}'
        ).issues
    ] == ["duplicate-property"]


@pytest.mark.parametrize(
    "opening",
    [
        b'{"resourceType":"Patient","contained":[',
        b'{"resourceType":"Patient","extension":[{"url":"http://example.org",',
    ],
)
@pytest.mark.parametrize(
    "inner",
    [
        b'{"resourceType":"Patient","contained":[',
        b'"extension":[{"url":"http://example.org",',
        b"[",
        b'{"a":',
    ],
)
def test_an_unfinished_line_of_any_depth_is_refused(explaining, opening, inner):
    for depth in (1, 100, 50_000):
        (issue,) = explaining.validate(opening + inner * depth).issues
        assert issue.severity == "fatal"
