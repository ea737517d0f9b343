"""Patterns: read as java.util.regex reads them, by two engines that say the same, within bounds.

The answers of the table are those of Java 17.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkfhir.validators.patterns import LINEAR, PatternError
from bulkfhir.validators.patterns.pattern import Pattern

SHARED = Path(__file__).resolve().parents[4] / "shared"
"""Beside the checkout; where it is not there, fewer patterns are tried."""

FOUND = {
    "digits are ASCII": (r"\d", "٣", False),
    "word characters are ASCII": (r"\w", "é", False),
    "spaces are ASCII": (r"\s", "\u00a0", False),
    "horizontal spaces are not": (r"\h", "\u00a0", True),
    "a dot takes no line end": ("a.b", "a\nb", False),
    "a dot takes no line end of Unicode": ("a.b", "a\u2028b", False),
    "a dot takes a line end with (?s)": ("(?s)a.b", "a\nb", True),
    "the end is before a last line end": ("a$", "a\n", True),
    "the end is before a last CR LF": ("a$", "a\r\n", True),
    "the end is not between CR and LF": ("\r$", "a\r\n", False),
    "the end is before one line end only": ("a$", "a\n\n", False),
    "the end is before a line end of Unicode": ("a$", "a\u0085", True),
    "the very end is behind it": (r"a\z", "a\n", False),
    "an end in the middle": ("a$\nb", "a\nb", False),
    "an end with its line end behind": ("a$\n", "a\n", True),
    "a start in the middle": ("b^a", "ba", False),
    "lines": ("(?m)^b$", "a\nb\nc", True),
    "an intersection": ("^[a-z&&[^aeiou]]+$", "xyz", True),
    "an intersection leaves out": ("^[a-z&&[^aeiou]]+$", "xyaz", False),
    "a union in a class": ("^[a-c[x-z]]+$", "axz", True),
    "a negation of an intersection": ("[^a-z&&a]", "b", True),
    "a bracket first in a class is itself": ("[]a]", "]", True),
    "a hyphen at a class's end is itself": ("[a-]", "-", True),
    "a surrogate pair is one character": (r"^\uD83D\uDE00$", "😀", True),
    "a dot takes a character beyond 65,535": ("^.$", "😀", True),
    "a count over a thousand": ("^a{1500}$", "a" * 1500, True),
    "a count over a thousand is exact": ("^a{1500}$", "a" * 1499, False),
    "a quote": (r"\Qa.b\E", "axb", False),
    "a quantifier is of a quote's last character": (r"^\Qab\E{2}$", "abb", True),
    "a quantifier after a quantifier repeats nothing": ("^a{2}{3}$", "aa", True),
    "a possessive quantifier gives nothing back": ("a++a", "aaa", False),
    "an atomic group gives nothing back": ("(?>a|ab)c", "abc", False),
    "a look ahead": ("a(?=b)", "ab", True),
    "a look ahead that is not there": ("a(?!b)", "ab", False),
    "a look behind": ("(?<=a)b", "ab", True),
    "a group once more": (r"^(a|b)\1$", "bb", True),
    "a named group once more": (r"^(?<one>a|b)\k<one>$", "ba", False),
    "case without Unicode": ("(?i)é", "É", False),
    "case with Unicode": ("(?iu)é", "É", True),
    "letters": (r"^\p{L}+$", "aéß", True),
    "letters by their POSIX name are ASCII": (r"^\p{Alpha}+$", "é", False),
    "a line break": (r"^a\Rb$", "a\r\nb", True),
    "comments": ("(?x) a b # c\n c", "abc", True),
    "an alternative binds least": ("^a|b$", "ax", True),
    "nothing matches everywhere": ("", "", True),
}  # fmt: skip
REFUSED = ("(", ")", "[a", "*", "a{", "a{2,1}", r"\y", "[b-a]", "a**", "(?<n>a)(?<n>b)", r"\k<n>")
UNKNOWN = (r"\p{IsGreek}", r"\G", "(?U)a", "(?<=a*)b", "(" * 200 + ")" * 200, "a" * 9_000)


@pytest.mark.parametrize("name", FOUND)
def test_both_engines_find_what_java_finds(name):
    text, value, expected = FOUND[name]
    made = Pattern(text)
    assert made.found(value) is expected
    assert made.counted(value, whole=False) is expected


@pytest.mark.parametrize("text", REFUSED)
def test_what_java_refuses_is_refused(text):
    with pytest.raises(PatternError):
        Pattern(text)


@pytest.mark.parametrize("text", UNKNOWN)
def test_of_what_is_not_read_nothing_is_known(text):
    made = Pattern(text)
    assert (made.found("a"), made.full("a"), made.replaced("a", "b")) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "value", "by", "expected"),
    [
        ("(S)m", "Smith", "<$1>", "<S>ith"),
        ("x*", "xa", "-", "--a-"),
        ("(?<n>a)", "ba", "${n}$0", "baa"),
        ("a", "a.a", r"\$", "$.$"),
        ("(a)|b", "b", "[$1]", "[]"),
        (".", "a\n", "x", "x\n"),
        ("a", "b", "$9", "b"),
    ],
    ids=["group", "nothing", "named", "escaped", "a group without part", "line end", "no match"],
)  # fmt: skip
def test_matches_are_replaced_as_java_replaces_them(text, value, by, expected):
    assert Pattern(text).replaced(value, by) == expected


def test_a_group_that_is_not_there_cannot_replace():
    with pytest.raises(PatternError):
        Pattern("a").replaced("a", "$1")


@pytest.mark.skipif(not LINEAR, reason="re2 is not installed")
@pytest.mark.parametrize("text", ["^(a+)+$", "(a|aa)*b", "(.*a){12}x", "^(([a-z])+.)+[A-Z]$"])
def test_what_explodes_elsewhere_is_decided(text):
    assert Pattern(text).found("a" * 5_000 + "!") is False


@pytest.mark.parametrize("text", ["(?=a)(a+)+$", r"(a*)*\1b", "(?!x)(a|aa)*+b", "(a|a?)+(?<!b)$"])
def test_what_explodes_in_the_counting_engine_is_undecided_and_stays_so(text):
    for _ in range(2):
        assert Pattern(text).found("a" * 60 + "!") is None


def test_a_replacement_cannot_outgrow_memory():
    assert Pattern("").replaced("a" * 2_000, "b" * 2_000) is None


def test_half_a_character_is_matched_by_the_counting_engine():
    assert Pattern("^.x$").found("\ud800x") is True


# Both engines, over made patterns and those of packages

_PIECES = st.sampled_from(
    [*"abc01._-", ".", r"\d", r"\w", r"\s", r"\D", r"\S", "[a-c]", "[^a]", "[a-z&&[^b]]", r"[\d.]",
     "\n", "é", r"\u00e9", r"\p{L}", "^", "$", r"\b", r"\z", r"\Z", r"\R", r"\Qa.\E", "(?s)"]
)  # fmt: skip
_COUNTS = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?"])


def _joined(inner):
    pieces = st.lists(st.tuples(inner, _COUNTS).map("".join), min_size=1, max_size=4).map("".join)
    grouped = st.tuples(st.sampled_from(["(", "(?:"]), pieces).map(
        lambda two: two[0] + two[1] + ")"
    )
    either = st.tuples(pieces, pieces).map("|".join).map("({})".format)
    return st.one_of(pieces, grouped, either)


MADE = st.recursive(_PIECES, _joined, max_leaves=8)
TEXTS = st.text(st.sampled_from("abcABC01 ._-\n\r\t\u0085\u2028\u00a0é٣😀"), max_size=12)


@cache
def of_packages():
    """Every regular expression in the packages at hand: in invariants, on elements, in filters."""
    found = set()
    for package in sorted(SHARED.glob("packages/*.tgz")):
        with tarfile.open(package) as archive:
            for member in archive:
                data = archive.extractfile(member).read() if member.isfile() else b""
                if member.name.endswith(".json") and (b"atches(" in data or b"regex" in data):
                    _collect(json.loads(data), found)
    return sorted(found)


def _collect(value, found):
    if isinstance(value, list):
        for one in value:
            _collect(one, found)
    elif isinstance(value, dict):
        expression = value.get("expression")
        if isinstance(expression, str):
            texts = re.findall(r"atches(?:Full)?\(\s*'((?:[^'\\]|\\.)*)'", expression)
            found.update(text.replace("\\\\", "\\") for text in texts)
        if value.get("url") == "http://hl7.org/fhir/StructureDefinition/regex":
            found.add(value.get("valueString"))
        if value.get("op") == "regex":
            found.add(value.get("value"))
        for one in value.values():
            _collect(one, found)


def agree(text, value):
    made = Pattern(text)
    for whole in (False, True):
        one = made.full(value) if whole else made.found(value)
        other = made.counted(value, whole=whole)
        assert one == other or None in (one, other), (text, value, whole)


@settings(max_examples=300, deadline=None)
@given(MADE, TEXTS)
def test_the_engines_agree_on_made_patterns(text, value):
    try:
        agree(text, value)
    except PatternError:
        return


@settings(max_examples=300, deadline=None)
@given(st.data(), TEXTS)
def test_the_engines_agree_on_the_patterns_of_packages(data, value):
    if not of_packages():
        pytest.skip("no packages at hand")
    agree(data.draw(st.sampled_from(of_packages())), value)


def test_the_patterns_of_packages_are_all_read():
    for text in of_packages():
        assert Pattern(text).found("x") is not None, text


WITHOUT = """
import sys
sys.modules["re2"] = None
from bulkfhir.validators.patterns import LINEAR, pattern
print(LINEAR, pattern("^[a-z]+$").found("abc"), pattern("^(a+)+$").found("a" * 60 + "!"))
"""


def test_without_re2_the_counting_engine_does_all():
    command = [sys.executable, "-c", WITHOUT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False True None\n"
