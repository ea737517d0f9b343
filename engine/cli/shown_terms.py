"""Shown terms: the rules and places that --select and --ignore name, held to be such."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..job_terms.job_choices import Choices

__all__ = ["shown_terms"]


def shown_terms(option: str, terms: Iterable[str], choices: Choices) -> tuple[str, ...]:
    """Return terms as findings are compared with them: a place loses its indexes, a name that a
    rule once had becomes the rule's.

    Raises UsageError for a term that names no rule, no invariant of R4 and of the packages, and no
    place in a resource. Where a plug-in judges, it may have rules of its own, and no term is
    refused.
    """
    return tuple(_term(option, term, choices) for term in terms)


def _term(option: str, term: str, choices: Choices) -> str:
    from ..counting.cause_tally import without_indexes
    from ..judging.every_rule import rule_named

    rule = rule_named(term)
    if rule is not None:
        return rule.name
    place = without_indexes(term)
    head = place.partition(".")[0]
    if choices.judge != "bulkfhir" or not head or _is_type(head) or _is_invariant(term, choices):
        return place
    raise click.UsageError(
        f"{option} {term}: neither a rule nor a place in a resource{_meant(term, head)}; "
        "`bulkfhir rules` lists the rules, --package names the package of an invariant that R4 "
        "does not have, and a place is such as Patient.name"
    )


def _is_type(name: str) -> bool:
    from bulkfhir.validators.definitions import core
    from bulkfhir.validators.schema import schema_of

    return schema_of(core()).is_resource(name)


def _is_invariant(key: str, choices: Choices) -> bool:
    from bulkfhir.validators.definitions import core
    from bulkfhir.validators.definitions.packages import Packages
    from bulkfhir.validators.schema.stated_invariants import stated_invariants

    definitions = Packages(choices.packages) if choices.packages else core()
    return bool(stated_invariants(definitions, key))


def _meant(term: str, head: str) -> str:
    from bulkfhir.validators.definitions import core
    from bulkfhir.validators.near_name import near_name

    from ..judging.every_rule import EVERY_RULE

    types = [url.rpartition("/")[2] for url in core().urls("StructureDefinition")]
    near = near_name(term, [rule.name for rule in EVERY_RULE])
    if near is None and (near := near_name(head, filter(_is_type, types))):
        near += term[len(head) :]
    return f" (did you mean {near}?)" if near else ""
