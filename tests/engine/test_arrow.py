"""Arrow in, Arrow out: the verdicts of a column are those of the same lines in a file."""

from __future__ import annotations

import json
import re
import threading
from array import array
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from bulkfhir.arrow import SCHEMA, validate_batch
from bulkfhir.validators import Block, Validator
from tests.late import Late

pd, pl = Late("pandas"), Late("polars")

ROOT = Path(__file__).parents[2]
GOOD = '{"resourceType":"Patient","id":"a","gender":"male"}'
BAD = '{"resourceType":"Patient","id":"b","gender":"malé","birthDate":"1980-02-30"}'
LINES = [
    GOOD,
    BAD,
    '{\n  "resourceType": "Patient",\n  "id": "c"\n}',
    None,
    "",
    " \t\r\n",
    "{",
    '{"resourceType":"Nobody","id":"d"}',
    '{"resourceType":"Patient"}',
    GOOD,
]


def batch(lines: list[str | None], kind: pa.DataType | None = None) -> pa.RecordBatch:
    column = pa.array(lines, pa.string())
    if kind is not None:
        column = column.dictionary_encode() if pa.types.is_dictionary(kind) else column.cast(kind)
    return pa.RecordBatch.from_arrays([column], ["json"])


def rows(lines: list[str | None]) -> list[dict[str, object]]:
    """What each line's own verdict says, as rows."""
    validator = Validator("structure-only")
    found: list[dict[str, object]] = []
    for line in lines:
        if line is None or not line.strip():
            found.append(dict.fromkeys(SCHEMA.names))
            continue
        verdict = validator.validate(line.encode())
        names = ("severity", "code", "rule", "location", "diagnostics")
        found.append(
            {
                "resourceType": verdict.resource_type,
                "id": verdict.resource_id,
                "accepted": not verdict.failed,
                "issues": [{n: getattr(issue, n) for n in names} for issue in verdict.issues],
            }
        )
    return found


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)  # fmt: skip
def test_a_row_has_the_verdict_of_its_line(kind: pa.DataType) -> None:
    found = validate_batch(batch(LINES, kind), level="structure-only")
    assert found.schema == SCHEMA
    assert found.to_pylist() == rows(LINES)
    found.validate(full=True)


@pytest.mark.parametrize("native", [True, False], ids=["native", "explained"])
def test_rows_of_a_block_are_judged_as_they_stand(native: bool) -> None:
    texts = [(line or "").encode() for line in LINES]
    ends = [sum(map(len, texts[: n + 1])) for n in range(len(texts))]
    starts = [end - len(text) for text, end in zip(texts, ends, strict=True)]
    words = array("I", starts).tobytes(), array("I", ends).tobytes()
    validator = Validator("structure-only", native=native)
    found = validator.validate_block(Block(b"".join(texts), rows=words))
    judged = [n for n, row in enumerate(rows(LINES)) if row["accepted"] is not None]
    assert list(found.numbers) == judged
    assert [judged[place] for place in sorted(found.failed)] == [1, 6, 7]


def test_a_slice_and_a_table_of_chunks_give_the_same_rows() -> None:
    whole = batch(LINES)
    expected = validate_batch(whole, level="structure-only")
    assert validate_batch(whole.slice(1, 6), level="structure-only").equals(expected.slice(1, 6))
    table = pa.Table.from_batches([whole.slice(0, 4), whole.slice(4, 0), whole.slice(4)])
    assert validate_batch(table, level="structure-only").equals(expected)


def test_a_null_row_is_null_whatever_bytes_lie_there() -> None:
    column = pa.array([GOOD, GOOD])
    _, offsets, data = column.buffers()
    masked = pa.Array.from_buffers(pa.string(), 2, [pa.py_buffer(b"\x02"), offsets, data])
    found = validate_batch(pa.RecordBatch.from_arrays([masked], ["json"]), level="minimal")
    assert found.column("accepted").to_pylist() == [None, True]


@pytest.mark.parametrize("lines", [[], [None], [""]], ids=["no rows", "null", "blank"])
def test_without_resources_there_are_no_verdicts(lines: list[str | None]) -> None:
    found = validate_batch(batch(lines), level="structure-only")
    assert found.schema == SCHEMA
    assert found.column("accepted").to_pylist() == [None] * len(lines)


def test_issues_can_be_left_out() -> None:
    found = validate_batch(batch([BAD]), level="structure-only", issues=False)
    assert found.schema.names == ["resourceType", "id", "accepted"]
    assert found.column("accepted").to_pylist() == [False]


def test_a_column_of_another_name_or_type_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="no column 'value': there are json"):
        validate_batch(batch([GOOD]), level="structure-only", column="value")
    numbers = pa.RecordBatch.from_pydict({"json": [1]})
    with pytest.raises(TypeError, match="holds int64, and should hold JSON text"):
        validate_batch(numbers, level="structure-only")


@pytest.mark.parametrize(
    ("library", "kind"),
    [(pl, "DataFrame"), (pd, "DataFrame"), (pa, "array")],
    ids=["polars", "pandas", "an array"],
)
def test_what_is_no_batch_is_refused_by_its_type(library: Any, kind: str) -> None:
    with pytest.raises(TypeError, match="a RecordBatch or a Table of pyarrow is wanted, not"):
        validate_batch(getattr(library, kind)([GOOD]), level="structure-only")


def test_threads_do_not_disturb_one_another() -> None:
    found: list[pa.RecordBatch] = []
    lines = [json.dumps({"resourceType": "Patient", "id": f"p{n}"}) for n in range(500)] + [BAD]

    def judge() -> None:
        found.extend(validate_batch(batch(lines), level="structure-only") for _ in range(3))

    threads = [threading.Thread(target=judge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert all(one.equals(found[0]) for one in found)


def test_the_examples_of_the_documentation_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("duckdb", "polars", "pandas", "dask.dataframe"):
        pytest.importorskip(name, reason=f"{name} is in the extras 'analysis' and 'dask'")
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs/arrow.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for example in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        exec(compile(example, "docs/arrow.md", "exec"), names)  # our own examples
    expected = Validator("structure-only")
    lines = (ROOT / "fixtures/sample/Patient.ndjson").read_bytes().splitlines()
    assert names["accepted"] == sum(not expected.validate(line).failed for line in lines) > 0
    assert names["by_rule"]
