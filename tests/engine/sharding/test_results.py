"""Results: totals are folded as results come, in whatever order, and only of what counts."""

from __future__ import annotations

import random

import pytest

from bulkfhir.engine.errors import EngineError
from bulkfhir.engine.figures.totals import Totals
from bulkfhir.engine.reading.sources import InputFile
from bulkfhir.engine.sharding.results import Results
from bulkfhir.engine.sharding.shard import Break, ShardResult
from bulkfhir.engine.sharding.shard_list import ShardList

FILES = [0, 1, 1, 1, 1, 2, 3, 3, 3]


def shards():
    made = ShardList([InputFile(name, name, 9, "", name, None) for name in "abcd"])
    for file in FILES:
        made.append(file, 0, 1, None)
    return made


def result(index, **more):
    totals = Totals(scanned=1 << index, imported=index, rules={"error a": 1 << index})
    return ShardResult(index, 10 + index, totals, (("SUCCESS", index), ("FAILURE", None)), **more)


@pytest.mark.parametrize("seed", range(20))
def test_what_follows_a_customers_error_in_its_file_does_not_count_in_any_order(seed):
    found = [result(index) for index in range(9)]
    found[2] = result(2, broken=Break("cut", 400))
    found[7] = result(7, broken=Break("ours", 500))
    random.Random(seed).shuffle(found)
    results = Results(shards())
    for one in found:
        results.add(one)
    counted = sum(1 << index for index in range(9) if index not in (3, 4))
    assert (results.totals.scanned, results.totals.rules) == (counted, {"error a": counted})


def test_of_a_shard_its_place_its_pieces_and_its_break_stay():
    results = Results(shards())
    results.add(result(5, group=4, broken=Break("cut", 400)))
    kept = results[5]
    assert (kept.lines, kept.part, kept.totals.imported, kept.broken) == (
        15,
        4,
        5,
        Break("cut", 400),
    )
    assert kept.pieces == (("FAILURE", None), ("SUCCESS", 5))
    assert (5 in results, 4 in results, len(results)) == (True, False, 1)
    assert results.missing() == [0, 1, 2, 3, 4, 6, 7, 8]
    with pytest.raises(KeyError):
        results[4]


def test_a_shard_that_is_done_again_may_have_another_group_but_no_other_end():
    results = Results(shards())
    for index in range(9):
        results.add(result(index))
    results.add(result(5, group=3))
    assert (results[5].part, results.totals.scanned) == (3, (1 << 9) - 1)
    with pytest.raises(EngineError, match="another end"):
        results.add(ShardResult(5, 99))
