"""Configuration: every option by environment and by file, under the name that it has on the command
line.

options of the program -> names of variables, keys of the file -> defaults of a command

workers = 4
[validate]
output-format = "jsonl"
[jobs.list]
limit = 10
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from bulkfhir.validators.near_name import near_name

from .configuration_file import OWN, SHARED, ConfigurationFile, find_configuration
from .option_types import Location, PlainText

__all__ = ["configurable", "with_config"]

_PREFIX: Final = "BULKFHIR_"
_GIVEN: Final = "bulkfhir.configuration"
"""Where the context of the program keeps the file that ``bulkfhir --config`` names."""
_KINDS: Final[dict[type, str]] = {bool: "true or false", list: "list", dict: "table"}


def configurable(command: click.Command) -> click.Command:
    """Give a command, and all below it, ``--config``, and its options their variables.

    An option ``--package`` is ``BULKFHIR_PACKAGE``, whatever Python calls it; several values stand
    in one variable as PlainText says.
    """
    if any(option.name == "config" for option in _options(command)):
        return command  # it has been here
    with_config(command)
    for option in _options(command):
        given = option.envvar or ()
        own = (_PREFIX + key.replace("-", "_").upper() for key in _keys(option))
        option.envvar = [*([given] if isinstance(given, str) else given), *own]
        if option.type is click.STRING:
            option.type = PlainText()
    if isinstance(command, click.Group):
        for below in command.commands.values():
            configurable(below)
    return command


def with_config(command: click.Command) -> None:
    """Give a command the option ``--config``, which is looked at before all others."""
    command.params.append(
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path, dir_okay=False),
            envvar=f"{_PREFIX}CONFIG",
            is_eager=True,
            expose_value=False,
            callback=_configure,
            help=f"File of defaults.  [default: {OWN}, or [tool.bulkfhir] of {SHARED}, here or "
            "in a folder above]",
        )
    )


def _configure(ctx: click.Context, _option: click.Parameter, given: Path | None) -> None:
    """Take the defaults of a command from the file that is given, or else found."""
    root = ctx.find_root()
    if ctx is root:
        ctx.meta[_GIVEN] = given
        return
    _warn_of_unknown_variables(ctx)
    if given is None and ctx.parent is not root:
        return  # the group above has handed its defaults down
    path = given or root.meta.get(_GIVEN) or find_configuration(Path.cwd())
    if path is None or not isinstance(root.command, click.Group):
        return
    defaults: Any = _Reading(ConfigurationFile(path), root).defaults(root.command)
    for name in _way(ctx):
        defaults = defaults.get(name, {})
    ctx.default_map = defaults


def _warn_of_unknown_variables(ctx: click.Context) -> None:
    """Name each variable that no command has, and that is hardly written otherwise than one of this
    command's: unlike a key of a file it may be anybody's, so that it is no mistake for certain.
    """
    own = _variables([ctx.command])
    alike = {
        name: near
        for name in os.environ
        if name.startswith(_PREFIX)
        and name not in own
        and (near := near_name(name, own, cutoff=0.9))
    }
    program = ctx.find_root().command
    if not alike or not isinstance(program, click.Group):
        return
    known = _variables(_all(_below(program, ctx)))  # imports every command
    for name, near in alike.items():
        if name not in known:
            click.echo(f"bulkfhir: {name} is no setting; did you mean {near}?", err=True)


def _variables(commands: Iterable[click.Command]) -> set[str]:
    """Return the names of the variables that set options of some commands."""
    return {
        name
        for command in commands
        for option in _options(command)
        for name in ([option.envvar] if isinstance(option.envvar, str) else option.envvar or ())
    }


def _way(ctx: click.Context) -> list[str]:
    """Names of the commands that lead from the program to a context's."""
    names = []
    while ctx.parent is not None:
        names.append(ctx.info_name or "")
        ctx = ctx.parent
    return names[::-1]


