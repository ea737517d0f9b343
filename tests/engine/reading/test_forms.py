"""Forms: what is something else than NDJSON, and what is NDJSON with bad lines."""

from __future__ import annotations

import gzip
import json

import pytest

from bulkfhir.engine.reading.forms import HEAD, compression_inside, fault_inside, holds_resources

LINE = b'{"resourceType":"Patient","id":"a"}\n'
PATIENT = {"resourceType": "Patient", "name": [{"family": "A"}]}
BUNDLE = {"resourceType": "Bundle", "entry": [{"resource": PATIENT}]}


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"PK\x03\x04more", "a ZIP archive"),
        (b"x" * 257 + b"ustar", "a tar archive"),
        (gzip.compress(LINE), "an archive within an archive"),
        (b"PAR1", "a Parquet table"),
        ("{}".encode("utf-16"), "UTF-16"),
        ('{"a":1}'.encode("utf-16-le"), "UTF-16"),
        ('{"a":1}'.encode("utf-16-be"), "UTF-16"),
        ('{"a":1}'.encode("utf-32-be"), "UTF-16 or UTF-32"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<Patient/>', "XML"),
        (b'<Patient xmlns="http://hl7.org/fhir">', "XML"),
        (b"\n\n<!DOCTYPE html>\n<html>", "an HTML page"),
        (b"<html><body>503</body></html>", "an HTML page"),
        (b"id,name\n1,a\n", "a table (CSV)"),
        (b'"id";"family name"\r\n"1";"a"\r\n', "a table (CSV)"),
        (b"[" + LINE.strip() + b"," + LINE.strip() + b"]", "one JSON array"),
        (b"[\n" + LINE.strip() + b",\n" + LINE.strip() + b"\n]\n", "one JSON array"),
        (json.dumps([PATIENT], indent=2).encode(), "one JSON array"),
        (json.dumps(PATIENT, indent=2).encode(), "JSON over several lines"),
        (json.dumps(BUNDLE, indent=2).encode(), "a Bundle over several lines"),
        (
            b'{"resourceType":"Bundle","entry":[\n{"resource":' + LINE.strip() + b"}\n]}\n",
            "a Bundle over several lines",
        ),
    ],
)
def test_something_else_is_named(head, what):
    assert fault_inside(head).startswith(what)
    assert not holds_resources(head, several=False)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\n \n",
        LINE,
        b"\xef\xbb\xbf" + LINE,
        LINE[:20],
        LINE[:20] + b"\n" + LINE,
        b"nope\n" + LINE,
        b"hello, world\n",
        b"<html>\n" + LINE,
        b"id,name\n1,a\n" + LINE,
        b"[]\n" + LINE,
        b"[1,2]\n",
        b"[\n" + LINE * 2,
        b"{\n" + LINE,
        b'{"resourceType":"Patient",\n' + LINE,
        b'{"resourceType":"Patient",\n"id":"cut"}\n' + LINE,
        json.dumps(BUNDLE).encode(),
        b"\0" * 4096 + LINE,
    ],
)
def test_bad_lines_are_lines(head):
    assert fault_inside(head) is None


def test_a_first_line_that_goes_on_beyond_the_head_is_a_resource():
    assert holds_resources((LINE[:-2] + b" " * HEAD)[:HEAD], several=False)


@pytest.mark.parametrize(
    ("head", "named", "expected"),
    [
        (gzip.compress(b""), None, "gz"),
        (gzip.compress(b""), "zst", "gz"),
        (b"\x28\xb5\x2f\xfd", None, "zst"),
        (b"\x50\x2a\x4d\x18", None, "zst"),
        (LINE, "gz", None),
        (b"rubbish", "gz", "gz"),
        (b"", "gz", "gz"),
        (LINE, None, None),
        (b"BZh is a word", None, None),
    ],
)
def test_first_bytes_outweigh_the_name(head, named, expected):
    assert compression_inside(head, named) == expected
