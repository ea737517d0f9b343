"""Columns of strings: what is left of them without some entries, and a few entries of others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bulkfhir.validators import DictionaryColumn, NewlineColumn, PatchedColumn

ENTRIES = st.lists(st.tuples(st.text("ab-.1", max_size=4), st.booleans()), max_size=20)


@given(ENTRIES)
def test_columns_lose_entries_at_their_places(entries):
    names, gone = [name for name, _ in entries], [at for at, (_, out) in enumerate(entries) if out]
    left = [name for name, out in entries if not out]
    newline = NewlineColumn("".join(f"{name}\n" for name in names).encode())
    for column in (DictionaryColumn.of(names), newline):
        assert len(column) == len(names)
        assert list(column) == names
        assert list(column.without(gone)) == left


@given(ENTRIES)
def test_a_patched_column_is_as_the_list_of_its_entries(entries):
    names = [name for name, _ in entries]
    others = {at: None if at % 2 else "other" for at, (_, out) in enumerate(entries) if out}
    patched = PatchedColumn(DictionaryColumn.of(names), others)
    made = [others.get(at, name) for at, name in enumerate(names)]
    assert list(patched) == made
    assert patched[1:3] == made[1:3]
    assert [patched[at] for at in range(-len(made), len(made))] == made * 2
    assert (None in patched, "a" in patched) == (None in made, "a" in made)
