"""Every sink of this project keeps the protocol: a group is seen whole or not at all, and a group
that is done again, or does not count, leaves nothing of what it was before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bulkfhir.engine import plugins, sinks
from bulkfhir.engine.job_terms.job_choices import Choices
from bulkfhir.engine.sinks import Accepted, Sink
from bulkfhir.engine.storage import LocalStorage

ROOT = Path(__file__).resolve().parents[3]
NAMES = [name for group, name in plugins._OWN if group == plugins.SINKS]


@pytest.fixture(params=NAMES)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Sink:
    return plugins.load(plugins.SINKS, request.param)(str(tmp_path), LocalStorage())


@pytest.fixture
def parts(tmp_path: Path) -> Callable[[], dict[str, bytes]]:
    """What stands in the job's folder: name of a file -> its bytes."""
    return lambda: {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def write(sink: Sink, number: int) -> None:
    line = b'{"resourceType":"Patient","id":"a"}'
    writer = sink.open(number)
    writer.write(Accepted(line, [0], [len(line)], ["Patient"], ["a"], source="/in/x.ndjson"))
    writer.commit()


def test_a_group_is_seen_when_it_is_committed(sink, parts):
    writer = sink.open(3)
    writer.write(Accepted(b"{}", [0], [2], ["Patient"], ["a"]))
    assert not [name for name in parts() if not name.startswith(".")]
    writer.abort()
    assert parts() == {}
    write(sink, 3)
    assert len(parts()) == 1


def test_a_group_that_is_done_again_replaces_its_own(sink, parts):
    write(sink, 3)
    once = parts()
    write(sink, 3)
    assert parts() == once


def test_a_group_that_does_not_count_leaves_those_that_do(sink, parts):
    write(sink, 3)
    once = parts()
    write(sink, 4)
    sink.discard(4)
    assert parts() == once


def test_every_sink_has_an_entry_point():
    doors = {target for (group, _), target in plugins._OWN.items() if group == plugins.SINKS}
    made = {f"{sinks.__name__}:{name}" for name in sinks.__all__ if name.endswith("Sink")}
    assert doors == made - {f"{sinks.__name__}:Sink"}, "add it to pyproject.toml and to _OWN"


@pytest.mark.parametrize("name", NAMES)
def test_a_sink_of_our_own_is_known_as_one(name):
    assert not Choices(sink=name).plug_ins, "it would run as code of others does"
    assert f"`--sink {name}`" in (ROOT / "README.md").read_text(), "tell what its parts hold"
