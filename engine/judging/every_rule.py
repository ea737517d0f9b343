"""Every rule that a job can name: the validators' and the import job's own, by name."""

from __future__ import annotations

from collections.abc import Mapping

from bulkfhir.validators.catalogue import DECLARATIONS
from bulkfhir.validators.verdicts.declaration import Declaration

from .import_rules import IMPORT_RULES

__all__ = ["EVERY_RULE", "rule_named"]

EVERY_RULE: tuple[Declaration, ...] = (*DECLARATIONS, *IMPORT_RULES)
"""The validators' rules and the import job's, one declaration a name."""

_NAMED: Mapping[str, Declaration] = {
    name: one for one in EVERY_RULE for name in (one.name, *one.aliases)
}


def rule_named(name: str) -> Declaration | None:
    """Return the declaration of a rule by its name or an alias; None where no rule of ours is
    called so.
    """
    return _NAMED.get(name)
