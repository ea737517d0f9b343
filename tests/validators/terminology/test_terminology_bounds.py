"""Value sets that import one another take no longer than there are of them."""

from __future__ import annotations

import pytest

from bulkfhir.validators.terminology import Membership, Terminology

SYSTEM = "http://example.org/colours"


class Chain:
    """Value sets of which each imports the next one, so many times; the last one lists a code."""

    def __init__(self, length, times, *, circle=False):
        self._length, self._times, self._circle = length, times, circle
        self.fetched = 0

    def fetch(self, kind, url):
        if kind == "CodeSystem":
            concepts = [{"code": "red"}, {"code": "blue"}]
            content = {"url": SYSTEM, "content": "complete", "concept": concepts}
            return content if url == SYSTEM else None
        self.fetched += 1
        number = int(url.rpartition("/")[2])
        if number == self._length and not self._circle:
            include = [{"system": SYSTEM, "concept": [{"code": "red"}]}]
        else:
            following = f"http://example.org/vs/{(number + 1) % (self._length + 1)}"
            include = [{"valueSet": [following]} for _ in range(self._times)]
        return {"url": url, "compose": {"include": include}}


def first(chain):
    return Terminology(chain).value_set("http://example.org/vs/0")


@pytest.mark.parametrize("code", ["red", "blue"])
def test_sets_that_import_twice_are_searched_once(code):
    """Forty of them would be searched a million million times."""
    answer = first(Chain(40, 2)).member(SYSTEM, code)
    assert answer is (Membership.IN if code == "red" else Membership.OUT)


def test_codes_of_sets_that_import_twice_are_listed_once():
    assert first(Chain(40, 3)).listing() == {"red"}


def test_a_long_chain_is_not_followed_and_not_decided():
    found = first(Chain(5_000, 1))
    assert found.member(SYSTEM, "red") is Membership.UNEXPANDABLE
    assert found.listing() is None


def test_a_circle_is_not_decided():
    found = first(Chain(5, 2, circle=True))
    assert found.member(SYSTEM, "red") is Membership.UNEXPANDABLE
    assert found.listing() is None
