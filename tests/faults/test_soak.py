"""The short form of soak.py: some seconds of it. CONTRIBUTING names the long form."""

from __future__ import annotations

import sys

import pytest

from tests.faults import soak

pytestmark = pytest.mark.long


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_jobs_end_as_they_have_to_beside_rude_connections_and_kills(tmp_path_factory):
    folder = tmp_path_factory.mktemp("s")  # short: sockets' paths are made from it
    made = soak.run(folder, seconds=4, clients=2, seed=1, lines=3000)
    assert made.faults == []
    assert sum(count for (what, _), count in made.ends.items() if what in soak.ACTIONS) >= 2
    assert "open files" in soak.table(made)
