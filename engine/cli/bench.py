"""`bulkfhir bench`: how fast imports are on the user's data, machine and store, and where the time
goes.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from ..figures.amount import amount
from ..job_terms.job_choices import LEVELS
from . import exits, options
from .landing import kms_key, sinking
from .option_types import Location
from .output_file import check_output, opened_output, refuse_an_input

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bulkfhir.validators import Level

    from ..measuring.order import Order
    from ..measuring.trial import Trial
    from ..process.log_lines import LogFormat
    from ..reading.sources import InputFile

__all__ = ["command"]

_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")


def _levels(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    known = {level.casefold(): level for level in LEVELS}
    names = [name.strip() for name in value.split(",")]
    for name in names:
        if name.casefold() not in known:
            raise click.BadParameter(f"{name}: no such level; levels are {', '.join(LEVELS)}")
    return tuple(dict.fromkeys(known[name.casefold()] for name in names))


def _counts(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    if value is None:
        return None
    texts = [text.strip() for text in value.split(",")]
    for text in texts:
        if not text.isdecimal() or not int(text):
            raise click.BadParameter(f"{text}: a number of workers is a whole number above 0")
    return tuple(dict.fromkeys(map(int, texts)))


def _part(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    """Return a percentage as a number from 0 to 1."""
    if value is None:
        return None
    match = _SHARE.fullmatch(value.strip())
    if match is None:
        raise click.BadParameter(f"{value}: a percentage is wanted, such as 1%")
    return float(match[1]) / 100


def _share(context: click.Context, option: click.Parameter, value: str | None) -> float | None:
    share = _part(context, option, value)
    if share is not None and not 0 < share <= 1:
        raise click.BadParameter(f"{value}: a sample is more than 0 and not more than 100 %")
    return share


@click.command("bench")
@options.sources
@click.option(
    "-o",
    "--output",
    type=Location(),
    metavar="FOLDER",
    help="Where the jobs write, and their folders stay: a path or s3://bucket/prefix.  "
    "[default: a temporary folder]",
)
@click.option(
    "--level",
    "levels",
    default="strict",
    show_default=True,
    metavar="LEVEL[,LEVEL]",
    callback=_levels,
    help="How much is checked; several are measured one after the other.",
)
@click.option(
    "--workers",
    metavar="N[,N]",
    callback=_counts,
    help="Processes that validate; several numbers are measured one after the other.  "
    "[default: 1, and one a core]",
)
@click.option(
    "--sample",
    "share",
    metavar="PERCENT",
    callback=_share,
    help="Read a sample of all files, such as 1%, and predict what the whole takes.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the sample."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.option(
    "--output-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the result to FILE instead of standard output, whole or not at all.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw where the time goes into FILE, as SVG.",
)
@click.option(
    "--compare",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Exit with 1 where something is worse than in FILE, an earlier result as JSON.",
)
@click.option(
    "--tolerance",
    default="10%",
    show_default=True,
    metavar="PERCENT",
    callback=_part,
    help="How much worse is no regression for --compare.",
)
@options.profiles
@options.asked_profiles
@sinking
@kms_key
@options.work_folder
@options.executing
@options.retrying
@options.selecting
@options.speaking
def command(
    sources: tuple[str, ...],
    *,
    levels: tuple[Level, ...],
    workers: tuple[int, ...] | None,
    as_json: bool,
    output_file: Path | None,
    plot: Path | None,
    compare: Path | None,
    tolerance: float,
    quiet: bool,
    verbose: int,
    log_format: LogFormat,
    **running: Any,
) -> int:
    """Measure imports on your data, machine and store: lines and MB a second, and where the time
    goes.

    SOURCE is a file, folder, glob or s3:// prefix. Each level with each number of workers is one
    import, in a process of its own, from the listing to the logs. Exit codes: 0 measured, 1 a
    regression beyond --tolerance, 2 wrong usage, 3 a job failed, 4 nothing to read.
    """
    from ..measuring.bench_document import bench_document
    from ..measuring.order import Order
    from ..measuring.regression import changes, check_comparable, read_measurement
    from ..measuring.stage_picture import stage_picture
    from ..measuring.trial_process import run_apart
    from .bench_tables import show_bench, show_changes
    from .live import log_level, show_records

    _refuse_idle()
    show_records(quiet=quiet, verbose=verbose, log_format=log_format)
    order = Order(sources=_measurable(sources), choices=options.chosen(running), **running)
    inputs = _inputs(order)
    for result in (output_file, plot):
        refuse_an_input(result, inputs)
    _refuse_one_file(plot, output_file, compare)
    counts = workers or _default_workers(order)
    document = partial(
        bench_document, order, sum(file.size for file in inputs), len(inputs), counts
    )
    planned = list(_orders(order, levels, counts))
    earlier = None if compare is None else read_measurement(compare)
    if earlier is not None:
        check_comparable(earlier, document([]), planned)
    check_output(plot, "--plot")
    level = log_level(quiet=quiet, verbose=verbose)
    trials: list[Trial] = []

    def show(out: TextIO) -> None:
        if as_json:
            out.write(json.dumps(document(trials), indent=2) + "\n")
        else:
            show_bench(document(trials), out)

    with opened_output(output_file) as out:
        try:
            for one in planned:
                if not quiet:
                    click.echo(f"bulkfhir: {_name(one)} …", err=True)
                trials.append(run_apart(one, log_format, level))
        except KeyboardInterrupt:
            if trials:
                show(out)
            raise
        show(out)
    if plot is not None:
        with opened_output(plot, "--plot") as out:
            out.write(stage_picture(document(trials)))
    if earlier is None:
        return exits.ACCEPTED
    found = changes(earlier, document(trials))
    show_changes(found, tolerance, sys.stderr)
    worse = any(change.worse > tolerance for change in found)
    return exits.REJECTED if worse else exits.ACCEPTED


_OF_USE_WITH: Final = {"tolerance": ("compare", "--compare"), "seed": ("share", "--sample")}
"""Options that say nothing without another one: its name, and what it is called."""


def _refuse_idle() -> None:
    """Raise UsageError where an option is given of which nothing would come."""
    context = click.get_current_context()
    for name, (other, option) in _OF_USE_WITH.items():
        given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if given and context.params[other] is None:
            raise click.UsageError(f"--{name} is of use with {option} only")


def _refuse_one_file(plot: Path | None, output_file: Path | None, compare: Path | None) -> None:
    """Raise UsageError where the plot would take the place of another file of the command."""
    for other, option in ((output_file, "--output-file"), (compare, "--compare")):
        if plot and other and os.path.realpath(plot) == os.path.realpath(other):
            raise click.UsageError(f"{plot}: --plot and {option} name one file")


def _measurable(sources: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sources. Raise UsageError where one of them can be read once only."""
    if not sources:
        raise click.UsageError("Missing argument 'SOURCE...'.")
    for source in sources:
        if source == "-" or ("://" not in source and Path(source).is_fifo()):
            raise click.UsageError(
                f"{source}: what is measured is read more than once; give a file in its place"
            )
    return sources


def _inputs(order: Order) -> Sequence[InputFile]:
    """List the inputs, so that what is wrong with the sources is said before anything is run."""
    from ..reading.sources import find_inputs

    choices = order.choices
    return find_inputs(
        order.sources,
        include_all=order.include_all,
        include=choices.include,
        exclude=choices.exclude,
    ).inputs


def _default_workers(order: Order) -> tuple[int, ...]:
    from ..executors import default_workers

    return tuple(dict.fromkeys((1, default_workers())))


def _orders(order: Order, levels: Sequence[Level], workers: Sequence[int]) -> Iterator[Order]:
    """Yield the trials: every level with every number of workers; a sample has one worker."""
    for level in levels:
        choices = replace(order.choices, level=level)
        for count in workers if order.share is None else (1,):
            yield replace(order, choices=choices, workers=count)


def _name(order: Order) -> str:
    what = "" if order.share is None else f"{order.share * 100:.4g} % of "
    return f"{what}{', '.join(order.sources)}, {order.choices.level}, " + amount(
        order.workers or 0, "worker"
    )
