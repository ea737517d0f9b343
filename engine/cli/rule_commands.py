"""`bulkfhir rules` and `bulkfhir explain NAME`: the catalogue of rules, and what one checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..job_report.printable import printable
from .option_types import Location

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from bulkfhir.validators.verdicts.declaration import Declaration

__all__ = ["explain", "rules"]

_PLACES = 10
"""Elements that are named, of those that state an invariant."""


@click.command("rules", short_help="List every rule that an issue can name.")
def rules() -> None:
    """List every rule that an issue can name: its name, severity, and what it asks of the data."""
    from ..judging.every_rule import EVERY_RULE

    width = max(len(_shown(rule)) for rule in EVERY_RULE)
    for rule in EVERY_RULE:
        click.echo(f"{_shown(rule):{width}}  {rule.severity:11}  {rule.says}")


def _shown(rule: Declaration) -> str:
    return f"<{rule.family}>" if rule.family else rule.name


def _names(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names that complete what was typed, for the shell."""
    from click.shell_completion import CompletionItem

    from ..judging.every_rule import EVERY_RULE

    del context, parameter
    return [
        CompletionItem(rule.name, help=rule.says)
        for rule in EVERY_RULE
        if rule.name.startswith(incomplete)
    ]


@click.command("explain", short_help="Say what a rule checks, why, and how to mend a line.")
@click.argument("name", shell_complete=_names)
@click.option(
    "--package",
    "packages",
    type=Location(),
    multiple=True,
    metavar="PACKAGE",
    help="FHIR package whose invariants are looked up too. Repeatable.",
)
def explain(name: str, packages: tuple[str, ...]) -> None:
    """Say what the rule NAME checks and why, with lines that fail and lines that pass.

    NAME is what an issue has as its rule; the key of an invariant, such as obs-7, is looked up in
    the definitions of R4 and of the packages.
    """
    from bulkfhir.validators.catalogue import sentences
    from bulkfhir.validators.near_name import near_name
    from bulkfhir.validators.rule_pages import section_of

    from ..errors import ConfigurationError
    from ..judging.every_rule import EVERY_RULE, rule_named

    rule = rule_named(name)
    if rule is None and _explain_invariant(name, packages):
        return
    if rule is None:
        near = near_name(name, (one.name for one in EVERY_RULE))
        hint = f", did you mean {near}?" if near else ";"
        raise ConfigurationError(
            f"{name}: no rule is called so{hint} `bulkfhir rules` lists them, and --package names "
            "the package of an invariant that R4 does not have"
        )
    click.echo(f"# {_shown(rule)}\n\n{rule.severity}[{rule.code}]: {rule.says}.")
    for source in rule.sources:
        click.echo(source)
    click.echo("\n" + "\n".join(f"- {one.template}" for one in (sentences(rule) or (rule,))))
    if (section := section_of(rule.name)) is not None:
        click.echo(f"\n{section}")


def _explain_invariant(key: str, packages: tuple[str, ...]) -> bool:
    """Print what definitions state under a key; return whether any does."""
    from bulkfhir.validators.definitions import core
    from bulkfhir.validators.definitions.packages import Packages
    from bulkfhir.validators.schema.stated_invariants import stated_invariants

    found = stated_invariants(Packages(packages) if packages else core(), key)
    for one in found:
        click.echo(f"# {key}\n\n{one.severity}[invariant]: {printable(one.human)}")
        click.echo(f"\n    {printable(one.expression)}\n" if one.expression else "")
        for url, path in one.places[:_PLACES]:
            click.echo(f"- {path} of {url}")
        if len(one.places) > _PLACES:
            click.echo(f"- and {len(one.places) - _PLACES:,} more elements")
    return bool(found)
