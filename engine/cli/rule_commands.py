"""`bulkfhir rules` and `bulkfhir explain NAME`: the catalogue of rules, and what one checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .nearest_name import nearest_name

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from bulkfhir.validators.declaration import Declaration

__all__ = ["explain", "rules"]


@click.command("rules", short_help="List every rule that an issue can name.")
def rules() -> None:
    """List every rule that an issue can name: its name, severity, and what it asks of the data."""
    from ..judging.import_rules import EVERY_RULE

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

    from ..judging.import_rules import EVERY_RULE

    del context, parameter
    return [
        CompletionItem(rule.name, help=rule.says)
        for rule in EVERY_RULE
        if rule.name.startswith(incomplete)
    ]


@click.command("explain", short_help="Say what a rule checks, why, and how to mend a line.")
@click.argument("name", shell_complete=_names)
def explain(name: str) -> None:
    """Say what the rule NAME checks and why, with lines that fail and lines that pass.

    NAME is what an issue has as its rule; the key of an invariant, such as obs-7, stands for itself
    in the definitions.
    """
    from bulkfhir.validators.catalogue import sentences
    from bulkfhir.validators.rule_pages import section_of

    from ..errors import ConfigurationError
    from ..judging.import_rules import EVERY_RULE, rule_named

    rule = rule_named(name)
    if rule is None:
        near = nearest_name(name, (one.name for one in EVERY_RULE), cutoff=0.75)
        hint = f", did you mean {near}?" if near else ";"
        raise ConfigurationError(
            f"{name}: no rule is called so{hint} `bulkfhir rules` lists them, and the key of an "
            "invariant is explained by the definition that an issue names"
        )
    click.echo(f"# {_shown(rule)}\n\n{rule.severity}[{rule.code}]: {rule.says}.")
    for source in rule.sources:
        click.echo(source)
    click.echo("\n" + "\n".join(f"- {one.template}" for one in (sentences(rule) or (rule,))))
    if (section := section_of(rule.name)) is not None:
        click.echo(f"\n{section}")
