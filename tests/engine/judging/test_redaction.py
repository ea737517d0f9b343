"""Without values: no message quotes what stands in a resource, and every message of ours keeps its
sentence.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from pathlib import Path

import pytest

from bulkfhir.engine import validate_files
from bulkfhir.validators.verdicts.declaration import MASK

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT / "../shared"

LINES = [
    b'{"resourceType":"Patient","id":"a","birthDate":"SECRET","gender":"SECRET","SECRETNAME":1,"active":"SECRET"}',
    b'{"resourceType":"Observation","id":"b","code":{"text":"SECRET"}}',
    (
        b'{"resourceType":"Patient","id":"c","contact":[{"gender":"male"}],"managingOrganization":'
        b'{"reference":"SECRET x"}}'
    ),
    b'{"resourceType":"Patient","id":"d","name":{"family":"SECRET"}}',
    b'{"resourceType":"Patient","id":"SECRET_","deceasedBoolean":true,"deceasedDateTime":"2020"}',
    b'{"resourceType":"SECRET","id":"f"}',
    b'{"resourceType":"Patient","id":"g" SECRET',
    b'{"resourceType":"Patient","id":"h","meta":{"profile":["http://SECRET"]}}',
    b'{"resourceType":"Patient","id":"i","contained":[{"resourceType":"SECRET","id":"SECRET"}]}',
    (
        b'{"resourceType":"Patient","id":"j","text":{"status":"generated","div":"<div xmlns='
        b"'http://www.w3.org/1999/xhtml'><SECRET>x</SECRET><p SECRET='1'/><a href='#SECRET'>y</a>"
        b'</div>"}}'
    ),
    (
        b'{"resourceType":"Bundle","id":"k","type":"document","entry":[{"fullUrl":"SECRET",'
        b'"resource":{"resourceType":"Composition","id":"SECRET"}}]}'
    ),
]


@pytest.fixture
def found(write):
    """Every issue of the lines without values, as rows of what a user sees of it."""

    def of(lines, **options):
        with validate_files(
            write("a.ndjson", lines), workers=1, values=False, **{"level": "strict", **options}
        ) as validation:
            return [
                (issue.rule, issue.diagnostics, issue.profile or "")
                for finding in validation
                for issue in finding.verdict.issues
            ]

    return of


def test_no_value_of_an_element_is_quoted(found):
    rows = found(LINES)
    assert len(rows) >= 20
    assert not [row for row in rows if "SECRET" in " ".join(row).replace("'SECRETNAME'", "")]


def test_every_message_of_ours_keeps_its_sentence(found):
    assert not [text for _, text, _ in found(LINES) if "message left out" in text]


def test_what_is_worded_by_the_definitions_stays(found):
    messages = {rule: text for rule, text, _ in found(LINES)}
    assert messages["unknown-element"] == (
        "Unrecognised property 'SECRETNAME': Patient has no such element"
    )
    assert "minimum required = 1, but only found 0" in messages["cardinality"]
    assert messages["pat-1"].startswith("Constraint failed: pat-1: ")
    assert "deceasedDateTime" in messages["choice"]
    assert messages["json-form"].startswith("This property must be an Array")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("date", "'***' is no date: YYYY, YYYY-MM or YYYY-MM-DD"),
        ("reference-form", "The reference '***' is not a valid reference"),
        ("xhtml-anchor", "the link '#***' leads nowhere"),
    ],
)
def test_a_value_is_masked_in_its_sentence(found, rule, message):
    assert message in [text for one, text, _ in found(LINES) if one == rule]


@pytest.mark.usefixtures("toys")
def test_a_message_of_a_plug_in_is_left_out_whole(found):
    rows = found([b'{"resourceType":"Patient","id":"a","bad":"SECRET"}'], judge="toy")
    assert {text for _, text, _ in rows} == {"bad (message left out, it may quote values)"}


def secret_in(value, index):
    """The value with its index-th string replaced by a secret of much the same kind."""
    count = 0

    def walk(one, name=""):
        nonlocal count
        if isinstance(one, dict):
            return {key: walk(item, key) for key, item in one.items()}
        if isinstance(one, list):
            return [walk(item, name) for item in one]
        if isinstance(one, str) and name != "resourceType":
            count += 1
            if count - 1 == index:
                return re.sub(r"[A-Za-z0-9]+", "SECRET", one, count=1) or "SECRET"
        return one

    return walk(value), count


def seeded(lines):
    """Each line with one of its strings, chosen by a fixed seed, made a secret."""
    choose = random.Random(7)
    for line in lines:
        try:
            resource = json.loads(line)
        except ValueError:
            continue
        _, count = secret_in(resource, -1)
        for _ in range(3 if count else 0):
            yield json.dumps(secret_in(resource, choose.randrange(count))[0]).encode()


def assert_no_secret(rows):
    assert len(rows) > 100
    quoted = [row for row in rows if "SECRET" in " ".join(row)]
    assert not quoted, quoted[:5]
    assert any(MASK in text for _, text, _ in rows)


def test_no_secret_in_any_kind_of_field_is_quoted(found):
    lines = (ROOT / "fixtures/mutations/r4.ndjson").read_bytes().splitlines()
    assert_no_secret(found(seeded(lines)))


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/ndjson beside the project")
@pytest.mark.parametrize("corpus", ["mutated-r4", "dirty20"])
def test_no_secret_in_thousands_of_broken_resources_is_quoted(found, corpus):
    with gzip.open(SHARED / f"ndjson/{corpus}.ndjson.gz") as file:
        lines = [line.rstrip(b"\n") for _, line in zip(range(1000), file, strict=False)]
    assert_no_secret(found(seeded(lines)))
