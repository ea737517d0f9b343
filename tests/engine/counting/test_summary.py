"""Summary: what a person is told of a job's lines, by type, by rule, by file."""

from __future__ import annotations

from bulkfhir.engine.across.cause_sums import CauseSums
from bulkfhir.engine.across.duplicates import Duplicates
from bulkfhir.engine.across.referred import referred_shards
from bulkfhir.engine.counting.summary import BrokenFile, Example, Repeated, Summary, TypeCount
from bulkfhir.engine.figures.totals import Totals
from bulkfhir.engine.reading.sources import InputFile, Skipped
from bulkfhir.engine.sharding.file_outcomes import FilesSum, OutcomesByFile
from bulkfhir.engine.sharding.results import Results
from bulkfhir.engine.sharding.shard import Break, ShardResult
from bulkfhir.engine.sharding.shard_list import ShardList

A, B = (InputFile(name, name, 100, "", name, None) for name in ("a.ndjson", "b.ndjson"))


def summed(*results, files=(0, 0, 1), duplicates=None):
    inputs = [A, B]
    shards = ShardList(inputs)
    for file in files:
        shards.append(file, 0, None, None)
    folded = Results(shards)
    for one in results:
        folded.add(one)
    pairs = duplicates.examples if duplicates else ()
    referred = referred_shards(pairs, CauseSums(), None)
    sums = FilesSum.of(OutcomesByFile(inputs, files, folded), folded.totals, referred)
    return Summary.of(sums, [Skipped("log.ndjson", "a log")], duplicates)


def result(index, lines=10, broken=None, **totals):
    return ShardResult(index, lines, Totals(**totals), (), broken)


def test_examples_are_lines_of_files_counted_from_one():
    summary = summed(
        result(0, lines=10),
        result(1, rules={"error a": 1}, examples={"error a": ((1, 4),)}),
        result(2, rules={"error a": 2}, examples={"error a": ((2, 0),)}),
    )
    (rule,) = summary.rules
    assert (rule.rule, rule.severity, rule.count) == ("a", "error", 3)
    assert rule.examples == (Example("a.ndjson", 15), Example("b.ndjson", 1))


def test_rules_that_fail_lines_come_first_then_the_most_frequent():
    rules = {"warning w": 9, "error b": 1, "fatal c": 2, "error a": 1}
    summary = summed(
        result(0, rules=rules, examples=dict.fromkeys(rules, ((0, 0),))), result(1), result(2)
    )
    assert [rule.rule for rule in summary.rules] == ["c", "a", "b", "w"]


def test_types_are_in_the_order_of_their_names_and_the_unknown_one_is_last():
    summary = summed(
        result(0, imported_types={"Patient": 2}, customer_types={"": 1, "Group": 3}),
        result(1, imported_types={"Group": 1}, server_types={"Patient": 1}),
        result(2),
    )
    assert summary.types == (
        TypeCount("Group", 1, 3, 0),
        TypeCount("Patient", 2, 0, 1),
        TypeCount("", 0, 1, 0),
    )
    assert [row.scanned for row in summary.types] == [4, 3, 1]


def test_every_break_of_a_file_is_told_and_what_follows_a_customers_does_not_count():
    summary = summed(
        result(0, scanned=5, broken=Break("cut off", 400)),
        result(1, scanned=7),
        result(2, scanned=1, broken=Break("we failed", 500)),
    )
    assert summary.broken_files == (
        BrokenFile("a.ndjson", "cut off", 400),
        BrokenFile("b.ndjson", "we failed", 500),
    )
    assert summary.totals.scanned == 6
    assert (summary.files, summary.skipped) == (2, (Skipped("log.ndjson", "a log"),))


def test_duplicates_are_told_where_somebody_looked():
    assert summed(result(0), result(1), result(2)).replaced is None
    found = Duplicates(3, (((0, 1), (2, 4)),))
    summary = summed(result(0), result(1), result(2), duplicates=found)
    assert summary.replaced == 3
    assert summary.repeated == (Repeated(Example("a.ndjson", 2), Example("b.ndjson", 5)),)


def test_opinions_are_by_validator_and_the_older_name_of_fallbacks_still_answers():
    summary = summed(
        result(0, opinions={"hapi agrees": 2, "hapi rejects": 1}, fallbacks={"depth": 1}),
        result(1),
        result(2),
    )
    assert summary.opinions == {"hapi": {"agrees": 2, "rejects": 1}}
    assert summary.asked == summary.fallbacks == {"depth": 1}
