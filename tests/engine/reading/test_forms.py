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
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_something_else_is_named(head, what):
    assert fault_inside(head).startswith(what)
    assert not holds_resources(head, several=False)


NDJSON = {
    "nothing": b"",
    "blank lines": b"\n \n",
    "a line": LINE,
    "a byte order mark": b"\xef\xbb\xbf" + LINE,
    "half a line": LINE[:20],
    "half a line before a line": LINE[:20] + b"\n" + LINE,
    "a word before a line": b"nope\n" + LINE,
    "a sentence": b"hello, world\n",
    "a tag before a line": b"<html>\n" + LINE,
    "a table before a line": b"id,name\n1,a\n" + LINE,
    "an array before a line": b"[]\n" + LINE,
    "an array of numbers": b"[1,2]\n",
    "a bracket before lines": b"[\n" + LINE * 2,
    "a brace before a line": b"{\n" + LINE,
    "a line cut after a comma": b'{"resourceType":"Patient",\n' + LINE,
    "a line in two": b'{"resourceType":"Patient",\n"id":"cut"}\n' + LINE,
    "a Bundle in one line": json.dumps(BUNDLE).encode(),
    "zeros before a line": b"\0" * 4096 + LINE,
}


@pytest.mark.parametrize("name", NDJSON)
def test_bad_lines_are_lines(name):
    assert fault_inside(NDJSON[name]) is None


def test_a_first_line_that_goes_on_beyond_the_head_is_a_resource():
    assert holds_resources((LINE[:-2] + b" " * HEAD)[:HEAD], several=False)


@pytest.mark.parametrize(
    ("head", "named", "expected"),
    [
        pytest.param(gzip.compress(b""), None, "gz", id="gz without a name"),
        pytest.param(gzip.compress(b""), "zst", "gz", id="gz by another name"),
        pytest.param(b"\x28\xb5\x2f\xfd", None, "zst", id="zst"),
        pytest.param(b"\x50\x2a\x4d\x18", None, "zst", id="zst that begins with a skipped frame"),
        pytest.param(LINE, "gz", None, id="a line called gz"),
        pytest.param(b"rubbish", "gz", "gz", id="rubbish called gz"),
        pytest.param(b"", "gz", "gz", id="nothing called gz"),
        pytest.param(LINE, None, None, id="a line"),
        pytest.param(b"BZh is a word", None, None, id="a word like bz2"),
    ],
)
def test_first_bytes_outweigh_the_name(head, named, expected):
    assert compression_inside(head, named) == expected
