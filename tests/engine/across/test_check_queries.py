"""Checks over a whole job say what a look at every pair of resources says."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkfhir.engine.across import relation_rows
from bulkfhir.engine.across.check_queries import find, reference_counts
from bulkfhir.engine.across.completeness import completeness_of
from bulkfhir.engine.across.job_checks import Completeness
from bulkfhir.engine.across.relation_columns import RelationColumns, read_relations, texts
from bulkfhir.engine.across.relation_store import RelationStore
from bulkfhir.engine.across.targets import read_targets
from bulkfhir.engine.reading.lines import Lines
from bulkfhir.engine.storage import LocalStorage
from bulkfhir.validators import BlockVerdicts, Verdict
from bulkfhir.validators.checks.reference_targets import ReferenceTargets
from bulkfhir.validators.definitions import core, type_url
from bulkfhir.validators.verdicts.block import PlacedCodes
from bulkfhir.validators.verdicts.undecided import UndecidedCode

SECRET = bytes(range(16))
TARGETS = ReferenceTargets(core())
NAMES = ["Patient", "Basic", "Practitioner"]
IDS = ["1", "2", "3"]
ALLOWED = {"Patient.generalPractitioner": {"Organization", "Practitioner", "PractitionerRole"}}

references = st.sampled_from(
    [f"{name}/{key}" for name in [*NAMES, "Organization"] for key in IDS]
    + ["Patient/1/_history/2", "#a", "urn:uuid:1", "Patient?identifier=1", "http://s/Patient/1"]
)

codes = st.builds(
    UndecidedCode,
    st.sampled_from(["http://v", "http://w|1"]),
    st.sampled_from([None, "", "http://s"]),
    st.sampled_from([None, "1", "2", "1\x1f2", "\n"]),
)
"""What a judge could not decide of a resource."""


@st.composite
def resources(draw):
    """(resource, whether it is rejected)."""
    name = draw(st.sampled_from(NAMES))
    resource = {"resourceType": name, "id": draw(st.sampled_from(IDS))}
    numbers = draw(st.lists(st.sampled_from("12"), max_size=2))
    if numbers:
        resource["identifier"] = [{"system": "http://x", "value": number} for number in numbers]
    listed = draw(st.lists(references, max_size=2))
    if name == "Patient" and listed:
        resource["generalPractitioner"] = [{"reference": text} for text in listed]
    elif listed:
        resource["subject"] = {"reference": listed[0]}
    seen = draw(st.lists(codes, max_size=3))
    if seen:
        resource["seen"] = seen
    return resource, draw(st.integers(0, 4)) == 0


jobs = st.lists(st.lists(resources(), min_size=1, max_size=5), min_size=1, max_size=3)
"""Shards of lines."""


def part(shards, folder, every=100):
    """Write the relations of shards as one part, a block for so many lines."""
    columns, segments = RelationColumns(SECRET), []
    for number, lines in enumerate(shards):
        for first in range(0, len(lines), every):
            block = lines[first : first + every]
            encoded = [json.dumps(resource).encode() for resource, _ in block]
            ends = [sum(map(len, encoded[: n + 1])) + n for n in range(len(encoded))]
            starts = [end - len(line) for end, line in zip(ends, encoded, strict=True)]
            columns.add(
                number,
                Lines(b"\n".join(encoded), 0, first, len(encoded)),
                BlockVerdicts(
                    range(len(block)),
                    starts,
                    ends,
                    [resource["resourceType"] for resource, _ in block],
                    [resource["id"] for resource, _ in block],
                    {n: Verdict(None, None, []) for n, (_, bad) in enumerate(block) if bad},
                    frozenset(n for n, (_, bad) in enumerate(block) if bad),
                    codes=seen_in(block),
                ),
            )
        segments.append(columns.take())
    path = folder / "part"
    path.write_bytes(b"".join(segments))
    return path


def seen_in(block):
    codes = PlacedCodes()
    for position, (resource, _) in enumerate(block):
        codes.add_all(Counter(resource.get("seen", ())), position)
    return codes.places


def codes_found(shards, folder, **options):
    """Every row of the codes that could not be decided, sorted, without offsets."""
    with RelationStore(2) as store:
        store.add_rows("shard", [(number, "f", 0) for number in range(len(shards))])
        for segment in read_relations(LocalStorage(), str(part(shards, folder, **options))):
            store.add(segment)
        find(store, TARGETS)
        return sorted(
            store.rows("SELECT value_set, system, code, count, shard, line FROM undecided_code"),
            key=str,
        )


def found(shards, folder, targets=(), **options):
    """(check, shard, line, path, detail) of every finding, sorted; and the counts of references."""
    with RelationStore(2) as store:
        store.add_rows("shard", [(number, "f", 0) for number in range(len(shards))])
        for segment in read_relations(LocalStorage(), str(part(shards, folder, **options))):
            store.add(segment)
        for rows in read_targets(targets, SECRET):
            store.add_targets(rows)
        find(store, TARGETS)
        rows = store.rows('SELECT "check", shard, line, path, detail FROM finding ORDER BY ALL')
        return rows, reference_counts(store)


def brute(shards, present=frozenset()):
    """The same, by a look at everything."""
    accepted, rejected, rows = [], set(), []
    for shard, lines in enumerate(shards):
        for line, (resource, bad) in enumerate(lines):
            own = f"{resource['resourceType']}/{resource['id']}"
            if bad:
                rejected.add(own)
            else:
                accepted.append((shard, line, own, resource))
    there = {own for _, _, own, _ in accepted} | present
    types = {own.partition("/")[0] for own in there}
    referred, seen, holders = set(), set(), defaultdict(list)
    for shard, line, own, resource in accepted:
        for path, text in mentioned(resource):
            target = text.partition("/_history/")[0]
            if text.startswith("urn:"):
                rows.append(("reference-missing", shard, line, path, text))
            elif text[0] == "#" or "?" in text or "://" in text:
                continue
            else:
                referred.add(target)
                name = target.partition("/")[0]
                if target not in there:
                    rows.append((loose(target, rejected, types), shard, line, path, text))
                if path in ALLOWED and name not in ALLOWED[path]:
                    rows.append(("reference-target", shard, line, path, text))
        if own in seen:
            rows.append(("duplicate-resource", shard, line, None, None))
        seen.add(own)
        for text in {f"{one['system']}|{one['value']}" for one in resource.get("identifier", ())}:
            holders[resource["resourceType"], text].append((shard, line, own))
    for shard, line, own, _ in accepted:
        if own not in referred:
            rows.append(("unreferenced", shard, line, None, None))
    for (name, text), lines in holders.items():
        first = lines[0][2]
        rows += [
            ("duplicate-identifier", shard, line, f"{name}.identifier", f"{text} of {first}")
            for shard, line, own in lines
            if own != first
        ]
    return sorted(rows, key=lambda row: [(one is None, one) for one in row])


def loose(target, rejected, types):
    if target in rejected:
        return "reference-rejected"
    return "reference-missing" if target.partition("/")[0] in types else "reference-type-absent"


def mentioned(resource):
    for one in resource.get("generalPractitioner", ()):
        yield "Patient.generalPractitioner", one["reference"]
    if "subject" in resource:
        yield f"{resource['resourceType']}.subject", resource["subject"]["reference"]


@settings(max_examples=15)
@given(job=jobs, every=st.integers(1, 3))
def test_the_findings_are_those_of_a_look_at_everything(job, every, tmp_path_factory):
    rows, _ = found(job, tmp_path_factory.mktemp("job"), every=every)
    assert sorted(rows, key=lambda row: [(one is None, one) for one in row]) == brute(job)


@settings(max_examples=15)
@given(job=jobs, every=st.integers(1, 3))
def test_undecided_codes_are_those_of_a_look_at_everything(job, every, tmp_path_factory):
    counts, firsts = Counter(), {}
    for shard, lines in enumerate(job):
        for line, (resource, bad) in enumerate(lines):
            for code in () if bad else resource.get("seen", ()):
                counts[code] += 1
                firsts.setdefault(code, (shard, line))
    rows = [
        (value_set, system, code and code.replace("\x1f", " "), counts[one], *firsts[one])
        for one in counts
        for value_set, system, code in [one]
    ]
    folder = tmp_path_factory.mktemp("job")
    assert codes_found(job, folder, every=every) == sorted(rows, key=str)


def test_codes_that_differ_only_far_behind_are_two(tmp_path):
    seen = [UndecidedCode("http://v", "http://s", "x" * 300 + end) for end in "aab"]
    rows = codes_found([[({"resourceType": "Basic", "id": "1", "seen": seen}, False)]], tmp_path)
    assert [(row[2], row[3]) for row in rows] == [("x" * 200, 1), ("x" * 200, 2)]


def test_every_reference_is_counted_once(tmp_path):
    texts = [
        "Patient/1",
        "Patient/9",
        "Patient?a=b",
        "https://s/Patient/1",
        "#c",
        "Patient/1/_history/1",
    ]
    patient = {"resourceType": "Patient", "id": "1"}
    lines = [
        ({"resourceType": "Basic", "id": str(n), "subject": {"reference": text}}, False)
        for n, text in enumerate(texts)
    ]
    _, counts = found([[(patient, False), *lines]], tmp_path)
    assert counts == {
        "resolved": 2,
        "unresolved": 1,
        "inBundle": 0,
        "conditional": 1,
        "elsewhere": 1,
    }


def test_a_member_called_reference_that_is_none_is_no_reference(tmp_path):
    issue = {"resourceType": "DetectedIssue", "id": "1", "reference": "Patient/1"}
    rows, counts = found([[(issue, False)]], tmp_path)
    assert [row[0] for row in rows] == ["unreferenced"]
    assert not any(counts.values())


def test_paths_beyond_a_bound_share_one_name(tmp_path, monkeypatch):
    monkeypatch.setattr(relation_rows, "_MOST_NAMES", 2)
    lines = [
        ({"resourceType": "Basic", "id": str(n), name: {"reference": "Basic/9"}}, False)
        for n, name in enumerate(["subject", "author", "author"])
    ]
    rows, counts = found([lines], tmp_path)
    paths = [row[3] for row in rows if row[0] == "reference-missing"]
    assert paths == ["Basic.subject", "….…", "….…"]
    assert counts["unresolved"] == 3


def test_completeness_says_how_many_have_what_their_profile_wants(tmp_path):
    url = type_url("vitalsigns")
    lines = [
        {"resourceType": "Observation", "id": str(n), "meta": {"profile": [url, "http://unknown"]}}
        for n in range(3)
    ]
    lines[0]["status"] = lines[2]["status"] = "final"
    lines[1]["valueString"] = lines[2]["valueQuantity"] = "a"
    with RelationStore(1) as store:
        store.add_rows("shard", [(0, "f", 0)])
        for segment in read_relations(
            LocalStorage(), str(part([[(line, False) for line in lines]], tmp_path))
        ):
            store.add(segment)
        found = {one.element: one for one in completeness_of(store, core())}
    assert found["Observation.status"] == Completeness(url, "Observation.status", 2, 3)
    assert found["Observation.value[x]"].having == 2
    assert found["Observation.category"].having == 0


def test_a_shard_that_does_not_count_says_nothing(tmp_path):
    job = [[({"resourceType": "Basic", "id": "1"}, False)] for _ in range(2)]
    with RelationStore(1) as store:
        store.add_rows("shard", [(0, "f", 0)])
        for segment in read_relations(LocalStorage(), str(part(job, tmp_path))):
            store.add(segment)
        store.settle()
        assert store.rows("SELECT shard FROM resource") == [(0,)]


def test_of_a_data_set_nothing_is_read_but_its_ids(tmp_path, monkeypatch):
    from pyarrow import parquet

    data_set = tmp_path / "resources/Patient"
    data_set.mkdir(parents=True)
    long = random.Random(1).randbytes(1 << 20).hex()
    columns = {"id": texts(["7"]), "json": texts([long])}
    parquet.write_table(pa.table(columns), data_set / "part-000000.parquet")
    read, opened = [], LocalStorage.open

    def open_(storage, uri, start=0, end=None, etag=None):
        assert end is not None
        read.append(end - start)
        return opened(storage, uri, start, end, etag=etag)

    monkeypatch.setattr(LocalStorage, "open", open_)
    (table,) = read_targets([str(tmp_path)], bytes(16))
    assert len(table) == 1
    assert 0 < sum(read) < 100_000


def test_resources_of_targets_are_present(tmp_path):
    from pyarrow import parquet

    ndjson, data_set = tmp_path / "a", tmp_path / "b/resources/Practitioner"
    ndjson.mkdir()
    (ndjson / "x.ndjson").write_bytes(
        b'{"resourceType":"Patient","id":"7"}\n\n{"id":"8","resourceType":"Patient"}\n'
    )
    data_set.mkdir(parents=True)
    parquet.write_table(pa.table({"id": texts(["7"])}), data_set / "part-000000.parquet")
    job = [
        [
            ({"resourceType": "Basic", "id": text, "subject": {"reference": text}}, False)
            for text in ("Patient/7", "Patient/8", "Practitioner/7", "Practitioner/8")
        ]
    ]
    rows, _ = found(job, tmp_path, [str(ndjson), str(tmp_path / "b")])
    assert [row for row in rows if row[0].startswith("reference")] == [
        ("reference-missing", 0, 3, "Basic.subject", "Practitioner/8")
    ]
