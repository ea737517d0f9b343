"""The join by keys: in Python and natively the very same, and what a look at every pair says."""

from __future__ import annotations

from array import array
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkfhir.engine.across import key_buckets
from bulkfhir.engine.across.key_buckets import KeyBuckets
from bulkfhir.engine.across.reference_join import join
from bulkfhir.engine.columns import plain_join
from bulkfhir.engine.columns.plain_join import AGAIN, ALONE, LOOSE, WRONG

try:
    from bulkfhir import _native as native
except ImportError:
    native = None

KEY = st.integers(0, 600).map(lambda number: number.to_bytes(16, "little"))
ROWS = st.lists(st.tuples(KEY, st.integers(0, 3)), max_size=40)


def columns(rows):
    return b"".join(key for key, _ in rows), array("I", [code for _, code in rows]).tobytes()


def both(call):
    """What the one module says, once it is known that the other says the same."""
    answers = []
    for module in (plain_join, native):
        try:
            answers.append(call(module))
        except ValueError:
            answers.append(ValueError)
    assert answers[0] == answers[1]
    return answers[0]


@pytest.mark.native
@given(st.lists(ROWS, max_size=3))
def test_rows_are_put_by_bucket_and_their_marks_back_in_order(blocks):
    made = both(lambda module: module.by_bucket([columns(rows) for rows in blocks]))
    rows = [row for block in blocks for row in block]
    keys = made[1024 : 1024 + 16 * len(rows)]
    assert [keys[at : at + 16] for at in range(0, len(keys), 16)] == sorted(
        [key for key, _ in rows], key=lambda key: key[0]
    )
    stood = made[1024 + 20 * len(rows) :]
    marks = bytes(range(len(rows)))[: len(rows)]
    ordered = both(lambda module: module.in_order(stood, marks))
    assert bytes(ordered[place] for place in array("I", stood)) == marks


@pytest.mark.native
@given(ROWS, ROWS, st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3))), st.sets(st.just(2)))
def test_known_keys_are_told_natively_as_in_python(known, references, wrong, ignored):
    def answers(module):
        made = module.KnownKeys([(path << 32) + name for path, name in wrong], list(ignored))
        made.add(*columns(known))
        return made.refer(*columns(references)), made.marks(columns(known)[0])

    both(answers)


@pytest.mark.native
@pytest.mark.parametrize(
    "call",
    [
        lambda module: module.by_bucket([(b"1" * 15, b"1234")]),
        lambda module: module.by_bucket([(b"1" * 16, b"")]),
        lambda module: module.in_order(b"\1\0\0\0", b"a"),
        lambda module: module.in_order(b"", b"a"),
        lambda module: module.KnownKeys([], []).add(b"1" * 32, b"1234"),
        lambda module: module.KnownKeys([], []).refer(b"1" * 16, b"123"),
        lambda module: module.KnownKeys([], []).marks(b"1" * 17),
    ],
    ids=["part-of-a-key", "no-code", "beyond", "lengths", "codes", "part-of-a-code", "keys"],
)
def test_columns_that_do_not_fit_together_are_refused(call):
    assert both(call) is ValueError


@given(
    resources=st.lists(ROWS, max_size=3),
    targets=ROWS,
    references=st.lists(ROWS, max_size=3),
    wrong=st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=3),
)
def test_a_join_over_pieces_and_buckets_is_one_over_all_pairs(
    resources, targets, references, wrong, tmp_path_factory
):
    stores = [KeyBuckets(tmp_path_factory.mktemp("k")) for _ in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_buckets, "_PIECE", 7)
        for store, blocks in zip(stores, (resources, [targets], references), strict=True):
            for rows in blocks:
                store.add(*columns(rows))
        join(*stores, [(path << 32) + name for path, name in wrong], [3])
    own = [row for rows in resources for row in rows]
    there = [*own, *targets]
    codes = dict(reversed(there))
    times = Counter(key for key, _ in there)
    said = [(key, path) for rows in references for key, path in rows]
    referred = {key for key, path in said if path != 3}
    assert list(b"".join(stores[0].marks())) == [
        ALONE * (key not in referred) + AGAIN * (times[key] > 1) for key, _ in own
    ]
    assert list(b"".join(stores[2].marks())) == [
        0 if path == 3 else LOOSE if key not in codes else WRONG * ((path, codes[key]) in wrong)
        for key, path in said
    ]
    for store in stores:
        store.close()
