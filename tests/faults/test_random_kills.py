"""The short form of random_kills.py: some kills of whatever process the seed picks, over a small
input. CONTRIBUTING names the long form.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.engine.test_survival import wait_for
from tests.faults import random_kills
from tests.faults.random_kills import Kills, make_input
from tests.holding import holding

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]


@pytest.mark.parametrize("sink", ["ndjson", "parquet"])
def test_whatever_process_is_killed_the_output_is_the_same(sink, tmp_path_factory):
    folder = tmp_path_factory.mktemp("k")
    checks = sink == "parquet"
    made = random_kills.run(
        folder, kills=4, megabytes=0.4, workers=2, seed=1, sink=sink, checks=checks
    )
    assert made.faults == []
    assert [(row.tries, row.survived) for row in made.rows.values()] == [(1, 1)] * 4
    assert "fork server" in random_kills.table(made)


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Imports of one input with Parquet and checks, and what an undisturbed one leaves."""
    folder = tmp_path_factory.mktemp("c")
    (folder / "t").mkdir()
    made = Kills(folder, 2, random.Random(2), "parquet", checks=True)
    make_input(folder / "in", 0.2, made.chosen)
    return made, made.undisturbed()


@pytest.fixture
def begun_until(tmp_path, monkeypatch) -> Callable[[Kills, str], subprocess.Popen[str]]:
    """Begins an import, and returns it when it stands still where it opens a file. Those that go on
    with it stand still nowhere.
    """

    def begin(made: Kills, file: str) -> subprocess.Popen[str]:
        with monkeypatch.context() as patch:
            for name, value in holding(file, tmp_path).items():
                patch.setenv(name, value)
            process = made.begin()
        wait_for((tmp_path / "held").exists)
        return process

    return begin


@pytest.mark.parametrize("target", ["worker", "driver", "group"])
def test_a_kill_while_the_checks_are_made_changes_no_finding(
    target, checked, begun_until, tmp_path
):
    made, expected = checked
    process = begun_until(made, "/.checks.parquet.")
    assert any((made.folder / "t").rglob("relations.duckdb"))
    assert made.kill(process, target)
    (tmp_path / "go").touch()
    code, said = made.ended(process)
    assert "Traceback" not in said
    assert code in ((1,) if target == "worker" else (-signal.SIGKILL,)), said
    if target != "worker":
        code, said = made.ended(made.begin("--resume"))
        assert code == 1, said
    assert made.compared(expected) == ""
    assert "checks.parquet" in expected


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Imports of one file whose log several workers write, and what an undisturbed one leaves."""
    folder = tmp_path_factory.mktemp("l")
    (folder / "t").mkdir()
    (folder / "in").mkdir()
    lines = (
        b'{"resourceType":"Patient","id":"patient-%d"}\n' % number for number in range(300_000)
    )
    (folder / "in/Patient.ndjson").write_bytes(b"".join(lines))
    made = Kills(folder, 2, random.Random(3))
    return made, made.undisturbed()


@pytest.mark.parametrize("target", ["worker", "driver", "group"])
def test_a_kill_while_a_large_log_is_written_leaves_no_half_log(
    target, large, begun_until, tmp_path
):
    made, expected = large
    log = made.output / "SUCCESS/Patient.ndjson"
    process = begun_until(made, "/.work/000000.SUCCESS")
    assert any(made.output.glob("SUCCESS/.*.partial"))
    assert made.kill(process, target)
    (tmp_path / "go").touch()
    code, said = made.ended(process)
    assert "Traceback" not in said
    assert code in ((0,) if target == "worker" else (-signal.SIGKILL,)), said
    if target != "worker":
        assert not log.exists() or log.stat().st_size > 30_000_000
        code, said = made.ended(made.begin("--resume"))
        assert code == 0, said
    assert made.compared(expected) == ""
    assert expected.keys() >= {"SUCCESS/Patient.ndjson", "Manifest.json"}
