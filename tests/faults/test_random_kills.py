"""The short form of random_kills.py: some kills of whatever process the seed picks, over a small
input. CONTRIBUTING names the long form.
"""

from __future__ import annotations

import sys

import pytest

from tests.faults import random_kills


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_whatever_process_is_killed_the_output_is_the_same(tmp_path_factory):
    folder = tmp_path_factory.mktemp("k")
    made = random_kills.run(folder, kills=4, megabytes=0.4, workers=2, seed=1)
    assert made.faults == []
    assert [(row.tries, row.survived) for row in made.rows.values()] == [(1, 1)] * 4
    assert "fork server" in random_kills.table(made)
