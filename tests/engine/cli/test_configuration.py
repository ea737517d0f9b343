"""Every option is set by flag, by environment and by file, and means the same."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from bulkfhir.engine.cli.configuration_file import find_configuration
from bulkfhir.engine.cli.program import program, run

NOT_SET = {"help", "config", "version"}
MOMENT = "2026-11-01"
VALUES = {
    "executor_options": "address=tcp://host:8786",
    "sink_options": "compression=gz",
    "table_options": "mode=append",
    "state": "jobs.db",
    "s3_root": "root",
    "since": MOMENT,
    "older_than": MOMENT,
    "fail_on": "warning",
    "levels": "minimal",
    "share": "5%",
    "tolerance": "5%",
    "workers": "7",
}
"""Values that an option takes beyond what its type says."""


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def command_at(path: tuple[str, ...]) -> click.Command:
    found: click.Command = program
    for name in path:
        assert isinstance(found, click.Group)
        below = found.get_command(click.Context(found), name)
        assert below is not None
        found = below
    return found


OPTIONS = [
    pytest.param(path, option, id=f"{'-'.join(path)}-{option.name}")
    for path in commands(program)
    for option in command_at(path).params
    if isinstance(option, click.Option) and option.name not in NOT_SET
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "given").write_text("given")
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("BULKFHIR_"):
            monkeypatch.delenv(name)
    return tmp_path


def sample(option: click.Option) -> Any:
    """A value that is not the default, as TOML has it."""
    if option.is_flag:
        return True
    if option.count or isinstance(option.type, click.types.IntParamType):
        return 7
    if isinstance(option.type, click.types.FloatParamType):
        return 7.5
    if isinstance(option.type, click.Choice):
        return next(str(each) for each in option.type.choices if each != option.default)
    value = "given" if isinstance(option.type, click.Path) and option.type.exists else "x"
    value = VALUES.get(option.name or "", value)
    return [value] if option.multiple else value


def parsed(path: tuple[str, ...], option: click.Option, flags: list[str]) -> dict[str, Any]:
    """The parameters of a command, with flags of it and what else it requires."""
    context = program.make_context("bulkfhir", [*path])
    for name, below in zip(path, (*path[1:], None), strict=True):
        assert isinstance(context.command, click.Group)
        command = context.command.get_command(context, name)
        assert command is not None
        arguments = [below] if below else [*flags, *required(command, option)]
        context = command.make_context(name, arguments, parent=context)
    return context.params | {"in the environment": os.environ.get("BULKFHIR_RETRY_SECONDS")}


def required(command: click.Command, tried: click.Option) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            yield "given"
        elif parameter.required and parameter.name != tried.name:
            yield f"{max(parameter.opts, key=len)}=required"
    if isinstance(command, click.Group):
        yield next(iter(command.commands))


def as_flags(option: click.Option, value: Any) -> list[str]:
    flag = max(option.opts, key=len)
    if option.is_flag:
        return [flag]
    if option.count:
        return [flag] * int(value)
    return [f"{flag}={value[0] if option.multiple else value}"]


def own_name(option: click.Option) -> str:
    return max(option.opts, key=len).removeprefix("--")


@pytest.mark.parametrize(("path", "option"), OPTIONS)
def test_an_option_means_the_same_by_flag_environment_and_file(
    path: tuple[str, ...], option: click.Option, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = sample(option)
    by_flag = parsed(path, option, as_flags(option, value))
    if not option.required:
        monkeypatch.delenv("BULKFHIR_RETRY_SECONDS", raising=False)
        assert by_flag != parsed(path, option, [])
    with monkeypatch.context() as patch:
        variable = f"BULKFHIR_{own_name(option).replace('-', '_').upper()}"
        patch.setenv(variable, str(value[0] if option.multiple else value))
        assert parsed(path, option, []) == by_flag
    for document in ({own_name(option): value}, nested(path, {own_name(option): value})):
        monkeypatch.delenv("BULKFHIR_RETRY_SECONDS", raising=False)
        (here / "bulkfhir.toml").write_text(toml(document))
        assert parsed(path, option, []) == by_flag


def test_the_nearest_file_configures(here: Path) -> None:
    below = here / "a" / "b"
    below.mkdir(parents=True)
    assert find_configuration(below) is None
    (here / "pyproject.toml").write_text("[tool.bulkfhir]\nlevel = 'minimal'")
    assert find_configuration(below) == here / "pyproject.toml"
    (here / "bulkfhir.toml").write_text("")
    assert find_configuration(below) == here / "bulkfhir.toml"
    (below / "pyproject.toml").write_text("[project]\nname = 'another'")
    assert find_configuration(below) == here / "bulkfhir.toml"


FILES = {"own": ("bulkfhir.toml", ""), "shared": ("pyproject.toml", "[tool.bulkfhir]\n")}


@pytest.mark.parametrize("name", FILES)
def test_paths_of_a_file_above_are_relative_to_it(
    name: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, head = FILES[name]
    (here / file).write_text(f"{head}output = 'out'\npackage = ['given', 'a#1', 's3://b/c']")
    below = here / "below"
    below.mkdir()
    (below / "given").touch()
    monkeypatch.chdir(below)
    option = next(each for each in command_at(("import",)).params if each.name == "output")
    assert isinstance(option, click.Option)
    found = parsed(("import",), option, [])
    assert found["output"] == str(here / "out")
    assert found["packages"] == (str(here / "given"), "a#1", "s3://b/c")


@pytest.mark.parametrize("place", ["program", "command", "environment"])
def test_a_file_is_named(
    place: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "bulkfhir.toml").write_text("level = 3")  # not looked at
    (here / "other.toml").write_text("no-such = 1")
    if place == "environment":
        monkeypatch.setenv("BULKFHIR_CONFIG", "other.toml")
    given = ["--config", "other.toml"]
    before, after = (given * (place == where) for where in ("program", "command"))
    assert run([*before, "rules", *after]) == 2
    assert capsys.readouterr().err == "bulkfhir: other.toml: no command has an option 'no-such'\n"


def test_a_named_file_that_is_not_there_is_a_mistake(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rules", "--config", "nowhere.toml"]) == 2
    assert capsys.readouterr().err == "bulkfhir: nowhere.toml: No such file or directory\n"


def test_help_is_given_whatever_the_file_says(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "bulkfhir.toml").write_text("no toml")
    assert run(["validate", "--help"]) == 0
    assert "--config" in capsys.readouterr().out


def test_names_of_earlier_versions_go_on_working(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    option = next(each for each in command_at(("validate",)).params if each.name == "packages")
    assert isinstance(option, click.Option)
    (here / "bulkfhir.toml").write_text("[validate]\npackages = ['old#1']")
    assert parsed(("validate",), option, [])["packages"] == ("old#1",)
    monkeypatch.setenv("BULKFHIR_PACKAGES", "a#1 b#2")
    assert parsed(("validate",), option, [])["packages"] == ("a#1", "b#2")
    monkeypatch.setenv("BULKFHIR_PACKAGE", "new#1")
    assert parsed(("validate",), option, [])["packages"] == ("new#1",)


SEVERAL = {
    "blanks": ("a#1 b#2", ("a#1", "b#2")),
    "line-breaks": ("\na#1\n  b#2\n", ("a#1", "b#2")),
    "single-quotes": ("'my guides/a.tgz' b#2", ("my guides/a.tgz", "b#2")),
    "double-quotes": ('b#2 "my guides/a.tgz"', ("b#2", "my guides/a.tgz")),
    "both-quotes": ('"it\'s mine/a.tgz"', ("it's mine/a.tgz",)),
    "quotes-within": ("O'Brien's/a.tgz b'c", ("O'Brien's/a.tgz", "b'c")),
    "quote-that-nothing-closes": ("'a b", ("'a", "b")),
    "nothing": (" ", ()),
}


@pytest.mark.parametrize("written", SEVERAL)
@pytest.mark.parametrize("name", ["packages", "includes"])
def test_one_variable_holds_several_values(
    name: str, written: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, values = SEVERAL[written]
    option = next(
        each
        for each in command_at(("validate",)).params
        if isinstance(each, click.Option) and f"--{name[:-1]}" in each.opts
    )
    monkeypatch.setenv(f"BULKFHIR_{name[:-1].upper()}", given)
    assert tuple(parsed(("validate",), option, [])[option.name or ""]) == values


def test_a_misspelt_variable_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.ndjson").write_text('{"resourceType":"Patient","id":"a"}\n')
    for name in ("BULKFHIR_LEVLE", "BULKFHIR_SINCE", "BULKFHIR_ANYTHING_OF_THE_USERS"):
        monkeypatch.setenv(name, "x")
    assert run(["validate", "a.ndjson"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "bulkfhir: BULKFHIR_LEVLE is no setting; did you mean BULKFHIR_LEVEL?"
    ]


def nested(path: tuple[str, ...], document: dict[str, Any]) -> dict[str, Any]:
    for name in reversed(path):
        document = {name: document}
    return document


def toml(document: dict[str, Any], prefix: str = "") -> str:
    lines, tables = [], []
    for key, value in document.items():
        if isinstance(value, dict):
            tables.append(f"[{prefix}{key}]\n{toml(value, f'{prefix}{key}.')}")
        else:
            lines.append(f"{key} = {json.dumps(value)}")
    return "\n".join([*lines, *tables]) + "\n"
