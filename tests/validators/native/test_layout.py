"""Both halves state the layout of the table's records, a digest of the code that reads them: a
change of that code fails here until both state the new one, and a module of an older build is found
out.
"""

from __future__ import annotations

import hashlib
import pathlib
import re
import subprocess
import sys

import pytest

from bulkfhir.validators.native.layout import LAYOUT

ROOT = pathlib.Path(__file__).resolve().parents[3]
TABLE = ROOT / "native/src/accept/table"
STATED = re.compile(r"^pub const LAYOUT: u32 = 0x([0-9a-f_]+);$", re.MULTILINE)


def digest(*texts: str) -> int:
    """Of the code alone: without comments, white space and tests."""
    code = (
        re.sub(r"//.*|\s", "", STATED.sub("", text).partition("#[cfg(test)]")[0]) for text in texts
    )
    return int(hashlib.sha256("\n".join(code).encode()).hexdigest()[:8], 16)


def test_the_layout_is_that_of_the_code_that_reads_tables() -> None:
    texts = [(TABLE / name).read_text() for name in ("reader.rs", "tags.rs", "known.rs", "mod.rs")]
    found = digest(*texts)
    wanted = f"0x{found >> 16:04x}_{found & 0xFFFF:04x}"
    stated = STATED.search(texts[1])
    assert stated is not None
    assert int(stated[1].replace("_", ""), 16) == LAYOUT == found, (
        "what reads the table has changed: look whether validators/native still writes it so, then "
        f"state LAYOUT = {wanted} in native/src/accept/table/tags.rs and "
        "validators/native/layout.py"
    )


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("fn a() { b() } // why", False),
        ("fn a() {\n    b()\n}\n#[cfg(test)]\nmod tests {}", False),
        ("fn a() { c() }", True),
    ],
    ids=["comment", "tests", "code"],
)
def test_only_code_counts(text: str, counts: bool) -> None:
    assert (digest(text) != digest("fn a() { b() }")) is counts


@pytest.mark.native
@pytest.mark.parametrize("change", ["del n.LAYOUT", "n.LAYOUT = 1"], ids=["older", "other"])
def test_a_module_of_other_sources_is_not_used(change: str) -> None:
    program = (
        f"import bulkfhir._native as n; {change}\n"
        "from bulkfhir.validators import Block, Validator\n"
        "validator = Validator('structure-only')\n"
        'verdicts = validator.validate_block(Block(b\'{"resourceType":"Patient"}\\n{}\'))\n'
        "print(validator.native, sorted(verdicts.failed))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False [1]\n"
    assert done.stderr.count("reinstall bulkfhir") == 1
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.native
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("", "(native acceptor and explainer,"),
        ("del n.LAYOUT", "(explainer only, the native acceptor was built of other sources,"),
        ("n.LAYOUT = 1", "(explainer only, the native acceptor was built of other sources,"),
    ],
    ids=["this", "older", "other"],
)
def test_the_version_says_which_engine_judges(change: str, said: str) -> None:
    program = (
        f"import bulkfhir._native as n, sys; {change}\n"
        "from bulkfhir.engine.cli.version import version_line\n"
        "print(version_line(), 'bulkfhir.validators' in sys.modules)\n"
    )
    line = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert said in line
    assert line.endswith(" False\n")  # what takes long is not imported for it


@pytest.mark.native
def test_a_table_of_another_layout_is_refused() -> None:
    from bulkfhir._native import Acceptor

    acceptor = Acceptor()
    acceptor.extend(b"\x06" + LAYOUT.to_bytes(4, "little"))
    with pytest.raises(ValueError, match="no table"):
        acceptor.extend(b"\x06" + bytes(4))
