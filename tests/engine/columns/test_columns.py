"""Columns: in Python and natively the very same."""

from __future__ import annotations

import itertools
import random
import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkfhir.engine.columns import plain, plain_metas, plain_parted

try:
    from bulkfhir import _native as native
except ImportError:
    native = None

pytestmark = pytest.mark.native

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\n")  # what UTF-8 has
TEXT = st.text(CHARACTERS, max_size=70).map(str.encode)
NUMBER = st.integers(0, 2**31)
PRIME, FACTOR = 0xD8F3_A9C1_5E7B_2473, 0x9E6D_3B1F_A84C_57D1
MERSENNE = 2**61 - 1
KEY = struct.Struct("<QI")


def words(numbers, kind="I"):
    return array(kind, numbers).tobytes()


def texts(listed):
    return b"".join(text + b"\n" for text in listed)


def both(name, *arguments):
    """What the one says, once it is known that the other says the same: a result, or that the
    columns do not fit.
    """
    answers = []
    mine = next(one for one in (plain, plain_metas, plain_parted) if name in one.__all__)
    for module in (mine, native):
        try:
            answers.append(getattr(module, name)(*arguments))
        except ValueError:
            answers.append(ValueError)
    assert answers[0] == answers[1]
    return answers[0]


@given(
    st.lists(st.tuples(NUMBER, TEXT, st.integers(0, 3))),
    st.lists(TEXT, max_size=4),
    st.integers(0, 2**40),
)
def test_rows_are_filled_from_columns(rows, tails, base):
    numbers, column, codes = zip(*rows, strict=True) if rows else ((), (), ())
    filled = both("fill", b"<", base, words(numbers), b"|", texts(column), words(codes, "H"), tails)
    if all(code < len(tails) for code in codes):
        assert filled == b"".join(
            b"<%d|%b%b" % (number + base, text, tails[code]) for number, text, code in rows
        )
    else:
        assert filled is ValueError


@given(st.lists(st.tuples(NUMBER, TEXT)), st.integers(0, 2**40), st.booleans())
def test_only_the_first_number_of_a_line_is_moved(rows, base, whole):
    lines = b"".join(b"#%d,%b\n" % row for row in rows)
    lines = lines if whole else lines[:-1]
    assert (
        both("rebase", b"#", base, lines)
        == b"".join(b"#%d,%b\n" % (number + base, text) for number, text in rows)[
            : None if whole else -1
        ]
    )


@pytest.mark.parametrize("lines", [b"1\n", b"#\n", b"#1\n\n", b"#1\n#x\n", b"\n"])
def test_a_line_without_its_number_is_refused(lines):
    assert both("rebase", b"#", 1, lines) is ValueError


@given(
    st.lists(
        st.tuples(
            st.binary(max_size=100).map(lambda text: text.replace(b"\n", b"")), st.integers(0, 2)
        )
    )
)
def test_a_key_is_a_remainder_by_the_prime_and_half_of_one_by_another(rows):
    additions = [0, 5, PRIME - 1]
    column, codes = zip(*rows, strict=True) if rows else ((), ())
    found = both("keys", texts(column), words(codes, "H"), words(additions, "Q"), FACTOR, PRIME)
    assert list(KEY.iter_unpack(found)) == [
        (
            (number * FACTOR + additions[code]) % PRIME,
            number % MERSENNE * FACTOR % 2**64 // 2**32,
        )
        for number, code in ((int.from_bytes(text, "little"), code) for text, code in rows)
    ]


def test_texts_that_meet_in_the_number_differ_in_the_check():
    """Two ids of the same type whose difference, as numbers, is a multiple of the prime."""
    number = int.from_bytes(b"3f2a77c0-1111-4222-8333-9944aabbccdd", "little")
    meeting = [number + PRIME * times for times in range(50)]
    column = [one.to_bytes(40, "little").rstrip(b"\0") for one in meeting]
    column = [text for text in column if b"\n" not in text]
    assert len(column) > 30
    found = both(
        "keys", texts(column), words([0] * len(column), "H"), words([0], "Q"), FACTOR, PRIME
    )
    numbers, checks = zip(*KEY.iter_unpack(found), strict=True)
    assert (len(set(numbers)), len(set(checks))) == (1, len(column))
    places = words(range(len(column)))
    assert both("repeated", found, places, [(0, len(column))], 3) == (len(column), [])


