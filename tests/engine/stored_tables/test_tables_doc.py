"""docs/howto/tables.md is true: its program reads what its session has written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shown_examples import PAGES, blocks, reader_of, run_console_examples


def test_the_program_reads_what_the_session_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyiceberg", reason="pyiceberg is in the extra 'iceberg'")
    reader_of(tmp_path, monkeypatch)
    page = PAGES["docs/howto/tables.md"]
    assert run_console_examples(page, tmp_path) >= 2
    (program,) = blocks(page, "python")
    names: dict[str, object] = {}
    exec(program, names)  # our own example
    assert len(names["rows"]) == 135
