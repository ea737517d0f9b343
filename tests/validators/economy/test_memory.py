"""The one memory of what was found out from data: its bound, and what goes when it is reached."""

from __future__ import annotations

from bulkfhir.validators.economy.memory import Memory


def test_a_memory_at_its_bound_starts_anew():
    memory = Memory(10)
    one, other = memory.table("one"), memory.table("other")
    for number in range(100):
        memory.keep(one if number % 2 else other, number, None)
        assert len(one) + len(other) <= 10
    assert memory.table("one") is one
    assert 99 in one


def test_what_came_early_stays_and_what_comes_later_is_not_kept() -> None:
    memory = Memory(10)
    table = memory.table()
    assert [memory.keep_early(table, number, -number) for number in range(100)] == [
        -number for number in range(100)
    ]
    assert table == {number: -number for number in range(10)}


def test_a_key_that_is_kept_again_counts_once() -> None:
    memory = Memory(3)
    table = memory.table()
    for key in ("a", "b", "b", "b", "c"):
        assert memory.keep(table, key, key) == key
    assert table == {"a": "a", "b": "b", "c": "c"}
    memory.keep(table, "d", "d")
    assert table == {"d": "d"}
