"""Plain tables: what is laid out without rich is what rich would write, byte for byte."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bulkfhir.engine.cli.plain_tables import PLAIN_WIDTH, PlainConsole, PlainTable

_WORDS = st.text("ab 0,.%-", max_size=9)
_CELLS = st.lists(_WORDS, min_size=1, max_size=3).map(lambda lines: "\n".join(lines).rstrip("\n"))


def by_rich(table: PlainTable) -> str:
    out = io.StringIO()
    Console(file=out, width=PLAIN_WIDTH, highlight=False, markup=False).print(table.rich())
    return out.getvalue()


def made(heads: Sequence[tuple[str, str, bool]], rows: Sequence[Sequence[str]]) -> PlainTable:
    table = PlainTable()
    for name, justify, fold in heads:
        table.add_column(name, justify, fold=fold)
    for row in rows:
        table.add_row(*row[: len(heads)])
    return table


@given(
    st.lists(
        st.tuples(_WORDS, st.sampled_from(["left", "right"]), st.booleans()),
        min_size=1,
        max_size=5,
    ),
    st.lists(st.lists(_CELLS, max_size=5), max_size=4),
)
def test_a_table_is_laid_out_as_rich_does(
    heads: list[tuple[str, str, bool]], rows: list[list[str]]
) -> None:
    table = made(heads, rows)
    assert table.plain() == by_rich(table)


@pytest.mark.parametrize(
    "cell",
    ["x" * (PLAIN_WIDTH + 1), "wide 漢", "a combining e\u0301", "open\n"],
    ids=["long", "wide", "two", "open"],
)
def test_what_takes_more_is_left_to_rich(cell: str) -> None:
    table = made([("head", "left", True), ("n", "right", False)], [[cell, "1"]])
    assert table.plain() is None
    out = io.StringIO()
    PlainConsole(out).print(table)
    assert out.getvalue() == by_rich(table)


def test_a_table_as_wide_as_there_is_room_is_laid_out() -> None:
    table = made([("head", "left", True), ("n", "right", False)], [["x" * (PLAIN_WIDTH - 3), "1"]])
    assert table.plain() == by_rich(table)


def test_text_is_one_line_however_long_it_is() -> None:
    out = io.StringIO()
    PlainConsole(out).print("[b]word[/b] :smile: " * 20)
    assert out.getvalue() == "[b]word[/b] :smile: " * 20 + "\n"


def test_a_terminal_by_the_environment_has_bold_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    table = made([("head", "left", True)], [["1"]])
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = io.StringIO()
    PlainConsole(out).print(table)
    assert out.getvalue().startswith("\x1b[1mhead")


def test_rich_is_not_imported_for_a_table_that_fits() -> None:
    code = """if True:
        import sys
        from bulkfhir.engine.cli.plain_tables import PlainConsole, plain_table
        PlainConsole(sys.stdout).print(plain_table(["a"], ["b"]))
        assert "rich" not in sys.modules
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "a  b\n"