KEY_BYTES = st.binary(min_size=12, max_size=12)
BLOCK = st.tuples(st.lists(st.tuples(KEY_BYTES, NUMBER)), st.integers(0, 1000))


@given(st.lists(BLOCK, max_size=4), st.sampled_from([8, 12]))
def test_buckets_hold_every_key_in_its_order(blocks, width):
    encoded = [
        (b"".join(key for key, _ in rows), words(number for _, number in rows), first)
        for rows, first in blocks
    ]
    segment = both("bucketed", encoded, width)
    counts, total = array("I", segment[:1024]), sum(len(rows) for rows, _ in blocks)
    keys, numbers = segment[1024 : 1024 + width * total], segment[1024 + width * total :]
    flat = [(key, number + first) for rows, first in blocks for key, number in rows]
    assert list(zip(cut(keys, width), array("I", numbers), strict=True)) == [
        (key[:width], number) for key, number in sorted(flat, key=lambda row: row[0][0])
    ]
    assert [sum(key[0] == bucket for key, _ in flat) for bucket in range(256)] == list(counts)


def cut(column, width):
    return [column[at : at + width] for at in range(0, len(column), width)]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9),
            st.lists(
                st.tuples(st.tuples(st.integers(0, 5), st.integers(0, 2)), st.integers(0, 99)),
                max_size=9,
            ),
        ),
        max_size=5,
    ),
    st.integers(0, 4),
    st.sampled_from([8, 12]),
)
def test_keys_that_come_more_than_once_are_found_with_their_places(runs, most, width):
    """Keys of a few numbers and checks, of which the narrow ones have the number alone."""
    flat = [(KEY.pack(*key)[:width], (number, line)) for number, rows in runs for key, line in rows]
    places = {key: sorted(place for other, place in flat if other == key) for key, _ in flat}
    expected = sorted((found[0], found[-1]) for found in places.values() if len(found) > 1)[:most]
    columns = b"".join(key for key, _ in flat), words(line for _, (_, line) in flat)
    assert both("repeated", *columns, [(number, len(rows)) for number, rows in runs], most) == (
        len(places),
        expected,
    )


@pytest.mark.parametrize("width", [8, 12])
@pytest.mark.parametrize(("count", "doubled"), [(1, 0), (40, 0), (3000, 0), (3000, 7), (300, 2000)])
def test_few_of_many_keys_that_come_more_than_once_are_found(count, doubled, width):
    """Keys of all numbers, few of which share what is looked at first."""
    drawn = random.Random(count + doubled)
    keys = list({drawn.randbytes(width) for _ in range(count)})
    expected, more = len(keys), drawn.choices(keys, k=doubled)
    keys += more
    drawn.shuffle(keys)
    runs = [(7, len(keys) // 3), (2, len(keys) - len(keys) // 3)]
    distinct, found = both("repeated", b"".join(keys), words(range(len(keys))), runs, len(keys))
    assert (distinct, len(found)) == (expected, len(set(more)))


@given(
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 3))),
    st.integers(0, 4),
)
def test_lines_are_gathered_by_kind(data, rows, kinds):
    starts, ends, codes = zip(*rows, strict=True) if rows else ((), (), ())
    gathered = both("gather", data, words(starts), words(ends), words(codes, "H"), kinds)
    if all(start <= end <= len(data) and code < kinds for start, end, code in rows):
        assert gathered == [
            b"".join(data[start:end] + b"\n" for start, end, code in rows if code == kind)
            for kind in range(kinds)
        ]
    else:
        assert gathered is ValueError


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 3))),
    st.integers(0, 4),
)
def test_lines_are_measured_by_kind(rows, kinds):
    starts, ends, codes = zip(*rows, strict=True) if rows else ((), (), ())
    measured = both("measure", words(starts), words(ends), words(codes, "H"), kinds)
    if all(start <= end and code < kinds for start, end, code in rows):
        sizes = [
            [end - start for start, end, code in rows if code == kind] for kind in range(kinds)
        ]
        assert measured == [(kind, len(of), sum(of)) for kind, of in enumerate(sizes) if of]
    else:
        assert measured is ValueError


