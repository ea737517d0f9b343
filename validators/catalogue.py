"""The catalogue: every name of a rule that the validators print, gathered from its declaration.

Whatever needs a list of rules asks here. Nothing that declares a rule imports this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType

from . import issue
from .checks import bounds
from .declaration import Declaration
from .explainer import form
from .rules import (
    attachment,
    cardinality,
    contained,
    extension_context,
    identifier,
    ids,
    narrative_links,
)
from .values import decoding

__all__ = ["DECLARATIONS", "find", "sentences"]

_MODULES = (
    decoding,
    form,
    cardinality,
    ids,
    attachment,
    identifier,
    contained,
    narrative_links,
    extension_context,
    bounds,
    issue,
)


def _declared(modules: tuple[ModuleType, ...]) -> Iterator[Declaration]:
    for module in modules:
        yield from (value for value in vars(module).values() if isinstance(value, Declaration))


_EVERY = tuple(dict.fromkeys(_declared(_MODULES)))

DECLARATIONS: tuple[Declaration, ...] = tuple(one for one in _EVERY if one.main is None)
"""Every rule, one declaration a name, in the order in which the reader's line is checked."""

_NAMED: Mapping[str, Declaration] = {
    name: one for one in DECLARATIONS for name in (one.name, *one.aliases)
}


def find(name: str) -> Declaration | None:
    """Return the declaration of a name or of an alias; None where no rule is called so."""
    return _NAMED.get(name)


def sentences(declaration: Declaration) -> tuple[Declaration, ...]:
    """Return the declaration of a name and those that add a sentence to it."""
    return tuple(one for one in _EVERY if declaration in (one, one.main))
