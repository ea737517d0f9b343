"""Labels made of the reference's answers: which verdict counts, and which does not.

The answers are those of HAPI 8.4.0 to such lines, cut short. With BULKFHIR_REFERENCE=1 the program
itself is built and run, which needs Java 17, Maven and Maven Central.
"""

from __future__ import annotations

import gzip
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from bulkfhir.validators.definitions import core

sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parents[1] / "oracle")
)  # scripts that lie beside the tests, outside any package
from labels import Reach, label
from make_labels import differences, header, labelled

ORACLE = pathlib.Path(__file__).resolve().parents[1] / "oracle"
LINE = b'{"resourceType":"Patient","active":true}'
FINE: dict[str, Any] = {"issues": []}


def failing(id_: str, text: str = "") -> dict[str, Any]:
    issue = {"severity": "error", "location": "Patient", "id": id_, "text": text}
    return {"issues": [issue]}


@pytest.fixture(scope="module")
def reach() -> Reach:
    return Reach(core())


NOT_IN = "None of the codings provided are in the value set 'x' ({})"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1"
BODY_SITES = "http://hl7.org/fhir/ValueSet/body-site|4.0.1"
VERDICTS = [
    pytest.param(LINE, [FINE], None, id="nothing found"),
    pytest.param(LINE, [failing("JSON")], "invalid", id="an error"),
    pytest.param(
        LINE,
        [{"issues": [{**failing("x")["issues"][0], "severity": "warning"}]}],
        None,
        id="a warning",
    ),
    pytest.param(LINE, [failing("a"), failing("a")], "invalid", id="two runs that agree"),
    pytest.param(LINE, [failing("a"), FINE], "either", id="two runs that contradict each other"),
    pytest.param(LINE, [{"issues": [], "crash": "NullPointerException: x"}], "invalid", id="crash"),
    pytest.param(
        LINE, [{"issues": [], "crash": "StackOverflowError: null"}], "either", id="its own crash"
    ),
    pytest.param(LINE, [failing("SLICING_CANNOT_BE_EVALUATED")], "either", id="slicing"),
    pytest.param(
        LINE,
        [{"issues": failing("SLICING_CANNOT_BE_EVALUATED")["issues"] + failing("b")["issues"]}],
        "invalid",
        id="slicing beside an error",
    ),
    pytest.param(
        LINE,
        [failing("Terminology_TX_NoValid_16", NOT_IN.format(GENDERS))],
        "invalid",
        id="a code outside a value set at hand",
    ),
    pytest.param(
        LINE,
        [failing("Terminology_TX_NoValid_16", NOT_IN.format(BODY_SITES))],
        "either",
        id="a code outside a value set of SNOMED CT",
    ),
    pytest.param(b'{"a":1,"a":2}', [FINE], "either", id="a name twice"),
    pytest.param(b"\xef\xbb\xbf" + LINE, [FINE], "either", id="a byte order mark"),
    pytest.param(b'{"a":"\\ud83d"}', [FINE], "either", id="a lone surrogate"),
    pytest.param(b'{"a":"\\ud83d\\ude00"}', [FINE], None, id="a pair of surrogates"),
    pytest.param(b'{"a":[]}', [FINE], "either", id="an empty array"),
    pytest.param(b'{"a":": []"}', [FINE], None, id="what looks like an empty array in a string"),
    pytest.param(b'{"resourceType":"Resource"}', [FINE], "either", id="an abstract type"),
    pytest.param(b"{", [FINE], "either", id="no JSON"),
]


@pytest.mark.parametrize(("line", "answers", "verdict"), VERDICTS)
def test_a_line_has_a_verdict_that_counts_or_a_reason(
    line: bytes, answers: list[dict[str, Any]], verdict: str | None, reach: Reach
) -> None:
    made = label(7, line, answers, "8.4.0", reach)
    assert (made and made["verdict"]) == verdict
    if made is not None:
        assert (made["line"], made["hapi"]) == (7, "8.4.0")
        assert ("why" in made) == (verdict == "either")


def test_two_versions_are_set_beside_each_other(reach: Reach) -> None:
    lines = [LINE, LINE, b"", LINE]
    old = labelled(lines, [[failing("a"), FINE, FINE, failing("b")]], "8.4.0", reach)
    new = labelled(lines, [[failing("a"), failing("c"), FINE, FINE]], "8.8.1", reach)
    assert differences(old, new) == [
        "line 2: valid but invalid c",
        "line 4: invalid b but valid",
    ]
    assert header("x", lines, old, "s")["counts"] == {"valid": 1, "invalid": 2}


@pytest.mark.skipif(
    os.environ.get("BULKFHIR_REFERENCE") != "1",
    reason="BULKFHIR_REFERENCE=1 builds and runs the reference: Java 17, Maven, minutes",
)
def test_the_reference_labels_lines_by_the_version_asked_for(tmp_path: pathlib.Path) -> None:
    lines = tmp_path / "lines.ndjson"
    lines.write_bytes(LINE + b"\n" + b'{"resourceType":"Patient","active":"yes"}\n')
    command = [sys.executable, str(ORACLE / "make_labels.py"), "--hapi", "8.8.1"]
    subprocess.run([*command, "--level", "structure-only", str(lines), str(tmp_path)], check=True)
    with gzip.open(tmp_path / "lines.structure-only.hapi-8.8.1.jsonl.gz", "rt") as file:
        head, *rows = map(json.loads, file)
    assert head["settings"].startswith("HAPI 8.8.1 (org.hl7.fhir.core 6.7.9), structure-only")
    assert [(row["line"], row["verdict"], row["hapi"]) for row in rows] == [(2, "invalid", "8.8.1")]