@given(st.lists(st.tuples(TEXT, st.integers(0, 3))), st.integers(1, 4), st.integers(0, 2**40))
def test_texts_and_numbers_are_parted_by_kind(rows, kinds, added):
    column = texts(text for text, _ in rows)
    codes = words([code for _, code in rows], "H")
    starts, ends = both("text_spans", column)
    parted = both("texts_by_kind", column, starts, ends, codes, kinds)
    numbers = both("numbers_by_kind", starts, codes, kinds, added)
    if any(code >= kinds for _, code in rows):
        assert parted is numbers is ValueError
        return
    for kind, (joined, bounds) in enumerate(parted):
        bounds = memoryview(bounds).cast("I")
        assert [joined[start:end] for start, end in itertools.pairwise(bounds)] == [
            text for text, code in rows if code == kind
        ]
        begins = memoryview(numbers[kind]).cast("q")
        assert [start - added for start in begins] == [
            start
            for start, (_, code) in zip(memoryview(starts).cast("I"), rows, strict=True)
            if code == kind
        ]


@given(st.binary())
def test_lines_are_counted(data):
    assert both("count_lines", data) == data.count(b"\n")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("fill", (b"", 0, words([1, 2]), b"", b"a\n", words([0, 0], "H"), [b""])),
        ("fill", (b"", 0, words([1]), b"", b"a\nb\n", words([0], "H"), [b""])),
        ("fill", (b"", 0, words([1]), b"", b"a\n", words([0, 0], "H"), [b""])),
        ("fill", (b"", 0, b"123", b"", b"a\n", words([0], "H"), [b""])),
        ("keys", (b"a\n", words([0, 0], "H"), words([0], "Q"), 1, PRIME)),
        ("keys", (b"a\nb\n", words([0], "H"), words([0], "Q"), 1, PRIME)),
        ("keys", (b"a\n", b"1", words([0], "Q"), 1, PRIME)),
        ("bucketed", ([(bytes(12), b"", 0)], 12)),
        ("bucketed", ([(bytes(8), words([1]), 0)], 8)),
        ("bucketed", ([(bytes(12), words([1]), 0)], 13)),
        ("repeated", (bytes(12), b"", [(0, 1)], 1)),
        ("repeated", (bytes(12), b"", [], 1)),
        ("repeated", (bytes(24), words([1, 2]), [(0, 1)], 1)),
        ("repeated", (bytes(12), words([1]), [(0, 2)], 1)),
        ("repeated", (bytes(10), words([1]), [(0, 1)], 1)),
        ("repeated", (bytes(20), words([1, 2]), [(0, 2)], 1)),
        ("measure", (words([0]), words([1, 2]), words([0], "H"), 1)),
        ("measure", (words([0]), words([1]), b"", 1)),
        ("gather", (b"abc", words([0]), words([1, 2]), words([0], "H"), 1)),
        ("gather", (b"abc", words([0]), words([1]), b"", 1)),
        ("texts_by_kind", (b"abc", words([0]), words([4]), words([0], "H"), 1)),
        ("texts_by_kind", (b"abc", words([2]), words([1]), words([0], "H"), 1)),
        ("texts_by_kind", (b"abc", words([0]), words([1]), b"", 1)),
        ("numbers_by_kind", (words([0]), b"", 1, 0)),
        ("metas", (b"abc", words([0]), words([4]))),
        ("metas", (b"abc", words([0]), b"")),
    ],
)
def test_columns_that_do_not_fit_together_are_refused(name, arguments):
    assert both(name, *arguments) is ValueError
