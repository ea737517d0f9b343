"""The program: its table of commands, and the wall where every mistake of a user becomes one
line.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ..job_report.printable import printable
from . import exits
from .configuration import configurable, with_config
from .streams import say, settle_output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

__all__ = ["COMMANDS", "Program", "run"]

COMMANDS = {
    # name: (module of this package that defines ``command`` or what a colon names, one line for
    # --help)
    "import": ("import_job", "Validate NDJSON and write HealthLake's output layout."),
    "plan": ("array_commands:plan", "Plan an import job for an array scheduler."),
    "run-shards": ("array_commands:run_shards", "Do one share of a planned job."),
    "merge": ("array_commands:merge", "Publish a planned job whose shares are done."),
    "validate": ("validate", "Validate NDJSON and show every issue."),
    "serve": ("serve", "Serve AWS HealthLake's import API and a job page."),
    "preflight": ("preflight", "Look at what HealthLake needs, before an import begins."),
    "submit": ("submit", "Check, upload what is accepted, and import it into HealthLake."),
    "bench": ("bench", "Measure imports on your data, machine and store."),
    "compare": ("compare", "Show which lines one job rejects and another does not."),
    "jobs": ("job_commands", "List, describe, cancel and forget import jobs."),
    "tables": ("table_commands", "Name and remove what no version of a table needs."),
    "packages": ("package_commands", "List, add and show FHIR packages."),
    "fhirpath": ("fhirpath_command", "Evaluate a FHIRPath expression on every resource of a file."),
    "schema": ("schema_command", "Print the compiled schema of a FHIR type as JSON."),
    "rules": ("rule_commands:rules", "List every rule that an issue can name."),
    "explain": ("rule_commands:explain", "Say what a rule checks, why, and how to mend a line."),
}


class Program(click.Group):
    """A group that imports a command's module only to run it, so that --help and mistakes are
    answered at once.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module and return the command; None where there is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        name, _, attribute = COMMANDS[cmd_name][0].partition(":")
        module = importlib.import_module(f".{name}", __package__)
        command: click.Command = getattr(module, attribute or "command")
        command.context_settings.setdefault("auto_envvar_prefix", "BULKFHIR")
        return configurable(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by the first argument; one that there is not is asked after."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from bulkfhir.validators.near_name import near_name

            near = near_name(name, COMMANDS, cutoff=0.6)
            ctx.fail(f"No such command '{name}'." + (f" Did you mean '{near}'?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _show_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from .version import version_line

        click.echo(version_line())
        ctx.exit()


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def program() -> None:
    """Validate, shard and land FHIR R4 NDJSON in bulk.

    Every option can also be set as BULKFHIR_<OPTION>, or in bulkfhir.toml in this folder or one
    above; the command line goes first, then the environment.

    Exit codes: 0 all accepted, 1 some rejected, 2 wrong usage, 3 job failed, 4 nothing to read, 130
    interrupted, 143 terminated.
    """


with_config(program)


def run(arguments: Sequence[str]) -> int:
    """Run one command; what went wrong is one line on standard error. Return the exit code."""
    terminated: list[int] = []
    try:
        with _termination_interrupts(terminated):
            result = program.main(list(arguments), prog_name="bulkfhir", standalone_mode=False)
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        return exits.USAGE
    except click.ClickException as error:
        return _complain(error.format_message(), exits.USAGE)
    except (KeyboardInterrupt, click.Abort):
        return (
            _complain("terminated", exits.TERMINATED)
            if terminated
            else _complain("interrupted", exits.INTERRUPTED)
        )
    except BrokenPipeError:  # the reader of our output left (`| head`): that is no mistake
        settle_output()
        return 128 + signal.SIGPIPE
    except Exception as error:  # noqa: BLE001  # the wall around a command: code 1 says that lines were rejected, never that something broke
        settle_output()
        return _complain(*_sentence(error))
    return result if isinstance(result, int) else exits.ACCEPTED


@contextmanager
def _termination_interrupts(came: list[int]) -> Iterator[None]:
    """SIGTERM, as a supervisor sends it, ends a command in the same order as Ctrl-C; a second one
    at once.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before if before is not None else signal.SIG_DFL)


def _sentence(error: Exception) -> tuple[str, int]:
    """Return what is said of an error, and the exit code: of a mistake of the user, or of a store,
    what it says itself; of a defect of ours where it happened, without any value.
    """
    from bulkfhir.validators.errors import BulkfhirError

    from ..errors import (
        AccessDenied,
        Incomplete,
        NotFound,
        NothingToRead,
        StorageError,
        Unavailable,
    )
    from ..process.logger import log_crash

    if isinstance(error, NothingToRead):
        return str(error), exits.NOTHING_TO_READ
    if isinstance(error, Incomplete):
        return str(error), exits.FAILED
    if isinstance(error, Unavailable):  # a wrong clock is as much the user's as a wrong key
        return str(error), exits.USAGE if error.lapsed else exits.FAILED
    if isinstance(error, StorageError) and not isinstance(error, NotFound | AccessDenied):
        return str(error), exits.FAILED
    if isinstance(error, BulkfhirError):
        return str(error), exits.USAGE
    if isinstance(error, OSError) and error.errno is not None:
        place = error.filename if isinstance(error.filename, str) else "standard output"
        return f"{place}: {os.strerror(error.errno)}", exits.FAILED
    log_crash("a defect of bulkfhir", error)
    return f"internal error: {type(error).__name__}; please report it", exits.FAILED


def _complain(message: str, code: int) -> int:
    say(f"bulkfhir: {printable(' '.join(message.split()))}")
    return code