class _Reading:
    """Reads one file: a name that no command has, and a value that its option refuses, is a mistake
    of the user.
    """

    def __init__(self, file: ConfigurationFile, ctx: click.Context) -> None:
        self._file = file
        self._ctx = ctx

    def defaults(self, program: click.Group) -> dict[str, Any]:
        """Return the defaults that the file states, by command."""
        content = self._file.content()
        commands = _below(program, self._ctx)
        options = [option for command in _all(commands) for option in _options(command)]
        known = {key for option in options for key in _keys(option)}
        shared = {
            key: value
            for key, value in content.items()
            if key not in commands or (key in known and not isinstance(value, dict))
        }
        for key, value in shared.items():
            takers = [option for option in options if _dashed(key) in _keys(option)]
            if not takers:
                near = _near(key, {*known, *commands})
                self._file.refuse(f"no command has an option '{key}'{near}")
            if not any(_fits(value, option) for option in takers):
                self._value(key, value, takers[0])
        return self._tables(commands, shared, content)

    def _tables(
        self,
        commands: Mapping[str, click.Command],
        shared: Mapping[str, Any],
        content: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the defaults of some commands: what all share, and the table of each."""
        tables = {}
        for name, command in commands.items():
            own = content.get(name, {}) if name not in shared else {}
            if not isinstance(own, dict):
                self._file.refuse(f"'{name}' is a table of options: [{name}]")
            below = _below(command, self._ctx) if isinstance(command, click.Group) else {}
            options = {key: option for option in _options(command) for key in _keys(option)}
            stated = {
                key: value
                for key, value in shared.items()
                if _dashed(key) in options and _fits(value, options[_dashed(key)])
            } | {key: value for key, value in own.items() if key not in below}
            for key in stated:
                if _dashed(key) not in options:
                    near = _near(key, {*options, *below})
                    self._file.refuse(f"'{name}' has no option '{key}'{near}")
            table: dict[str, Any] = {
                options[_dashed(key)].name or "": self._value(key, value, options[_dashed(key)])
                for key, value in stated.items()
            }
            tables[name] = table | self._tables(below, shared, own)
        return tables

    def _value(self, key: str, value: Any, option: click.Option) -> Any:
        """Return a value as the command line would give it."""
        if not option.multiple:
            found = self._plain(key, value, option)
        elif isinstance(value, list):
            found = [self._plain(key, one, option) for one in value]
        else:
            self._file.refuse(f"'{key}' takes a list: ['...']")
        try:
            option.type_cast_value(self._ctx, found)
        except click.BadParameter as error:
            self._file.refuse(f"'{key}': {error.message}")
        return found

    def _plain(self, key: str, value: Any, option: click.Option) -> Any:
        if option.is_flag:
            if not isinstance(value, bool):
                self._file.refuse(f"'{key}' takes true or false")
            return value
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            kind = _KINDS.get(type(value), "date")
            self._file.refuse(f"'{key}' takes one value, no {kind}")
        if isinstance(value, str) and isinstance(option.type, click.Path | Location):
            return self._file.place(value)
        return str(value)


def _fits(value: Any, option: click.Option) -> bool:
    """Return whether an option takes a list where it is given one: --datastore is one thing to
    serve and another to list jobs.
    """
    return isinstance(value, list) == option.multiple


def _below(group: click.Group, ctx: click.Context) -> dict[str, click.Command]:
    found = {name: group.get_command(ctx, name) for name in group.list_commands(ctx)}
    return {name: command for name, command in found.items() if command}


def _all(commands: Mapping[str, click.Command]) -> Iterator[click.Command]:
    for command in commands.values():
        yield command
        if isinstance(command, click.Group):
            yield from _all(command.commands)


def _options(command: click.Command) -> Iterator[click.Option]:
    yield from (option for option in command.params if isinstance(option, click.Option))


def _keys(option: click.Option) -> list[str]:
    """Names of an option: as on the command line, then as earlier versions had it."""
    flags = [flag[2:] for flag in option.opts if flag.startswith("--")]
    if flags == ["config"]:
        return []
    old = _dashed(option.name or "")
    return flags if old in flags else [*flags, old]


def _dashed(key: str) -> str:
    return key.replace("_", "-")


def _near(key: str, names: set[str]) -> str:
    near = near_name(_dashed(key), sorted(names), cutoff=0.6)
    return f"; did you mean '{near}'?" if near else ""
