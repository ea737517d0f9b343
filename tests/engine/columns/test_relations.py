"""What resources say of others: in Python and natively the very same."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkfhir.engine.columns import plain_relations as plain
from bulkfhir.engine.columns.plain_relations import (
    CONDITIONAL,
    ELSEWHERE,
    IDENTIFIER,
    IN_BUNDLE,
    NAMELESS,
    NOWHERE,
    PRESENT,
    REFERENCE,
    RESOURCE,
)
from bulkfhir.validators.definitions import core

try:
    from bulkfhir import _native as native
except ImportError:
    native = None

SECRET = bytes(range(16))
SAMPLE = Path(__file__).parents[3] / "fixtures/sample"


def spans(lines, chosen=None):
    starts, ends, at = array("I"), array("I"), 0
    for number, line in enumerate(lines):
        if chosen is None or number in chosen:
            starts.append(at)
            ends.append(at + len(line))
        at += len(line) + 1
    return b"\n".join(lines), starts.tobytes(), ends.tobytes()


def readable(found, numbers=None):
    """Rows as tuples, in order, and counts; ``numbers`` of the lines where not all were asked."""
    (lines, kinds, paths, keys, ends, texts), names, counts, _ = found
    rows, start = [], 0
    for place, (line, path, end) in enumerate(
        zip(array("I", lines), array("I", paths), array("I", ends), strict=True)
    ):
        number = numbers[line] if numbers else line
        key = keys[16 * place : 16 * place + 16]
        rows.append((number, kinds[place], names[path], key, texts[start:end].decode()))
        start = end
    counted = Counter()
    for kind, url, path, count in counts:
        counted[kind, url, names[path]] += count
    return sorted(rows), counted


def told(*lines):
    """What the lines say, once it is known that both say the same; the lines left to Python."""
    lines = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    expected = readable(plain.relations_of(*spans(lines), SECRET))
    if native is None:
        return *expected, []
    found = native.relations_of(*spans(lines), SECRET)
    left = found[3]
    rest = readable(plain.relations_of(*spans(lines, set(left)), SECRET), left)
    rows, counts = readable(found)
    assert (sorted(rows + rest[0]), counts + rest[1]) == expected
    return *expected, left


def key_of(text):
    return plain.relation_keys(b"", text.encode() + b"\n", SECRET)


REFERENCES = {
    "Patient/1": (REFERENCE, "Patient/1"),
    "Patient/1/_history/3": (REFERENCE, "Patient/1"),
    "urn:uuid:1": (NOWHERE, None),
    "Patient": (NOWHERE, None),
    "patient/1": (NOWHERE, None),
    "Patient/1/2": (NOWHERE, None),
    "": (NOWHERE, None),
}


@pytest.mark.parametrize("text", REFERENCES)
def test_a_reference_is_a_row(text):
    rows, _, left = told({"resourceType": "Basic", "id": "b", "subject": {"reference": text}})
    kind, target = REFERENCES[text]
    assert rows == [
        (0, RESOURCE, "Basic", key_of("Basic/b"), "b"),
        (0, kind, "Basic.subject", key_of(target) if target else bytes(16), text),
    ]
    assert not left


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("#a", None),
        ("Patient?identifier=http://x|1", ELSEWHERE),
        ("Patient?identifier=1", CONDITIONAL),
        ("https://s/Patient/1", ELSEWHERE),
    ],
)
def test_a_reference_of_another_kind_is_counted(text, kind):
    rows, counts, _ = told({"resourceType": "Basic", "id": "b", "subject": {"reference": text}})
    assert len(rows) == 1
    assert counts == ({(kind, "", "Basic.subject"): 1} if kind else {})


def test_an_entry_is_found_in_its_bundle_whatever_stands_first():
    group = {
        "resourceType": "Group",
        "id": "g",
        "member": [
            {"entity": {"reference": one}} for one in ("urn:uuid:1", "Group/g", "Patient/9")
        ],
    }
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": group},
            {"resource": {"resourceType": "Patient"}, "fullUrl": "urn:uuid:1"},
        ],
    }
    rows, counts, _ = told(bundle)
    assert [row[1:3] for row in rows] == [(NAMELESS, "Bundle"), (REFERENCE, "Group.member.entity")]
    assert counts == {(IN_BUNDLE, "", "Group.member.entity"): 2}


def test_business_identifiers_have_a_system_and_a_value():
    rows, _, _ = told(
        {
            "resourceType": "Patient",
            "id": "p",
            "identifier": [{"system": "http://x", "value": "1"}, {"value": "2"}, {"system": "y"}],
            "contact": [{"identifier": {"system": "http://x", "value": "3"}}],
        }
    )
    assert [(row[1], row[2], row[4]) for row in rows[1:]] == [
        (IDENTIFIER, "Patient.identifier", "http://x|1")
    ]


def test_what_is_there_is_counted_for_the_profiles_that_are_claimed():
    rows, counts, _ = told(
        {
            "resourceType": "Patient",
            "id": "p",
            "meta": {"profile": ["http://p"]},
            "_birthDate": {"extension": [{"url": "http://e", "valueString": "x"}]},
            "contained": [{"resourceType": "Basic", "code": {"text": "x"}}],
        }
    )
    assert len(rows) == 1
    assert {path for _, _, path in counts} == {
        "Patient",
        "Patient.id",
        "Patient.meta",
        "Patient.meta.profile",
        "Patient.birthDate",
        "Patient.birthDate.extension",
        "Patient.birthDate.extension:http://e",
        "Patient.birthDate.extension.url",
        "Patient.birthDate.extension.valueString",
        "Patient.contained",
    }
    assert set(counts.values()) == {1}
    assert {(kind, url) for kind, url, _ in counts} == {(PRESENT, "http://p")}


@pytest.mark.native
@pytest.mark.parametrize(
    "line",
    [
        b'{"id":"b","resourceType":"Basic"}',
        b'{"resourceType":"Basic","id":"b","subject":{"reference":"Pati\\u00e9nt/1"}}',
        b'{"resourceType":"Basic","id":"b","subj\\u00e9ct":{"reference":"Patient/1"}}',
        b'{"resourceType":"Basic","id":"b","subject":{"reference":"Patient/%b"}}' % (b"1" * 300),
        b'{"resourceType":"Basic","a":' + b'{"a":' * 70 + b"1" + b"}" * 71,
        b'{"resourceType":"CapabilityStatement","rest":[{"resource":[{"type":"Patient"}]}]}',
    ],
    ids=["type-last", "escape", "escaped-name", "long", "deep", "resource-that-is-none"],
)
def test_an_odd_line_is_left_to_python(line):
    assert told(line)[2] == [0]


@pytest.mark.native
def test_an_escape_that_nobody_needs_is_read_natively():
    rows, _, left = told(b'{"resourceType":"Basic","id":"b","subject":{"reference":"Patient\\/1"}}')
    assert rows[1][3:] == (key_of("Patient/1"), "Patient/1")
    assert not left


VALUES = st.recursive(
    st.sampled_from(["Patient/1", "#x", "urn:uuid:1", "http://x", "é", 'a"b', ""])
    | st.none()
    | st.integers(-5, 5),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "reference url extension identifier system value meta profile contained "
                "resource entry fullUrl id resourceType _a ü".split()
            ),
            inside,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Bundle", "Patient", "Basic"]),
            st.dictionaries(
                st.sampled_from("id identifier meta entry contained extension subject".split()),
                VALUES,
            ),
        ),
        max_size=4,
    )
)
def test_whatever_a_line_holds_both_say_the_same(resources):
    told(*({"resourceType": name, **members} for name, members in resources))


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLE.glob("*.ndjson")))
def test_the_sample_is_read_alike(name):
    lines = [line for line in (SAMPLE / name).read_bytes().split(b"\n") if line.startswith(b"{")]
    told(*[line for line in lines if _is_json(line)])


def _is_json(line):
    try:
        return "resourceType" in json.loads(line)
    except ValueError:
        return False


@given(st.lists(st.binary(max_size=70).map(lambda text: text.replace(b"\n", b"")), max_size=5))
@pytest.mark.native
def test_keys_are_the_same(texts):
    column = b"".join(text + b"\n" for text in texts)
    found = plain.relation_keys(b"Patient/", column, SECRET)
    assert found == native.relation_keys(b"Patient/", column, SECRET)
    assert len({found[at : at + 16] for at in range(0, len(found), 16)}) == len(set(texts))


def test_a_member_called_reference_is_a_reference_or_known_to_be_none():
    texts = {
        element["path"]
        for definition in core().all("StructureDefinition")
        for element in definition.get("snapshot", {}).get("element", ())
        if element["path"].endswith(".reference")
        and {kind["code"] for kind in element["type"]} <= {"string", "uri", "url", "canonical"}
    }
    assert texts == {
        "Reference.reference",
        "DetectedIssue.reference",
        "Expression.reference",
        "Immunization.education.reference",
    }
