"""Output files: what stays in them, and what is told before the work that fills them."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from bulkfhir.engine.cli.output_file import check_output, opened_output


@pytest.fixture(autouse=True)
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("before").write_text("before")


@pytest.mark.parametrize(("written", "stays"), [("", "before"), ("found", "found")])
def test_what_was_found_until_an_interrupt_stays_unless_it_is_nothing(written, stays):
    def interrupted():
        with opened_output(Path("before")) as out:
            out.write(written)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert Path("before").read_text() == stays
    assert list(Path().iterdir()) == [Path("before")]


@pytest.mark.parametrize("name", ["before", "new", "link"])
def test_a_file_that_can_be_written_is_left_as_it_is(name):
    Path("link").symlink_to("gone")
    names = sorted(Path().iterdir())
    check_output(Path(name), "--plot")
    assert sorted(Path().iterdir()) == names
    assert Path("before").read_text() == "before"


def test_what_is_no_file_is_not_opened():
    os.mkfifo("pipe")
    check_output(Path("pipe"), "--plot")
    check_output(Path("/dev/null"), "--plot")
    check_output(None, "--plot")


@pytest.mark.parametrize("name", ["nowhere/x", "before/x"])
def test_a_file_that_cannot_be_written_is_named_with_its_option(name):
    with pytest.raises(click.UsageError, match=f"--plot {name}: (No such file|Not a directory)"):
        check_output(Path(name), "--plot")
